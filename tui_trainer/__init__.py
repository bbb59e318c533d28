"""Train a NumPy multilayer perceptron on MNIST, and see why deep networks do or do not learn."""

__version__ = "0.1.0"
