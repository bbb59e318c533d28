"""What a part keeps where no run can know of it: variables of its module and class, global random state, arrays that are not its own."""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from tui_trainer.checking.verdict import Verdict, failed, passed
from tui_trainer.nn.parts import Hyperparameter

DEEPEST = 4
"""Containers in containers that are looked into."""


def global_state(definition: type[Any], use: Callable[[], object]) -> Verdict:
    """Whether `use` leaves the variables of the module and of the class, and the global random numbers, as they were."""
    before, drawn = _variables(definition), _drawn()
    use()
    after = _variables(definition)
    for name in sorted(after.keys() | before.keys()):
        if before.get(name) != after.get(name):
            was, now = (_short(state.get(name)) for state in (before, after))
            return failed(
                f"{name} changes{f' from {was} to {now}' if was != now else ''}: it outlasts the run, so that a second run, or a resumed "
                "one, is another; keep it in the object"
            )
    for library, state in _drawn().items():
        if drawn[library] != state:
            return failed(f"draws from {library}, which the seed does not decide and no checkpoint keeps: draw from the rng that is given")
    return passed("nothing outlasts the object: no variable of the module or the class changes, nor do the global random numbers")


class Attributes:
    """An object with these attributes and nothing else."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        vars(self).update(attributes)


def kept_arguments(part: object, arguments: Mapping[str, Any]) -> str | None:
    """The attribute in which the part keeps memory of an argument, and of which; None where it keeps none."""
    for name, value in vars(part).items():
        for array in _arrays(value):
            for argument, given in arguments.items():
                if np.may_share_memory(array, given):
                    return (
                        f"self.{name} is the memory of {argument}, which is filled anew in the next step: keep a copy, or compute it again"
                    )
    return None


def _variables(definition: type[Any]) -> dict[str, Any]:
    """The state of every variable of the module and of the part's classes, by name."""
    module = sys.modules.get(definition.__module__)
    found = {
        f"the variable {name} of the module": _state(value) for name, value in vars(module or object).items() if _is_variable(name, value)
    }
    for each in definition.__mro__:
        if each.__module__ == definition.__module__:
            found |= {f"{each.__name__}.{name}": _state(value) for name, value in vars(each).items() if _is_variable(name, value)}
    return found


def _is_variable(name: str, value: Any) -> bool:
    return not (name.startswith(("__", "_abc")) or isinstance(value, type | ModuleType | Hyperparameter))


def _state(value: Any, depth: int = 0) -> Any:
    """Something that is equal as long as the value is the same."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, np.random.Generator):
        return _state(value.bit_generator.state)
    if isinstance(value, np.random.RandomState):
        return _state(value.get_state(legacy=False))
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, staticmethod | classmethod):
        return _state(value.__func__, depth)
    if isinstance(value, FunctionType):
        # A default such as [] is made once.
        return [_state(list(value.__defaults__ or ()), depth + 1), _state(vars(value), depth + 1)]
    if depth >= DEEPEST:
        return type(value).__name__
    if isinstance(value, Mapping):
        return {repr(key): _state(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_state(item, depth + 1) for item in value]
    if isinstance(value, bool | int | float | complex | str | bytes | type(None)):
        return value
    if isinstance(value, Iterator):
        return repr(value)  # that of itertools.count tells where it is
    inside = getattr(value, "__dict__", None)
    own = {name: _state(item, depth + 1) for name, item in inside.items()} if isinstance(inside, dict) and depth < 2 else {}
    count = value.cache_info()[3] if hasattr(value, "cache_info") else 0
    return type(value).__name__, own, count


def _drawn() -> dict[str, Any]:
    return {"np.random": _state(np.random.get_state(legacy=False)), "random": random.getstate()}


def _arrays(value: Any, depth: int = 0) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif depth < DEEPEST and isinstance(value, Mapping):
        for item in value.values():
            yield from _arrays(item, depth + 1)
    elif depth < DEEPEST and isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item, depth + 1)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 20 else ""
