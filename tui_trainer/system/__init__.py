"""What depends on the operating system: files, locks, signals, streams, folders, the terminal."""
