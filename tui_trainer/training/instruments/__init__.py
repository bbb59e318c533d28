"""Figures of a network at one moment that explain why it learns or does not: sharpness, gradient noise scale, effective rank.

Each is measured on a twin of the network in float64: the network's numbers, buffers, random stream and workspaces stay as they are. None
belongs in a training step; what they cost is in benchmarks/README.md. As for health, the caller holds the BLAS threads.
"""
