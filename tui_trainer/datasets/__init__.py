"""What to learn from: readers of files, each of which believes nothing that the bytes do not bear out."""
