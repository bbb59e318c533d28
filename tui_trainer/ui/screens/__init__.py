"""The main screen, and the two that lie over it."""
