"""The parts that a network and its training can be made of, by name. What is registered later can be chosen like what came with it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

Part = TypeVar("Part")

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
REPEATED: Final = re.compile(r".*x\d+")
"""Ends as `relux2` does, which is relu for two layers."""


class Registry(Mapping[str, Part]):
    """Parts of one kind by their names, in the order in which they were registered. Whoever lists them asks anew each time."""

    def __init__(self, kind: str, parts: Mapping[str, Part]) -> None:
        self.kind = kind
        self._parts: dict[str, Part] = {}
        for name, part in parts.items():
            self.register(name, part)

    def register(self, name: str, part: Part) -> None:
        """Add a part. Raises ValueError where the name is taken, or cannot stand in a list such as `tanh,relux2`."""
        if not NAME.fullmatch(name) or REPEATED.fullmatch(name) or name in ("auto", "none"):
            rule = "a-z, 0-9 and _, a letter first, not x2 or the like at its end, and neither auto nor none"
            raise ValueError(f"{self.kind} {name!r}: a name is of {rule}")
        if name in self._parts:
            raise ValueError(f"{self.kind} {name!r}: the name is taken")
        self._parts[name] = part

    def unregister(self, name: str) -> None:
        """Take a part away. Raises KeyError where there is none of this name."""
        del self._parts[name]

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
