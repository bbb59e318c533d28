"""Registries of a network's and a training's parts by name. Parts may be registered at any time."""

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from math import inf
from pkgutil import iter_modules
from typing import Final, Generic, TypeVar

from tui_trainer.nn.parts import Part

Entry = TypeVar("Entry")
Kind = TypeVar("Kind", bound=Part)

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
REPEATED: Final = re.compile(r".*x\d+")
"""Such names would be ambiguous: `relux2` means relu for two layers."""


class Registry(Mapping[str, Entry]):
    """Entries of one kind by name, in the order of registration."""

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        for name, entry in entries.items():
            self.register(name, entry)

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry. Raises ValueError where the name is taken, or would be ambiguous in a list such as `tanh,relux2`."""
        if not NAME.fullmatch(name) or REPEATED.fullmatch(name) or name in ("auto", "none"):
            rule = "a-z, 0-9 and _, a letter first, not x2 or the like at its end, and neither auto nor none"
            raise ValueError(f"{self.kind} {name!r}: a name is of {rule}")
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r}: the name is taken")
        self._entries[name] = entry

    def unregister(self, name: str) -> None:
        """Remove an entry. Raises KeyError where the name is unknown."""
        del self._entries[name]

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class Parts(Registry[type[Kind]], Generic[Kind]):
    """The subclasses of a base by name: those that a package's modules define, and those that are registered later.

    Their order is that of their years; those without come last, as they were registered. `listeners` are called after every change; one
    that raises ValueError undoes it.
    """

    def __init__(self, kind: str, base: type[Kind], package: str) -> None:
        self.base = base
        self.listeners: list[Callable[[], None]] = []
        super().__init__(kind, {})
        modules = [import_module(f"{package}.{module.name}") for module in iter_modules(import_module(package).__path__)]
        for module in modules:
            for part in vars(module).values():
                if isinstance(part, type) and issubclass(part, base) and part.__module__ == module.__name__ and not part.missing():
                    self.register(part.name, part)

    def register(self, name: str, entry: type[Kind]) -> None:
        """Add a part, as `Registry.register` does. Raises ValueError also for a class that lacks a method, and as listeners do."""
        if missing := entry.missing():
            raise ValueError(f"{self.kind} {name!r}: {entry.__name__} has no {' and no '.join(missing)}")
        super().register(name, entry)
        before = self._entries
        self._entries = dict(sorted(before.items(), key=lambda each: _place(each[1])))
        try:
            self._tell()
        except ValueError:
            super().unregister(name)
            self._tell()
            raise

    def unregister(self, name: str) -> None:
        """Remove a part. Raises KeyError where the name is unknown."""
        super().unregister(name)
        self._tell()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()


def _place(part: type[Part]) -> tuple[float, int]:
    """Of one year, a class comes after the one that it derives from."""
    return (inf, 0) if part.year is None else (part.year, len(part.__mro__))
