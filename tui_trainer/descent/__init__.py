"""Losses of two parameters that can be drawn as a map, and the optimizers that go down them."""
