"""The version of this program, which a run's start event, an exported network and the command line tell."""

__version__ = "0.1.0"
