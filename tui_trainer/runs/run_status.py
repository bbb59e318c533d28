"""The statuses of runs, and the orders of a list of them."""

from typing import Final

RUNNING: Final = "running"
UNREADABLE: Final = "unreadable"

STATUSES: Final = (RUNNING, "completed", "stopped", "interrupted", "diverged", "unfinished", UNREADABLE)

ORDERS: Final = ("when", "name", "status", "epochs", "validation_accuracy", "test_accuracy", "seconds")
"""The newest, the longest and the best first; names and training time in ascending order."""

NEWEST: Final = "latest"
"""The name for the newest run."""
