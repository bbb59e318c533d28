"""What may be wrong with a run: a file for each rule, found here. They are asked in the order of their places, causes before symptoms."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from tui_trainer.diagnosis.finding import Rule
from tui_trainer.nn.registry import Registry


class Rules(Registry[Rule]):
    """The rules by name, in the order of their places."""

    def register(self, name: str, entry: Rule) -> None:
        super().register(name, entry)
        self._entries = dict(sorted(self._entries.items(), key=lambda each: each[1].place))


def _own() -> Iterator[Rule]:
    for module in iter_modules(__path__):
        yield from (each for each in vars(import_module(f"{__name__}.{module.name}")).values() if isinstance(each, Rule))


RULES: Final = Rules("rule", {rule.name: rule for rule in _own()})
