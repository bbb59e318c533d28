"""Data with two features: what the network says about every point of the plane."""
