"""When a claim holds: figures of runs, compared with limits or with one another. Nothing in a lesson's file is ever executed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isclose, isfinite, isnan
from operator import gt, lt
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tui_trainer.lessons.course import Course, Layer, Means, dead_fraction, gradient_ratio, loss_noise, of_layer
from tui_trainer.text.language import N_, _, in_english
from tui_trainer.training.events import LayerHealth, plain

When = Literal["start", "end", "most", "least"]
WHEN: Mapping[When, str] = MappingProxyType(
    {"start": N_("at the start"), "end": N_("at the end"), "most": N_("at most"), "least": N_("at least")}
)

Relation = Literal["above", "below", "equal", "yes", "no"]


class Quantity(NamedTuple):
    """A figure of a run, what it is called, and how it is written."""

    words: str
    figure: Callable[[float], str]
    of_run: Callable[[Course], float | None] | None = None
    of_layers: Callable[[tuple[LayerHealth, ...], Layer], float | None] | None = None
    """For what is measured again and again: its value at one measurement."""
    layered: bool = False
    """Whether it is about one layer."""


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _nats(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.3g}"


def _power(value: float) -> str:
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or not value else f"{value:.1e}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _yes(value: float) -> str:
    return _("yes") if value else _("no")


def _last(figure: Callable[[Means], float | None]) -> Callable[[Course], float | None]:
    return lambda course: figure(course.epochs[-1]) if course.epochs else None


def _best_accuracy(course: Course) -> float | None:
    return max((epoch.validation_accuracy for epoch in course.epochs if epoch.validation_accuracy is not None), default=None)


def _slope_change(course: Course) -> float | None:
    """How far the layer whose mean slope was learned furthest has come."""
    return (
        max((abs(last - first) for first, last in zip(course.slopes[0], course.slopes[-1], strict=True)), default=None)
        if course.slopes
        else None
    )


def _of(figure: Callable[[LayerHealth], float]) -> Callable[[tuple[LayerHealth, ...], Layer], float | None]:
    def value(layers: tuple[LayerHealth, ...], layer: Layer) -> float | None:
        health = of_layer(layers, layer)
        return None if health is None else figure(health)

    return value


def _spread_ratio(layers: tuple[LayerHealth, ...], _layer: Layer) -> float | None:
    first, last = of_layer(layers, "first"), of_layer(layers, "last")
    return last.activation_std / first.activation_std if first and last and first.activation_std else None


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        "validation_accuracy": Quantity("validation accuracy", _percent, _last(lambda epoch: epoch.validation_accuracy)),
        "best_validation_accuracy": Quantity("best validation accuracy", _percent, _best_accuracy),
        "validation_loss": Quantity("validation loss", _nats, _last(lambda epoch: epoch.validation_loss)),
        "training_loss": Quantity("training loss", _nats, _last(lambda epoch: epoch.training_loss)),
        "test_accuracy": Quantity("test accuracy", _percent, lambda course: course.ended.test_accuracy if course.ended else None),
        "first_loss": Quantity("loss of the first batch", _nats, lambda course: course.losses[0] if course.losses else None),
        "loss_noise": Quantity("noise of the loss from batch to batch", _power, lambda course: loss_noise(course.losses)),
        "diverged": Quantity("diverged", _yes, lambda course: float(course.diverged)),
        "diverged_at": Quantity(
            "step at which it diverged",
            _count,
            lambda course: course.ended.divergence.step if course.ended and course.ended.divergence else None,
        ),
        "steps": Quantity("steps", _count, lambda course: len(course.places)),
        "seconds": Quantity("training time", _seconds, lambda course: course.ended.seconds if course.ended else None),
        "parameters": Quantity("parameters", _count, lambda course: course.parameters),
        "slope_change": Quantity("way of the mean slope below 0 in the layer where it moved most", _power, _slope_change),
        "gradient_ratio": Quantity(
            "first layer's gradient norm over the output layer's", _power, of_layers=lambda layers, _: gradient_ratio(layers)
        ),
        "gradient_norm": Quantity("gradient norm", _power, of_layers=_of(lambda health: health.gradient_norm), layered=True),
        "weight_norm": Quantity("weight norm", _power, of_layers=_of(lambda health: health.weight_norm), layered=True),
        "update_ratio": Quantity("update over weights", _power, of_layers=_of(lambda health: health.update_ratio), layered=True),
        "spread": Quantity("spread of activations", _power, of_layers=_of(lambda health: health.activation_std), layered=True),
        "spread_ratio": Quantity("last hidden layer's spread of activations over the first one's", _power, of_layers=_spread_ratio),
        "dead_fraction": Quantity("share of dead units", _percent, of_layers=lambda layers, _: dead_fraction(layers)),
        "saturated_fraction": Quantity(
            "share of flat activations", _percent, of_layers=_of(lambda health: health.saturated_fraction), layered=True
        ),
    }
)

LAYERS: Mapping[Layer, str] = MappingProxyType({"first": N_("first layer"), "last": N_("last hidden layer"), "output": N_("output layer")})


class Figure(BaseModel):
    """A quantity of one run: in which layer and when, where that is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    quantity: str
    layer: Layer = "first"
    at: When = "end"

    @model_validator(mode="after")
    def _check(self) -> "Figure":
        if self.quantity not in QUANTITIES:
            message = "quantity must be one of {choices}, not {given}"
            raise PydanticCustomError("quantity", message, {"choices": ", ".join(QUANTITIES), "given": repr(self.quantity)})
        kind = QUANTITIES[self.quantity]
        for name, has in (("layer", kind.layered), ("at", kind.of_layers is not None)):
            if name in self.model_fields_set and not has:
                raise PydanticCustomError("figure", "{quantity} takes no {name}", {"quantity": self.quantity, "name": name})
        if isinstance(self.layer, int) and self.layer < 1:
            raise PydanticCustomError("figure", "layer must be first, last, output or a number from 1", {})
        return self

    def of(self, course: Course) -> float | None:
        """The value; None where the run has none."""
        kind = QUANTITIES[self.quantity]
        if kind.of_run:
            return kind.of_run(course)
        assert kind.of_layers
        values = [kind.of_layers(each.layers, self.layer) for each in course.health]
        known = [value for value in values if value is not None and not isnan(value)]
        if not known:
            return None
        return {"start": lambda: known[0], "end": lambda: known[-1], "most": lambda: max(known), "least": lambda: min(known)}[self.at]()

    @property
    def words(self) -> str:
        """What it is called."""
        kind = QUANTITIES[self.quantity]
        words = _(kind.words)
        if kind.layered:
            layer = _(LAYERS[self.layer]) if isinstance(self.layer, str) else _("layer {number}").format(number=self.layer)
            words = _("{figure} in the {layer}").format(figure=words, layer=layer)
        return f"{words}, {_(WHEN[self.at])}" if kind.of_layers else words

    def write(self, value: float | None) -> str:
        """The value as people write it."""
        if value is None:
            return _("none")
        return QUANTITIES[self.quantity].figure(value) if isfinite(value) else _("not finite")


class Criterion(Figure):
    """A figure has to be above or below a limit, or as many times another run's; equal to that; or a yes or no."""

    relation: Relation = Field(alias="is")
    value: float | None = Field(None, allow_inf_nan=False)
    than: str | None = None
    """The run whose same figure is the limit."""
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

    def judge(self, courses: Mapping[str, Course]) -> "Finding":
        """Whether it is so on these runs. A figure that a run does not have decides against the claim."""
        value = self.of(courses[self.run])
        other = self.of(courses[self.than]) if self.than is not None else self.value
        limit = None if other is None else other * self.times
        if self.relation in ("yes", "no"):
            return Finding(self, value, None, None, bool(value) == (self.relation == "yes"))
        holds = value is not None and limit is not None and RELATIONS[self.relation](value, limit)
        return Finding(self, value, other, limit, holds)


def _equal(value: float, limit: float) -> bool:
    return isclose(value, limit, rel_tol=1e-6)


RELATIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType({"above": gt, "below": lt, "equal": _equal})

VERBS: Mapping[str, str] = MappingProxyType(
    {"above": N_("above {limit}"), "below": N_("below {limit}"), "equal": N_("equal to {limit}")},
)
DENIALS: Mapping[str, str] = MappingProxyType(
    {"above": N_("not above {limit}"), "below": N_("not below {limit}"), "equal": N_("not equal to {limit}")},
)


@dataclass(frozen=True)
class Finding:
    """A criterion as it was judged, with the numbers that decided it."""

    criterion: Criterion
    value: float | None
    other: float | None
    """The other run's figure, or the number given, before it is multiplied."""
    limit: float | None
    holds: bool

    @property
    def sentence(self) -> str:
        """The numbers that decided it, in words."""
        criterion, run = self.criterion, _(self.criterion.run)
        if criterion.relation in ("yes", "no"):
            return f"{run}: {_('diverged') if self.value else _('did not diverge')}"
        verdict = _((VERBS if self.holds else DENIALS)[criterion.relation]).format(limit=self._limit())
        return f"{run}: {criterion.words}: {criterion.write(self.value)}, {verdict}"

    def _limit(self) -> str:
        criterion = self.criterion
        if criterion.than is None:
            return criterion.write(self.other)
        if self.other is None:
            return _("what {run} does not have").format(run=_(criterion.than))
        text = _("the {value} of {run}") if criterion.times == 1 else _("{times:g} times the {value} of {run}")
        return text.format(times=criterion.times, value=criterion.write(self.other), run=_(criterion.than))

    def record(self) -> dict[str, Any]:
        """The finding as an object of strict JSON."""
        criterion = self.criterion
        place: dict[str, Any] = {name: getattr(criterion, name) for name in ("layer", "at") if name in criterion.model_fields_set}
        figures = {"value": self.value, "limit": self.limit}
        texts = {"run": criterion.run, "quantity": criterion.quantity, **place, "is": criterion.relation}
        with in_english():
            sentence = self.sentence
        return {"holds": self.holds, **texts, **plain(figures), "than": criterion.than, "sentence": sentence}


@dataclass(frozen=True)
class Verdict:
    """Whether a claim held on these runs."""

    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every criterion did."""
        return all(finding.holds for finding in self.findings)


def figures(course: Course) -> dict[str, Any]:
    """What a verdict tells of each run, as an object of strict JSON."""
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
    asked: dict[str, float | None] = {name: Figure(run="", quantity=name).of(course) for name in names}
    for name in ("gradient_ratio", "spread_ratio", "dead_fraction"):
        asked[f"{name}_start"] = Figure(run="", quantity=name, at="start").of(course)
        asked[f"{name}_end"] = Figure(run="", quantity=name, at="end").of(course)
    told: dict[str, Any] = plain(asked)
    return told
