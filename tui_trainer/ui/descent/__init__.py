"""Optimizers on a map."""
