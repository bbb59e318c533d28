"""Data sets: readers of file formats, each of which checks headers against the bytes."""
