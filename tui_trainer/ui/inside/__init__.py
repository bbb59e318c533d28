"""A look into a network: its mistakes, its first units, and a drawing."""
