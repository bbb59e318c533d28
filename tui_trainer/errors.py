"""What a person did that the program cannot continue with, and what the system says to it."""

from pathlib import Path


class UserError(Exception):
    """Bad options, data or folders, as data; the program ends with status 2. Its `str` is the one line that a person reads.

    `problem` is what is wrong and `hint` what to do. `option` is spelled as where it was given: `--seed` on the command line, `seed` in a
    file; `value` is what it was given, `path` the file or folder that is meant. `context` tells which of several runs it was. A problem
    such as `must be above 0` makes one sentence with what is named before it: then no `colon` stands between.

    Where the system refused something, its error is the cause (`raise … from`): see `may_pass`. Whoever knows more than the place that
    raised it sets the attribute and raises it on.
    """

    def __init__(
        self,
        problem: str,
        *,
        option: str = "",
        value: object = "",
        path: Path | str | None = None,
        hint: str = "",
        context: str = "",
        colon: bool = True,
    ) -> None:
        super().__init__(problem)  # the only argument by position, as unpickling needs it
        self.problem = problem
        self.option = option
        self.value = value
        self.path = path
        self.hint = hint
        self.context = context
        self.colon = colon

    def __str__(self) -> str:
        return self._line(self.option, self.path)

    @property
    def field(self) -> str:
        """The name in Config of the option, where it is one of a run: `batch_size`."""
        return self.option.removeprefix("--").replace("-", "_")

    def below_option(self) -> str:
        """The line for where the option is named already."""
        return self._line("", self.path)

    def below_folder(self, folder: Path | None) -> str:
        """The line for where the folder is named already: a file in it is called by its own name."""
        if folder is None or self.path is None or not Path(self.path).is_relative_to(folder):
            return str(self)
        inside = Path(self.path).relative_to(folder)
        return self._line(self.option, inside if inside.parts else None)

    def _line(self, option: str, path: Path | str | None) -> str:
        told = f"{self.problem}; {self.hint}" if self.hint else self.problem
        told = f"{told} ({self.context})" if self.context else told
        named = "" if path is None else str(path)
        if named and option and not option.startswith("-"):
            subject = f"{named}: {option}"  # the option stands in the file
        else:
            subject = " ".join(part for part in (option, str(self.value), named) if part)
        return f"{subject}{':' if self.colon else ''} {told}" if subject else told


def may_pass(error: UserError) -> bool:
    """Whether the system refused what was wanted, which may succeed another time; False of what is missing or broken."""
    return isinstance(error.__cause__, OSError | MemoryError) and not isinstance(error.__cause__, FileNotFoundError)


def reason_of(error: Exception) -> str:
    """What the system says is wrong with a file, such as `permission denied`, to end a sentence of ours."""
    return str(getattr(error, "strerror", None) or error).lower()
