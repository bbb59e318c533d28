"""Processes that are started by tests do without numba, which takes longer to import than most of them have to work.

Its loops give the same bits, which tests in this process see to (nn/test_compiled.py).
"""

import sys

sys.modules["numba"] = None  # type: ignore[assignment]
