"""Plain data with one thing in it that is wrong."""

import copy
from typing import Any

from hypothesis import strategies as st

STRANGE: list[Any] = [
    None,
    True,
    False,
    0,
    -0.0,
    -1,
    1,
    2,
    7,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    2**128,
    10**4000,
    0.5,
    -0.5,
    1e-320,
    1e300,
    -1e300,
    "",
    "0",
    "1",
    "none",
    "auto",
    "PCG64",
    "MT19937",
    "\x1b[2J",
    "[red]",
    "\0",
    "~\0",
    "\u202e",
    "x" * 5000,
    "1" * 5000,
    [],
    [None],
    [[]],
    [0],
    [1, 2, 3],
    [0.5, "x"],
    [[[]]],
    {},
    {"": None},
    {"step": 1},
    {"\x1b[31m": {}},
]

values = st.one_of(
    st.sampled_from(STRANGE),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in the tree."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def changed(tree: Any, place: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    """A copy with something else there, or nothing."""
    if not place:
        return value
    made = copy.deepcopy(list(tree) if isinstance(tree, tuple) else tree)
    if len(place) == 1 and remove:
        del made[place[0]]
    else:
        made[place[0]] = changed(made[place[0]], place[1:], value, remove=remove)
    return made


@st.composite
def spoiled(draw: st.DrawFn, tree: Any, most: int = 2) -> Any:
    """The tree with other values in one place or two."""
    for _ in range(draw(st.integers(1, most))):
        # The root is always a table: what else it could be is tried by itself.
        there = [place for place in places(tree) if place]
        tree = changed(tree, draw(st.sampled_from(there)), draw(values), remove=draw(st.integers(0, 9)) == 0) if there else tree
    return tree
