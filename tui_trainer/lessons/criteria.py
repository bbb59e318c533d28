"""The criteria of a claim: figures of runs, compared with limits or with one another. Nothing in a lesson's file is executed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isclose, isfinite, isnan
from operator import gt, lt
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tui_trainer.history.history import History
from tui_trainer.history.quantities import CRITERIA
from tui_trainer.history.traces import LayerChoice, measurements
from tui_trainer.text.language import N_, _, in_english
from tui_trainer.training.events import plain

When = Literal["start", "end", "most", "least"]
WHEN: Mapping[When, str] = MappingProxyType(
    {"start": N_("at the start"), "end": N_("at the end"), "most": N_("at most"), "least": N_("at least")}
)

Relation = Literal["above", "below", "equal", "yes", "no"]


LAYERS: Mapping[LayerChoice, str] = MappingProxyType(
    {"first": N_("first layer"), "last": N_("last hidden layer"), "output": N_("output layer")}
)


class Figure(BaseModel):
    """A quantity of one run, with its layer and time where it has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    quantity: str
    layer: LayerChoice = "first"
    at: When = "end"

    @model_validator(mode="after")
    def _check(self) -> "Figure":
        if self.quantity not in CRITERIA:
            message = "quantity must be one of {choices}, not {given}"
            raise PydanticCustomError("quantity", message, {"choices": ", ".join(CRITERIA), "given": repr(self.quantity)})
        kind = CRITERIA[self.quantity]
        for name, has in (("layer", kind.scope == "layer"), ("at", kind.scope in ("layer", "layers"))):
            if name in self.model_fields_set and not has:
                raise PydanticCustomError("figure", "{quantity} takes no {name}", {"quantity": self.quantity, "name": name})
        if isinstance(self.layer, int) and self.layer < 1:
            raise PydanticCustomError("figure", "layer must be first, last, output or a number from 1", {})
        return self

    def of(self, run: History) -> float | None:
        """The run's value, the last epoch's for a figure of epochs; None where there is none."""
        kind = CRITERIA[self.quantity]
        if kind.scope not in ("layer", "layers"):
            source = run if kind.scope == "run" else run.epochs[-1] if run.epochs else None
            value: float | None = None if source is None else kind.take(source)
            return value
        known = [value for _one, value in measurements(run, kind, self.layer) if not isnan(value)]
        if not known:
            return None
        return {"start": lambda: known[0], "end": lambda: known[-1], "most": lambda: max(known), "least": lambda: min(known)}[self.at]()

    @property
    def words(self) -> str:
        """The figure's description in a sentence."""
        kind = CRITERIA[self.quantity]
        words = _(kind.words)
        if kind.scope == "layer":
            layer = _(LAYERS[self.layer]) if isinstance(self.layer, str) else _("layer {number}").format(number=self.layer)
            words = _("{figure} in the {layer}").format(figure=words, layer=layer)
        return f"{words}, {_(WHEN[self.at])}" if kind.scope in ("layer", "layers") else words

    def write(self, value: float | None) -> str:
        """The value as text."""
        if value is None:
            return _("none")
        return CRITERIA[self.quantity].scale.sentence(value) if isfinite(value) else _("not finite")


class Criterion(Figure):
    """A figure that must be above, below or equal to a limit or `times` another run's figure; or a yes or no."""

    relation: Relation = Field(alias="is")
    value: float | None = Field(None, allow_inf_nan=False)
    than: str | None = None
    """The run whose figure is the limit."""
    times: float = Field(1.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check_limit(self) -> "Criterion":
        given = (self.value is not None) + (self.than is not None)
        if self.relation in ("yes", "no"):
            if given or self.quantity != "diverged":
                raise PydanticCustomError("criterion", "only diverged is yes or no, and needs neither value nor than", {})
        elif given != 1 or self.quantity == "diverged":
            raise PydanticCustomError(
                "criterion", "{relation} needs a number: either value, or than with a run's name", {"relation": self.relation}
            )
        return self

    def judge(self, runs: Mapping[str, History]) -> "Judgement":
        """The criterion's judgement on these runs. It does not hold where a run lacks the figure."""
        value = self.of(runs[self.run])
        other = self.of(runs[self.than]) if self.than is not None else self.value
        limit = None if other is None else other * self.times
        if self.relation in ("yes", "no"):
            return Judgement(self, value, None, None, bool(value) == (self.relation == "yes"))
        holds = value is not None and limit is not None and RELATIONS[self.relation](value, limit)
        return Judgement(self, value, other, limit, holds)


def _equal(value: float, limit: float) -> bool:
    return isclose(value, limit, rel_tol=1e-6)


RELATIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType({"above": gt, "below": lt, "equal": _equal})

VERBS: Mapping[str, str] = MappingProxyType(
    {"above": N_("above {limit}"), "below": N_("below {limit}"), "equal": N_("equal to {limit}")},
)
DENIALS: Mapping[str, str] = MappingProxyType(
    {"above": N_("not above {limit}"), "below": N_("not below {limit}"), "equal": N_("not equal to {limit}")},
)

SIGNS: Mapping[str, str] = MappingProxyType({"above": ">", "below": "<", "equal": "="})


@dataclass(frozen=True)
class Judgement:
    """A judged criterion, with the numbers that decided it."""

    criterion: Criterion
    value: float | None
    other: float | None
    """The other run's figure, or the given value, before multiplication."""
    limit: float | None
    holds: bool

    @property
    def sentence(self) -> str:
        """The numbers that decided it, in words."""
        criterion, run = self.criterion, _(self.criterion.run)
        if criterion.relation in ("yes", "no"):
            return f"{run}: {self.outcome}"
        verdict = _((VERBS if self.holds else DENIALS)[criterion.relation]).format(limit=self._limit())
        return f"{run}: {criterion.words}: {self.outcome}, {verdict}"

    @property
    def outcome(self) -> str:
        """The figure that decided it, as text."""
        if self.criterion.relation in ("yes", "no"):
            return _("diverged") if self.value else _("did not diverge")
        return self.criterion.write(self.value)

    def condition(self, times: str) -> str:
        """What the figure has to be, as a formula with this multiplication sign; nothing for a yes or no."""
        criterion = self.criterion
        if criterion.relation in ("yes", "no"):
            return ""
        factor = "" if criterion.times == 1 else f"{criterion.times:g} {times} "
        whose = f" ({_(criterion.than)})" if criterion.than is not None else ""
        return f"{SIGNS[criterion.relation]} {factor}{criterion.write(self.other)}{whose}"

    def _limit(self) -> str:
        criterion = self.criterion
        if criterion.than is None:
            return criterion.write(self.other)
        if self.other is None:
            return _("what {run} does not have").format(run=_(criterion.than))
        text = _("the {value} of {run}") if criterion.times == 1 else _("{times:g} times the {value} of {run}")
        return text.format(times=criterion.times, value=criterion.write(self.other), run=_(criterion.than))

    def record(self) -> dict[str, Any]:
        """The judgement as a strict-JSON object."""
        criterion = self.criterion
        place: dict[str, Any] = {name: getattr(criterion, name) for name in ("layer", "at") if name in criterion.model_fields_set}
        figures = {"value": self.value, "limit": self.limit}
        texts = {"run": criterion.run, "quantity": criterion.quantity, **place, "is": criterion.relation}
        with in_english():
            sentence = self.sentence
        return {"holds": self.holds, **texts, **plain(figures), "than": criterion.than, "sentence": sentence}


@dataclass(frozen=True)
class Verdict:
    """A claim's judgements on some runs."""

    judgements: tuple[Judgement, ...]

    @property
    def holds(self) -> bool:
        """Whether every criterion holds."""
        return all(judgement.holds for judgement in self.judgements)

    @property
    def held(self) -> int:
        """How many criteria hold."""
        return sum(judgement.holds for judgement in self.judgements)


def figures(run: History) -> dict[str, Any]:
    """A run's main figures as a strict-JSON object."""
    names = (
        "validation_accuracy",
        "best_validation_accuracy",
        "validation_loss",
        "test_accuracy",
        "steps",
        "seconds",
        "loss_noise",
        "diverged_at",
    )
    values: dict[str, float | None] = {name: Figure(run="", quantity=name).of(run) for name in names}
    for name in ("gradient_ratio", "spread_ratio", "dead_fraction"):
        values[f"{name}_start"] = Figure(run="", quantity=name, at="start").of(run)
        values[f"{name}_end"] = Figure(run="", quantity=name, at="end").of(run)
    found: dict[str, Any] = plain(values)
    return found
