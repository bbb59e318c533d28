"""A race of optimizers down a surface, step by step, with rates that may change."""

from collections.abc import Mapping, Sequence
from math import isfinite

from tui_trainer.descent.landscape import SURFACES, OptimizerPath, Point, Surface
from tui_trainer.nn.optimizers import OPTIMIZERS


class Race:
    """Optimizers on one surface from one start. The shown ones, their rates and the step may change."""

    def __init__(self, surface: str, shown: Sequence[str], rates: Mapping[str, float] | None = None) -> None:
        self.shown = set(shown)
        self._begin(SURFACES[surface])
        self.rates.update(rates or {})

    def _begin(self, surface: type[Surface]) -> None:
        self.surface = surface
        self.start: Point = surface.start
        self.step = 0
        self.rates = {name: surface.rate(name) for name in OPTIMIZERS}
        """The rate of every optimizer, in their order."""
        self._paths: dict[str, OptimizerPath] = {}

    def path(self, optimizer: str) -> OptimizerPath:
        """An optimizer's path."""
        if optimizer not in self._paths:
            self._paths[optimizer] = OptimizerPath(self.surface, optimizer, self.rates[optimizer], self.start)
        return self._paths[optimizer]

    def go(self, steps: int) -> None:
        """Move by `steps`, forward or back, between the start and the last step."""
        self.step = min(max(self.step + steps, 0), self.surface.steps)

    @property
    def is_over(self) -> bool:
        """Whether the last step is shown, or all shown paths have diverged."""
        ends = [self.path(name).diverged_at for name in self.shown]
        return self.step >= self.surface.steps or (bool(ends) and all(end is not None and end <= self.step for end in ends))

    def catch_up(self, steps: int) -> bool:
        """Compute at most `steps` missing steps of the shown paths; whether none is missing then."""
        for name in self.shown:
            path = self.path(name)
            before = path.taken
            path.walk(min(self.step, before + steps))
            steps -= path.taken - before
        return all(self.path(name).has(self.step) for name in self.shown)

    def faults(self) -> list[Exception]:
        """What optimizers raised that are shown."""
        return [path.fault for name, path in self._paths.items() if path.fault and name in self.shown]

    def set_rate(self, optimizer: str, rate: float) -> None:
        """Change an optimizer's rate, for its whole path."""
        self.rates[optimizer] = rate
        self._paths.pop(optimizer, None)

    def set_start(self, start: Point) -> None:
        """Change the start, and return to step 0."""
        if isfinite(start[0]) and isfinite(start[1]):
            self.start, self.step = start, 0
            self._paths.clear()

    def reset(self) -> None:
        """Return to the surface's own start and rates."""
        self._begin(self.surface)

    def next_surface(self) -> None:
        """Switch to the next surface, with its own start and rates."""
        surfaces = list(SURFACES.values())
        self._begin(surfaces[(surfaces.index(self.surface) + 1) % len(surfaces)])
