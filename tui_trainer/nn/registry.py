"""Registries of a network's and a training's parts by name. Parts may be registered at any time."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

Part = TypeVar("Part")

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
REPEATED: Final = re.compile(r".*x\d+")
"""Such names would be ambiguous: `relux2` means relu for two layers."""


class Registry(Mapping[str, Part]):
    """Parts of one kind by name, in the order of registration."""

    def __init__(self, kind: str, parts: Mapping[str, Part]) -> None:
        self.kind = kind
        self._parts: dict[str, Part] = {}
        for name, part in parts.items():
            self.register(name, part)

    def register(self, name: str, part: Part) -> None:
        """Add a part. Raises ValueError where the name is taken, or would be ambiguous in a list such as `tanh,relux2`."""
        if not NAME.fullmatch(name) or REPEATED.fullmatch(name) or name in ("auto", "none"):
            rule = "a-z, 0-9 and _, a letter first, not x2 or the like at its end, and neither auto nor none"
            raise ValueError(f"{self.kind} {name!r}: a name is of {rule}")
        if name in self._parts:
            raise ValueError(f"{self.kind} {name!r}: the name is taken")
        self._parts[name] = part

    def unregister(self, name: str) -> None:
        """Remove a part. Raises KeyError where the name is unknown."""
        del self._parts[name]

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
