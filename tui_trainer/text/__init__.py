"""Texts for people: their language, their width in a terminal, and pictures made of characters."""
