"""A remedy is tried: the run again with it, from the same seed, on the same data, for as many epochs; and judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Final, Literal

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.finding import Finding, Options
from tui_trainer.diagnosis.remedies import changed
from tui_trainer.diagnosis.replay import train
from tui_trainer.diagnosis.rules import RULES
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event, plain

LOWER: Final = 0.98
"""Of the loss before: what is less than this is better, and no chance."""

MORE: Final = 0.005
"""Of all images: so many more have to be right, where the loss is not lower."""

FEWER: Final = 0.02
"""Of all images: so many more may be wrong, where the loss is lower."""


@dataclass(frozen=True)
class Attempt:
    """A remedy that was tried."""

    finding: Finding
    options: Options
    before: Case
    after: Case
    findings: tuple[Finding, ...]
    """What is wrong with the run afterwards."""

    @property
    def holds(self) -> bool:
        """Whether the finding is gone, and the network does better on images that it was not trained on."""
        after = self.after
        remains = not _is_of_data(self.finding) and any(each.name == self.finding.name for each in self.findings)
        if not after.is_over or after.diverged or remains:
            return False
        if self.before.diverged:
            return not any(each.name == "no_learning" for each in self.findings)
        was, now = figures(self.before), figures(after)
        is_lower = (now[f"{self.images}_loss"] or inf) < LOWER * (was[f"{self.images}_loss"] or inf)
        more = (now[f"{self.images}_accuracy"] or 0.0) - (was[f"{self.images}_accuracy"] or 0.0)
        return (is_lower and more > -FEWER) or more > MORE

    @property
    def images(self) -> Literal["test", "validation", "train"]:
        """The images that both runs were asked about, those that they were not trained on if possible."""
        known = [figures(case) for case in (self.before, self.after) if not case.diverged]
        kinds: tuple[Literal["test", "validation", "train"], ...] = ("test", "validation", "train")
        return next((kind for kind in kinds if all(_is_known(of[f"{kind}_loss"]) for of in known)), "train")

    def record(self) -> dict[str, Any]:
        """The attempt as a strict-JSON object."""
        document: dict[str, Any] = plain(
            {
                "event": "remedy",
                "finding": self.finding.name,
                "options": dict(self.options),
                "holds": self.holds,
                "before": figures(self.before),
                "after": figures(self.after),
                "findings": [each.name for each in self.findings],
            }
        )
        return document


def try_remedy(
    case: Case,
    finding: Finding,
    options: Options,
    data: Dataset,
    control: Control | None = None,
    hear: Callable[[Event], object] = lambda _: None,
) -> Attempt:
    """Train the case's run with other options, and compare. `hear` gets every event; `control` may end it."""
    after = train(changed(case.config, options), data, control, hear)
    return Attempt(finding, options, case, after, diagnose(after))


def figures(case: Case) -> Mapping[str, Any]:
    """How well a run did, in figures: None where it has none."""
    ended, last = case.history.ended, case.history.epochs[-1:]
    return {
        "status": ended.status if ended else None,
        "train_loss": case.train_loss,
        "train_accuracy": case.train_accuracy,
        "validation_loss": last[0].validation_loss if last else None,
        "validation_accuracy": last[0].validation_accuracy if last else None,
        "test_loss": ended.test_loss if ended else None,
        "test_accuracy": ended.test_accuracy if ended else None,
    }


def _is_known(loss: float | None) -> bool:
    return loss is not None and isfinite(loss)


def _is_of_data(finding: Finding) -> bool:
    """Whether no option makes it go away."""
    return finding.name in RULES and RULES[finding.name].is_of_data
