"""Checks before a long run: what would keep it from learning, seen in seconds. Each is a file here, and a name in checks.py."""
