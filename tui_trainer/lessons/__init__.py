"""Lessons: textbook claims about training, each tested by parallel runs; a TOML file for each."""
