"""The network: NumPy alone. Nothing here knows of files, threads or screens."""
