"""What is wrong with a run, why, and its remedies, tried beside it."""
