"""What a person did that the program cannot go on with, and what the system says to it."""


class UserError(Exception):
    """Bad options, data or folders. Its text is one line that names what is wrong and what to do; the program ends with status 2.

    Where the system refused something, its error is the cause (`raise … from`): see `may_pass`.
    """


def may_pass(error: UserError) -> bool:
    """Whether the system refused what was wanted, which may succeed another time; False of what is missing or broken."""
    return isinstance(error.__cause__, OSError | MemoryError) and not isinstance(error.__cause__, FileNotFoundError)


def reason_of(error: Exception) -> str:
    """What the system says is wrong with a file, such as `permission denied`, to end a sentence of ours."""
    return str(getattr(error, "strerror", None) or error).lower()
