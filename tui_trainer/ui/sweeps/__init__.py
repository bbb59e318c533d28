"""Sweeps on the screen."""
