"""The description of a run: every option once, how its values are written, and what is said of a wrong one."""
