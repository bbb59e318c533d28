"""Losses of two parameters, drawn as maps, and the optimizers' paths over them."""
