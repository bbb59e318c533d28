"""What is wrong with a run, and what has been seen to cure it."""
