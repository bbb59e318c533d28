"""What charts say in words: what guessing would reach, and where something happened to the run."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tui_trainer.config.changes import describe_change
from tui_trainer.history.history import History
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.series import EPOCH
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.chart.curve import Pen
from tui_trainer.ui.chart.drawings import Drawing
from tui_trainer.ui.chart.view import View

LONGEST_CHANGE = 200
"""Characters that a change is described with."""

MOST_DEATHS = 3
"""Moments at which layers died that are told: the first ones are what matters."""

DEAD = FIGURES["dead_fraction"].bands[-2].below
"""From this share of its units on a layer is dead, on the map of layers as well."""


@dataclass(frozen=True)
class Note:
    """Words at a place on the x axis: with a post there, or beside a point whose height is `level`."""

    at: float
    words: tuple[str, ...]
    """From the longest to the shortest."""
    pen: Pen
    level: float | None = None


@dataclass(frozen=True)
class Guess:
    """What a network reaches that guesses among the classes: a level on the y axis."""

    level: float
    words: tuple[str, ...]
    """From the longest to the shortest."""

    @property
    def logarithmic(self) -> "Guess":
        """The same as a power of ten."""
        return Guess(math.log10(self.level), self.words)


def _guessed_loss(classes: int) -> Guess:
    loss = math.log(classes)
    return Guess(loss, (_("guessing: ln {classes} = {loss:.2f}").format(classes=classes, loss=loss), _("guessing")))


def _guessed_accuracy(classes: int) -> Guess:
    share = 100 / classes
    return Guess(share, (_("guessing: 1 in {classes} = {share:.3g}%").format(classes=classes, share=share), _("guessing")))


_GUESSES: Mapping[str, Callable[[int], Guess]] = {
    "loss": _guessed_loss,
    "train_loss": _guessed_loss,
    "validation_loss": _guessed_loss,
    "accuracy": _guessed_accuracy,
    "train_accuracy": _guessed_accuracy,
    "validation_accuracy": _guessed_accuracy,
}
"""By the names of figures; losses in nats, accuracies in percent."""


def guess_of(quantity: str, runs: Sequence[History]) -> Guess | None:
    """What guessing reaches by a figure, where that is known and the same for all runs."""
    known = {run.classes for run in runs if run.classes}
    if len(known) != 1 or quantity not in _GUESSES or (classes := known.pop()) < 2:
        return None
    return _GUESSES[quantity](classes)


def outcome(run: History) -> str:
    """How a run ended, in a word; nothing while it goes on."""
    if run.ended is None:
        return ""
    return _("diverged") if run.diverged else _("ended")


def changes(history: History, view: View) -> list[tuple[float, str]]:
    """Where on the x axis options were changed, and to what."""
    # It may come from a file.
    return _placed(history, [(each.step, printable(describe_change(each.changes, _))[:LONGEST_CHANGE]) for each in history.changes], view)


def notes(drawing: Drawing, history: History, view: View) -> Iterator[Note]:
    """What happened to a run, the worst first."""
    divergence = history.ended.divergence if history.ended else None
    ends = [(divergence.step, _("burst at step {step:,}").format(step=divergence.step))] if divergence else []
    yield from (Note(at, (text, _("burst")), Pen.DANGER) for at, text in _placed(history, ends, view))
    yield from (Note(at, (text, _("died")), Pen.DANGER) for at, text in _placed(history, _deaths(history), view))
    yield from _best(drawing, history, view)
    yield from (Note(at, (text, _("changed")), Pen.CHANGE) for at, text in changes(history, view))


def _deaths(history: History) -> list[tuple[int, str]]:
    """The first steps at which layers were found dead, and which."""
    health = history.health
    steps: dict[int, list[str]] = {}
    for name, step in health.first_at(FIGURES["dead_fraction"], DEAD).items():
        # The outputs are no units.
        if name != health.names[-1]:
            steps.setdefault(int(step), []).append(name)
    return [
        (step, _("{layer} died").format(layer=names[0]) if len(names) == 1 else _("{count} layers died").format(count=len(names)))
        for step, names in sorted(steps.items())[:MOST_DEATHS]
    ]


def _best(drawing: Drawing, history: History, view: View) -> Iterator[Note]:
    """The best epoch on the validation set, once later ones are worse."""
    if drawing.best is None:
        return
    series = drawing.compared(history)
    x, y = drawing.placed(series.points(view.scale.place), view)
    if np.isfinite(y).any():
        place = int((np.nanargmin if drawing.best is min else np.nanargmax)(y))
        if y[place] != y[-1]:
            words = _("best: epoch {epoch:.0f}").format(epoch=series.points(EPOCH)[0][place]), _("best")
            yield Note(float(x[place]), words, Pen.VALIDATION, float(y[place]))


def _placed(history: History, made: Sequence[tuple[int, str]], view: View) -> list[tuple[float, str]]:
    """Steps as places on the x axis."""
    if not made:
        return []
    places = history.course_at([step for step, _text in made])[:, view.scale.place].tolist()
    return [(math.log10(max(at, 1.0)) if view.scale.logarithmic else at, text) for at, (_step, text) in zip(places, made, strict=True)]
