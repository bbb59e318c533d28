"""Trained networks: restored from files, inspected, used for predictions, and exported."""
