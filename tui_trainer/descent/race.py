"""Rules that go down a surface side by side, as somebody looks at them: step by step, at rates that change."""

from collections.abc import Mapping, Sequence
from math import isfinite

from tui_trainer.descent.landscape import SURFACES, Path, Point, Surface
from tui_trainer.nn.optimizers import OPTIMIZERS


class Race:
    """Rules that go down one surface from one start, step by step; which of them are looked at, and at which rates, may change."""

    def __init__(self, surface: str, shown: Sequence[str], rates: Mapping[str, float] | None = None) -> None:
        self.shown = set(shown)
        self._begin(SURFACES[surface])
        self.rates.update(rates or {})

    def _begin(self, surface: type[Surface]) -> None:
        self.surface = surface
        self.start: Point = surface.start
        self.step = 0
        self.rates = {name: surface.rate(name) for name in OPTIMIZERS}
        """Of every rule, in the order in which they are listed."""
        self._paths: dict[str, Path] = {}

    def path(self, optimizer: str) -> Path:
        """A rule's path."""
        if optimizer not in self._paths:
            self._paths[optimizer] = Path(self.surface, optimizer, self.rates[optimizer], self.start)
        return self._paths[optimizer]

    def go(self, steps: int) -> None:
        """Go forward or back, between the start and the last step."""
        self.step = min(max(self.step + steps, 0), self.surface.steps)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to come."""
        ends = [self.path(name).diverged_at for name in self.shown]
        return self.step >= self.surface.steps or (bool(ends) and all(end is not None and end <= self.step for end in ends))

    def catch_up(self, steps: int) -> bool:
        """Have the rules that are shown take so many of the steps that they lack, and tell whether none lacks any more."""
        for name in self.shown:
            path = self.path(name)
            before = path.taken
            path.walk(min(self.step, before + steps))
            steps -= path.taken - before
        return all(self.path(name).has(self.step) for name in self.shown)

    def set_rate(self, optimizer: str, rate: float) -> None:
        """Have a rule go at another rate, from the start to the step that is looked at."""
        self.rates[optimizer] = rate
        self._paths.pop(optimizer, None)

    def set_start(self, start: Point) -> None:
        """Begin elsewhere, with the first step to come."""
        if isfinite(start[0]) and isfinite(start[1]):
            self.start, self.step = start, 0
            self._paths.clear()

    def reset(self) -> None:
        """Begin as the surface proposes."""
        self._begin(self.surface)

    def next_surface(self) -> None:
        """Take the next surface, with rates and a start that suit it."""
        surfaces = list(SURFACES.values())
        self._begin(surfaces[(surfaces.index(self.surface) + 1) % len(surfaces)])
