"""What a screen says of its keys: the help page shows it, and the palette offers what can be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual.binding import Binding
from textual.dom import DOMNode

from tui_trainer.text.language import N_

IN_FIELDS = (
    ("tab, shift+tab", N_("Go to the next field, or to the one before")),
    ("enter", N_("Go on to the next field; open a list, choose from it; open and close More")),
    ("up, down", N_("Move between fields, and within an open list")),
    (N_("a letter"), N_("In an open list: go to the choice that has it")),
)

NOTES = (
    N_("Keys of one letter act outside fields: leave a field with escape. Everything can be done with the mouse too."),
    N_(
        "A change of the activation proposes its initializer, a change of the optimizer its learning rate; what you entered yourself stays."
    ),
    N_("Each run keeps its options, figures and weights in a folder of its own, which is named beside the buttons."),
)


Part = DOMNode | type[DOMNode] | Sequence[Binding]
"""What has bindings."""


@dataclass(frozen=True)
class Group:
    """Parts whose keys stand under one heading."""

    heading: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Explanation:
    """What has bindings to be explained, in this order; further keys, under a heading of their own; and notes."""

    parts: Sequence[Part | Group]
    heading: str = N_("In the form")
    keys: Sequence[tuple[str, str]] = IN_FIELDS
    notes: Sequence[str] = NOTES


@runtime_checkable
class Explained(Protocol):
    """A screen that can be explained."""

    def explanation(self) -> Explanation:
        """What its keys do."""


def bindings(node: Part | Group) -> Iterator[Binding]:
    """A node's bindings, without those that every Textual app has, and those whose keys a subclass gives another meaning."""
    if isinstance(node, Group):
        for part in node.parts:
            yield from bindings(part)
        return
    if isinstance(node, Sequence):
        yield from node
        return
    taken: set[str] = set()
    for kind in (node if isinstance(node, type) else type(node)).__mro__:
        if kind.__module__.startswith("tui_trainer."):
            own = [binding for binding in kind.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]
            yield from (binding for binding in own if not taken.issuperset(binding.key.split(",")))
            taken.update(key for binding in own for key in binding.key.split(","))
