"""A run on the screen: its form, its course, its layers, and the thread that trains it."""
