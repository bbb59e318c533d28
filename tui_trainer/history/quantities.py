"""All figures of a run. The layers' map, charts, criteria, tables, exports and TensorBoard are made from these entries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Final, TypeVar

import numpy as np

from tui_trainer.history.derived import dead_share, gradient_ratio, loss_noise, slope_change, spread_ratio
from tui_trainer.history.quantity import (
    COUNT,
    LOG,
    NATS,
    SECONDS,
    SHARE,
    YES,
    Band,
    Grade,
    LayerQuantity,
    LayerTableCell,
    Quantity,
    Values,
)
from tui_trainer.history.series import STEP
from tui_trainer.training.events import LayerHealth

FAR = 100.0
"""The largest healthy factor between a layer and the layer that it is compared with."""

RELATIVE = (Band("vanishing", 1 / FAR, Grade.LOW), Band("healthy", FAR, Grade.HEALTHY), Band("exploding", inf, Grade.HIGH))

QUANTITIES: tuple[Quantity, ...] = (
    # Of each batch.
    Quantity(
        "loss", "batch", NATS, title="Loss", unit="nats", curve="Loss of recent batches (nats)", tag="loss/batch", exported="batch loss"
    ),
    Quantity(
        "accuracy",
        "batch",
        SHARE,
        title="Accuracy",
        unit="%",
        curve="Accuracy of recent batches",
        tag="accuracy/batch",
        exported="batch accuracy",
    ),
    # Of each epoch.
    Quantity("epoch", "epoch", COUNT, lambda epoch: epoch.number, tag="epoch"),
    Quantity("step", "epoch", COUNT),
    Quantity("train_loss", "epoch", NATS, words="training loss", lesson="training_loss", tag="loss/train", exported="training loss"),
    Quantity("train_accuracy", "epoch", SHARE, tag="accuracy/train", exported="training accuracy"),
    Quantity(
        "validation_loss",
        "epoch",
        NATS,
        words="validation loss",
        curve="Validation loss (nats)",
        tag="loss/validation",
        exported="validation loss",
    ),
    Quantity(
        "validation_accuracy",
        "epoch",
        SHARE,
        words="validation accuracy",
        curve="Validation accuracy",
        tag="accuracy/validation",
        exported="validation accuracy",
    ),
    Quantity("learning_rate", "epoch", LOG, tag="learning_rate/epoch"),
    # Of each batch, or of each epoch where no batches were kept.
    Quantity("learning_rate", "batch", LOG, title="Learning rate", tag="learning_rate/batch", exported="learning rate"),
    Quantity("seconds", "epoch", SECONDS, tag="seconds"),
    # Of the whole run.
    Quantity(
        "best_validation_accuracy",
        "run",
        SHARE,
        lambda run: run.best_accuracy.value if run.best_accuracy else None,
        words="best validation accuracy",
        head="validation accuracy",
        better=max,
    ),
    Quantity(
        "best_validation_loss", "run", NATS, lambda run: run.best_loss.value if run.best_loss else None, head="validation loss", better=min
    ),
    Quantity("test_loss", "run", NATS, lambda run: run.ended.test_loss if run.ended else None, tag="loss/test"),
    Quantity(
        "test_accuracy",
        "run",
        SHARE,
        lambda run: run.ended.test_accuracy if run.ended else None,
        words="test accuracy",
        head="test accuracy",
        tag="accuracy/test",
        better=max,
    ),
    # None before the first epoch's end: a run that was stopped then is not the fastest.
    Quantity("whole_seconds", "run", SECONDS, lambda run: run.seconds if run.epochs else None, head="seconds", better=min),
    Quantity("epochs", "run", COUNT, lambda run: run.last_epoch, head="epochs trained"),
    Quantity("first_loss", "run", NATS, lambda run: run.first.loss if run.first else None, words="loss of the first batch"),
    Quantity("loss_noise", "run", LOG, lambda run: loss_noise(run.loss.points(STEP)[1]), words="noise of the loss from batch to batch"),
    Quantity("diverged", "run", YES, words="diverged"),
    Quantity(
        "diverged_at",
        "run",
        COUNT,
        lambda run: run.ended.divergence.step if run.ended and run.ended.divergence else None,
        words="step at which it diverged",
    ),
    Quantity("steps", "run", COUNT, words="steps"),
    Quantity("seconds", "run", SECONDS, lambda run: run.ended.seconds if run.ended else None, words="training time"),
    Quantity("parameters", "run", COUNT, words="parameters"),
    Quantity(
        "slope_change",
        "run",
        LOG,
        lambda run: slope_change(run.slopes),
        words="way of the mean slope below 0 in the layer where it moved most",
    ),
    # Of all layers together, per measurement.
    Quantity(
        "gradient_ratio",
        "layers",
        LOG,
        lambda layers: gradient_ratio(layers.figure("gradient_norm")),
        words="first layer's gradient norm over the output layer's",
        curve="First layer's gradient over the output's",
    ),
    Quantity(
        "spread_ratio",
        "layers",
        LOG,
        lambda layers: spread_ratio(layers.figure("activation_std")),
        words="last hidden layer's spread of activations over the first one's",
    ),
    Quantity(
        "dead_fraction",
        "layers",
        SHARE,
        lambda layers: dead_share(layers.figure("dead_fraction")),
        words="share of dead units",
        curve="Dead units",
    ),
    # Of each layer.
    LayerQuantity(
        name="gradient_norm",
        scale=LOG,
        title="Gradient norm",
        words="gradient norm",
        curve="Gradient norm, {layer} layer",
        profile="Gradient norm",
        tag="gradient_norm",
        cell=LayerTableCell("gradient", ".1e", 8, importance=5),
        bands=RELATIVE,
        measure="÷ output layer's, or > 100",
        source="equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours",
        floor=-12.0,
        ceiling=4.0,
        beside="last",
        most=100.0,
    ),
    LayerQuantity(
        name="update_ratio",
        scale=LOG,
        title="Update ratio",
        words="update over weights",
        cell=LayerTableCell("update", ".1e", 7, importance=4),
        bands=(Band("slow", 1e-4, Grade.LOW), Band("healthy", 1e-2, Grade.HEALTHY), Band("fast", inf, Grade.HIGH)),
        measure="step's norm ÷ weights'",
        source="around 1e-3, to 1e-2 in small networks: Karpathy, CS231n; 1e-4 is ours",
        floor=-6.0,
        ceiling=0.0,
    ),
    LayerQuantity(
        name="activation_std",
        scale=LOG,
        title="Activation spread",
        words="spread of activations",
        lesson="spread",
        profile="Spread of activations",
        hidden=True,
        cell=LayerTableCell("output σ", ".2g", 8, importance=2),
        bands=RELATIVE,
        measure="std ÷ first layer's",
        source="equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours",
        floor=-5.0,
        ceiling=2.0,
        beside="first",
    ),
    LayerQuantity(
        name="weight_norm",
        scale=LOG,
        title="Weight norm",
        words="weight norm",
        bands=(Band("", inf, Grade.NEUTRAL),),
        measure="neither good nor bad in itself",
        source="no source gives a threshold; endless growth means too high a rate",
        floor=-1.0,
        ceiling=3.0,
    ),
    LayerQuantity(
        name="dead_fraction",
        scale=SHARE,
        title="Dead share",
        profile="Dead units",
        hidden=True,
        cell=LayerTableCell("dead", ".0%", 4, importance=3),
        bands=(Band("alive", 0.1, Grade.HEALTHY), Band("dying", 0.4, Grade.HIGH), Band("dead", inf, Grade.HIGH)),
        measure="units flat for all probe images",
        source="40% where the rate is too high: Karpathy, CS231n; the 10% are ours",
        floor=0.0,
        ceiling=1.0,
    ),
    LayerQuantity(
        name="saturated_fraction",
        scale=SHARE,
        title="Saturated share",
        words="share of flat activations",
        cell=LayerTableCell("flat", ".0%", 4, importance=1),
        bands=(Band("responsive", 0.6, Grade.HEALTHY), Band("half flat", 0.9, Grade.HEALTHY), Band("flat", inf, Grade.HIGH)),
        measure="outputs where f is flat",
        source="rectifiers start near 50%: Glorot, Bordes & Bengio 2011; both lines are ours",
        floor=0.0,
        ceiling=1.0,
    ),
    Quantity("slopes", "slopes", NATS, profile="Mean slope below 0"),
)


Q = TypeVar("Q", bound=Quantity)


class Figures(Mapping[str, Q]):
    """The QUANTITIES of one kind and purpose by their names for it, in the order of display."""

    def __init__(self, kind: type[Q], belongs: Callable[[Quantity], object], name: str = "name") -> None:
        self._kind, self._belongs, self._name = kind, belongs, name
        self._made_of: tuple[Quantity, ...] = ()
        self._figures: dict[str, Q] = {}

    def _found(self) -> dict[str, Q]:
        # They are asked for thousands of times; who adds a quantity makes another tuple.
        if self._made_of is not QUANTITIES:
            chosen = (each for each in QUANTITIES if isinstance(each, self._kind) and self._belongs(each))
            self._made_of, self._figures = QUANTITIES, {getattr(each, self._name): each for each in chosen}
        return self._figures

    def __getitem__(self, name: str) -> Q:
        return self._found()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


BATCHES: Final = Figures(Quantity, lambda each: each.scope == "batch")
EPOCHS: Final = Figures(Quantity, lambda each: each.scope == "epoch")
RUNS: Final = Figures(Quantity, lambda each: each.scope == "run")
"""By their names in files."""

FIGURES: Final = Figures(LayerQuantity, lambda each: each.scope == "layer")
"""The judged figures of a layer."""

CRITERIA: Final = Figures(Quantity, lambda each: each.words, "lesson_name")
"""The figures of lessons' criteria."""

CURVES: Final = Figures(Quantity, lambda each: each.curve, "lesson_name")
"""The figures of lessons' charts over the course of a run."""

PROFILES: Final = Figures(Quantity, lambda each: each.profile, "lesson_name")
"""The figures of lessons' charts over the layers."""

COMPARED: Final = Figures(Quantity, lambda each: each.head, "head")
"""The figures of a comparison of runs, by their heads."""

EXPORTED: Final = Figures(Quantity, lambda each: each.exported, "exported")
"""The figures of curves.csv, by the names of their curves."""


def table(layers: Iterable[LayerHealth], *, is_logged: bool = False) -> Values:
    """The figures of layers as an array (layers, figures), as `figures_of` returns them."""
    return figures_of(np.array([layer[1:] for layer in layers], np.float64), is_logged=is_logged)


def figures_of(measured: Values, *, is_logged: bool = False) -> Values:
    """The FIGURES of the fields of LayerHealth (…, layers, fields after the name), infinite where a number is not finite.

    With `is_logged`, NaN may mean that an earlier version did not measure the figure; gradients were always measured.
    """
    fields = LayerHealth._make(["", *np.moveaxis(measured, -1, 0)])
    with np.errstate(all="ignore"):
        columns = [np.broadcast_to(figure.take(fields), measured.shape[:-1]) for figure in FIGURES.values()]
    values = np.stack(columns, axis=-1).astype(np.float64)
    beyond = ~np.isfinite(values)
    if is_logged:
        beyond[..., [name != "gradient_norm" for name in FIGURES]] = False
    values[beyond] = inf
    return values


def register(figure: Quantity) -> None:
    """Add a figure. Raises ValueError where its name is taken."""
    global QUANTITIES  # noqa: PLW0603 another tuple is how the tables above notice
    if any(each.name == figure.name for each in QUANTITIES):
        raise ValueError(f"figure {figure.name!r}: the name is taken")
    QUANTITIES = (*QUANTITIES, figure)


def unregister(name: str) -> None:
    """Take a figure out again. Raises KeyError where there is none of this name."""
    global QUANTITIES  # noqa: PLW0603
    left = tuple(each for each in QUANTITIES if each.name != name)
    if len(left) == len(QUANTITIES):
        raise KeyError(name)
    QUANTITIES = left
