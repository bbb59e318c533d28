"""What a person did that the program cannot go on with."""


class UserError(Exception):
    """Bad options, data or folders. Its text is one line that names what is wrong and what to do; the program ends with status 2."""
