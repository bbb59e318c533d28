"""One run as it is told by its events: its curves, how its layers fared, and the figures that are read from them."""
