"""The Textual app: the only package that imports Textual, and only once the app is asked for."""
