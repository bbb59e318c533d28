"""In words: why nothing is found, and what a remedy did."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.diagnosis.attempt import Attempt, figures
from tui_trainer.diagnosis.case import Case
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _

KINDS_OF_IMAGES = {
    "test": N_("test accuracy {accuracies}, loss {losses}"),
    "validation": N_("validation accuracy {accuracies}, loss {losses}"),
    "train": N_("training accuracy {accuracies}, loss {losses}"),
}
"""What a network was asked about."""


def nothing(case: Case | None) -> str:
    """Why nothing is found."""
    if case is None or not (case.history.epochs or case.history.steps or case.history.ended):
        return _("Nothing was trained yet: start a run, and x tells what is wrong with it.")
    if case.history.ended:
        return _("Nothing is found to be wrong.")
    if not case.history.epochs:
        return _("Nothing is found to be wrong so far. The first epoch has to end before there is something to judge.")
    return _("Nothing is found to be wrong so far. What is slow at first is judged at the end.")


def verdict(attempt: Attempt) -> str:
    """The verdict, with the numbers that it goes by."""
    text = _("It helps: {numbers}.") if attempt.holds else _("It does not help: {numbers}.")
    text = text.format(numbers=_numbers(attempt))
    left = "; ".join(printable(each.say(each.symptom, _)) for each in attempt.findings)
    if left:
        return text + " " + _("Left to mend: {left}.").format(left=left)
    return text + (" " + _("Nothing is left to mend.") if attempt.holds else "")


def _numbers(attempt: Attempt) -> str:
    """Accuracy and loss before and after, of the same images, where both have them."""
    cases, kind = (attempt.before, attempt.after), attempt.images
    found = [figures(case) for case in cases]
    if any(case.diverged for case in cases):
        pairs = zip(cases, found, strict=True)
        return " → ".join(_("diverged") if case.diverged else _one(kind, of) for case, of in pairs)
    accuracies, losses = (
        " → ".join(write(of[f"{kind}_{name}"]) for of in found) for name, write in (("accuracy", _share), ("loss", _loss))
    )
    return _(KINDS_OF_IMAGES[kind]).format(accuracies=accuracies, losses=losses)


def _one(kind: str, of: Mapping[str, Any]) -> str:
    return _(KINDS_OF_IMAGES[kind]).format(accuracies=_share(of[f"{kind}_accuracy"]), losses=_loss(of[f"{kind}_loss"]))


def _share(value: float | None) -> str:
    return _("unknown") if value is None else f"{value:.1%}"


def _loss(value: float | None) -> str:
    return _("unknown") if value is None else f"{value:.3f}" if value < 1000 else f"{value:.1e}"
