"""How the layers fare over the course of a run."""
