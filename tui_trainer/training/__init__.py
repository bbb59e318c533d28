"""Training as a stream of events: the loop yields them, and screen, JSON lines and files listen to the same ones."""
