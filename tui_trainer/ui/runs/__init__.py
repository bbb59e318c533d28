"""Runs on disk: their list, one beside the other, and one that another process trains."""
