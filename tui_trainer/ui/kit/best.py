"""What marks the best of several, where colour alone would not tell."""

from typing import Any

from textual.app import App


def best_mark(app: App[Any]) -> str:
    """One character, which this terminal can show."""
    return "*" if app.has_class("-plain") else "✦"
