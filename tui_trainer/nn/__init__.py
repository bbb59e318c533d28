"""The network, on NumPy alone: no files, no threads, no screens."""
