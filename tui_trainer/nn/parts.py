"""What activations, initializers, optimizers and schedules have in common: a name, a summary, and hyperparameters that are declared.

A part is a class. Its hyperparameters become options of their own names wherever there are options:

    class Momentum(Optimizer):
        momentum = Hyperparameter(0.9, "share of the velocity kept at each step", least=0, below=1)
"""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self, overload

LEAST: Final = 1e-30
MOST: Final = 1e30
"""What float32 numbers are multiplied with: far enough inside its range, 1e-38 to 3e38, that neither 0 nor infinity comes of it at once."""

LEAST_EPSILON: Final = 1e-22
"""A gradient whose square is 0 in float32 is smaller than this, and has to be divided by no less than itself."""


class Hyperparameter:
    """A number that a part is made with: what it is when nothing is said, what it means, and its limits.

    `least` and `most` are allowed, `above` and `below` are not; without limits it is a number from -1e30 to 1e30. `whole` is for whole
    numbers. `usual` are values worth trying, which a sweep offers; without them it offers some around the present one. In an instance it
    is the value; a subclass may declare it again, with another default.
    """

    def __init__(
        self,
        default: float,
        description: str,
        *,
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
        below: float | None = None,
        whole: bool = False,
        usual: Sequence[float] = (),
    ) -> None:
        if isinstance(default, bool) or not isinstance(default, int | float) or not isfinite(default):
            raise TypeError(f"the default of a hyperparameter is a number, not {default!r}")
        self.default: float = int(default) if whole else float(default)
        self.description = description
        self.least = -MOST if least is None and above is None else least
        self.above = above
        self.most = MOST if most is None and below is None else most
        self.below = below
        self.whole = whole
        self.usual = tuple(usual)
        if not self.allows(default):
            raise ValueError(f"the default of a hyperparameter is inside its limits, not {default!r}")

    def allows(self, value: float) -> bool:
        """Whether a value is inside the limits."""
        is_above = (self.least is None or value >= self.least) and (self.above is None or value > self.above)
        return is_above and (self.most is None or value <= self.most) and (self.below is None or value < self.below)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, part: None, owner: type) -> Self: ...

    @overload
    def __get__(self, part: object, owner: type) -> float: ...

    def __get__(self, part: object | None, owner: type) -> Self | float:
        # Asked of an instance only as long as it has no value of its own.
        return self if part is None else self.default


def snake_case(name: str) -> str:
    """A class's name as an option's value is written: `OneCycle` is one_cycle."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Part:
    """A class that a user chooses by its name."""

    name: str
    """What it is chosen by; the class's name in snake_case, unless it says another."""

    summary: ClassVar[str]
    """What it is, in a line; the first of the docstring, unless it says another."""

    year: ClassVar[int | None] = None
    """When it was published, which is the order in which choices are shown. A part that does not say comes last."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({})
    """What is declared on the class and on those that it derives from, by name."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = vars(cls).get("prefix", snake_case(cls.__name__))
        if "summary" not in vars(cls):
            cls.summary = (cls.__doc__ or cls.name).strip().partition("\n")[0]
        if "year" not in vars(cls):
            cls.year = None
        if "hyperparameters" in vars(cls):
            raise TypeError(f"{cls.__name__}: a hyperparameter is declared by its name, such as momentum = Hyperparameter(0.9, …)")
        names = [name for kind in reversed(cls.__mro__) for name, value in vars(kind).items() if isinstance(value, Hyperparameter)]
        declared = {name: getattr(cls, name) for name in names}
        cls.hyperparameters = MappingProxyType({name: value for name, value in declared.items() if isinstance(value, Hyperparameter)})

    def take(self, values: Mapping[str, float]) -> None:
        """Have these values of the hyperparameters, and the defaults of the others. Raises TypeError for one that the part lacks."""
        if unknown := values.keys() - self.hyperparameters.keys():
            raise TypeError(f"{type(self).name} has no {', '.join(sorted(unknown))}")
        for name, declared in self.hyperparameters.items():
            setattr(self, name, values.get(name, declared.default))

    def values(self) -> list[float]:
        """The values of the hyperparameters, in their order."""
        return [getattr(self, name) for name in self.hyperparameters]

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """The methods that it has to define and does not."""
        return tuple(sorted(getattr(cls, "__abstractmethods__", ())))
