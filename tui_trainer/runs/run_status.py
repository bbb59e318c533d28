"""Words for how runs stand and how a list of them is ordered."""

from typing import Final

RUNNING: Final = "running"
UNREADABLE: Final = "unreadable"

STATUSES: Final = (RUNNING, "completed", "stopped", "interrupted", "diverged", "unfinished", UNREADABLE)

ORDERS: Final = ("when", "name", "status", "epochs", "validation_accuracy", "test_accuracy", "seconds")
"""The newest, the longest and the best first; names and training time rising."""

NEWEST: Final = "latest"
"""What stands for the newest run."""
