"""The commands beside training itself, a file for each."""
