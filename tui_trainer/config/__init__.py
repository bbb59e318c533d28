"""The description of a run: every option, its text forms and its error messages."""
