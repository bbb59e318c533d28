"""Training as a stream of events. Screen, JSON lines and files listen to the same stream."""
