"""The compiled engine: trains a network on all cores, to the same bits whatever their number. Imported only where numba is installed.

A step is a program (program.py): lists of operations (operations.py) that one small compiled loop runs for each thread (crew.py). The
formulas are those of the layers and optimizers in nn/, which train whatever has no compiled form.
"""
