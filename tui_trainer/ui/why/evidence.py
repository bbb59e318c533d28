"""The way from what was measured to what is wrong: in words, and drawn layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, prod
from typing import Any, ClassVar, Final

import numpy as np
from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.diagnosis import factors
from tui_trainer.diagnosis.case import Case, figure, worst
from tui_trainer.diagnosis.factors import Factor
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.diagnosis.rules import RULES
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import Grade
from tui_trainer.history.staircase import Span, span
from tui_trainer.system.folders import printable
from tui_trainer.text import drawing
from tui_trainer.text.language import N_, _

LEAST_BAR: Final = 6

FACTORS = ("vanishing_gradients", "exploding_gradients")
"""What is explained by weights × slope."""

UNITS = ("dead_units", "saturated_units")
"""What is explained by the share of each layer's units that are flat for every image."""

NAMES: Mapping[str, str] = {
    "rms": N_("mean size of the inputs"),
    "learning_rate": N_("learning rate"),
    "usual": N_("usual learning rate"),
    "died": N_("units that died"),
    "loss": N_("loss"),
    "guess": N_("by guessing"),
    "accuracy": N_("accuracy"),
    "train_accuracy": N_("training accuracy"),
    "train_loss": N_("training loss"),
    "best": N_("lowest validation loss"),
    "epoch": N_("epoch"),
    "epochs": N_("epochs asked for"),
    "patience": N_("patience"),
    "rise": N_("above the lowest"),
    "weight_decay": N_("weight decay"),
    "shrunk": N_("left of the weights"),
    "slope": N_("left of the slopes"),
    "spread": N_("spread of weights, of what it should be"),
    "growth": N_("times the recommended signal"),
    "narrowest": N_("narrowest layer"),
    "classes": N_("classes"),
    "class": N_("class"),
    "batch_size": N_("batch size"),
    "noise": N_("jumps of the loss"),
    "mean": N_("mean loss"),
    "share": N_("share"),
    "layer": N_("layer"),
    "step": N_("step"),
}
"""The figures that rules look at, by their names; one that is not here is called by its own."""

SHARES = frozenset({"accuracy", "train_accuracy", "died", "shrunk", "slope", "rise"})


class EvidencePane(VerticalScroll, can_focus=True):
    """Scrolls where there is more than fits."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"evidence--{grade.value}" for grade in Grade}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.plain = False
        self._shown: tuple[Case, Finding] | None = None

    def compose(self) -> ComposeResult:
        """The cause, where it is, what shows it, and what the rule goes by."""
        for name in ("cause", "drawn", "reading", "source"):
            yield Static(id=name)

    def explain(self, reason: str) -> None:
        """Say why there is nothing to show."""
        self._shown = None
        self.border_title = _("Why")
        self.border_subtitle = None
        self._write(cause=Content(reason))

    def show(self, case: Case, finding: Finding) -> None:
        """Show what one finding goes by."""
        self._shown = case, finding
        self.border_title = _("Why")
        self.border_subtitle = Content(", ".join(_places(case, finding))).markup
        rule = RULES.get(finding.name)
        looks = _("It goes by: {looks_at} ({source}).").format(looks_at=_(rule.looks_at), source=_(rule.source)) if rule else ""
        table, reading = self._drawn(case, finding)
        self._write(
            cause=Content(printable(finding.say(finding.cause, _))),
            drawn=table,
            reading=Content(reading),
            source=Content(looks),
        )

    def on_resize(self) -> None:
        """Draw bars for the room there is now."""
        if self._shown:
            self.show(*self._shown)

    def _write(self, **texts: Any) -> None:
        for part in self.query(Static):
            text = texts.get(str(part.id), "")
            part.display = bool(text)
            part.update(text)

    def _drawn(self, case: Case, finding: Finding) -> tuple[Table | str, str]:
        """What shows it, and how to read that."""
        one = case.first or case.last
        if one and finding.name in FACTORS:
            hidden = slice(0, len(case.config.hidden))
            grows = finding.name == "exploding_gradients"
            fades = not grows and worst(one, "gradient_norm", "vanishing", hidden) is None
            found = factors.outputs(case, one) if fades else factors.gradients(case, one)
            return self._chain(found, grows=grows, fades=fades), _reading(case, grows=grows, fades=fades)
        if case.last and finding.name in UNITS:
            return self._shares(case, "dead_fraction"), ""
        return _figures(finding.evidence), ""

    @property
    def _room(self) -> int:
        """Columns for a table; a scrollbar may come to stand beside it."""
        return max(self.scrollable_content_region.width, self.size.width - 1) if self.size.width else 60

    def _chain(self, found: Sequence[Factor], *, grows: bool, fades: bool) -> Table:
        """A row for each layer: a bar, the value, its ratio to the neighbour's, and the factors that make it."""
        columns = ["weights", "slope", *([] if grows or fades else ["inputs"]), "product"]
        heads = [_("output σ") if fades else _("gradient"), *([] if grows else [_("÷ before") if fades else _("÷ next")])]
        rows = [_cells(each, columns, has_ratio=not grows) for each in found]
        heads += [_(WORDS[name]) for name in columns]
        widths = [max(_cell_len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
        names = max(_cell_len(_("layer")), *(len(each.name) for each in found))
        room = max(self._room - names - sum(widths) - len(widths) - 1, LEAST_BAR)
        scale = span([each.value for each in found])
        table = Table.grid(Column(), Column(width=room), *(Column(justify="right") for _ in heads), padding=(0, 1, 0, 0))
        ends = f"1e{scale.low}…1e{scale.high}"
        table.add_row(_("layer"), ends if len(ends) <= room else "", *heads, style="dim")
        figure = FIGURES["activation_std" if fades else "gradient_norm"]
        judged = figure.judged(np.array([each.value for each in found]))
        for each, cells, number in zip(found, rows, judged, strict=True):
            style = self.get_component_rich_style(f"evidence--{figure.band(float(number)).tone.value}")
            table.add_row(each.name, Text(self._bar(each.value, scale, room), style), *cells)
        return table

    def _bar(self, value: float, scale: Span, room: int) -> str:
        return drawing.bar(scale.share(value), room, is_ascii=self.plain) if isfinite(value) else "!" * room

    def _shares(self, case: Case, name: str) -> Table:
        """The share of each hidden layer's units at the start, and now."""
        hidden = len(case.config.hidden)
        before, now = figure(case.first, name)[:hidden], figure(case.last, name)[:hidden]
        names = case.last.names[:hidden] if case.last else ()
        room = max((self._room - max(map(len, names), default=0) - 16) // 1 - 2, LEAST_BAR)
        table = Table.grid(Column(), Column(width=room), Column(justify="right"), Column(justify="right"), padding=(0, 1, 0, 0))
        table.add_row(_("layer"), "0%…100%", _("start"), _("now"), style="dim")
        for number, layer in enumerate(names):
            at_start = f"{before[number]:.0%}" if number < len(before) else ""
            bar = drawing.bar(min(max(now[number], 0.0), 1.0), room, is_ascii=self.plain) if isfinite(now[number]) else ""
            table.add_row(layer, Text(bar, "bold"), at_start, f"{now[number]:.0%}")
        return table


WORDS: Mapping[str, str] = {"weights": N_("weights"), "slope": N_("slope"), "inputs": N_("inputs"), "product": N_("product")}


def _cells(each: Factor, columns: Sequence[str], *, has_ratio: bool) -> list[str]:
    cells = [f"{each.value:.1e}", *([_number(each.ratio)] if has_ratio else [])]
    values = [getattr(each, name) for name in columns[:-1]]
    parts = [_number(value) for value in values]
    total = _number(prod(values))
    # A sign stands only between what is known.
    joints = [" ×" if part else "" for part in parts[1:]] + [" =" if total else ""]
    return [*cells, *(part + joint for part, joint in zip(parts, joints, strict=True)), total]


def _number(value: float) -> str:
    """Two figures, as short as may be."""
    if not isfinite(value):
        return ""
    if 0.1 <= value < 10:
        return f"{value:.2f}"
    return f"{value:.2g}" if 1e-3 <= abs(value) < 1e3 or not value else f"{value:.0e}"


def _cell_len(text: str) -> int:
    return Text(text).cell_len


def _reading(case: Case, *, grows: bool, fades: bool) -> str:
    """How the factors are to be read."""
    texts = [_("Weights: √units × their spread. Slope: the function's mean slope at what the layer gave out.")]
    if "sigmoid" in case.config.activations:
        texts.append(_("Sigmoid's slope is at most 1/4."))
    if grows:
        texts.append(_("Each layer multiplies by the product: the signal on its way forward, the gradient on its way back."))
    elif fades:
        texts.append(_("The product is what a layer makes of the signal before it; the gradient shrinks by as much on its way back."))
    else:
        texts.append(_("Inputs: this layer's over the next one's. `÷ next` was measured; the product is what arithmetic makes of it."))
    return " ".join(texts)


def _places(case: Case, finding: Finding) -> Iterator[str]:
    """Where it is, since when, and how sure that is."""
    if finding.layer:
        yield _("in {layer}").format(layer=printable(finding.layer))
    if not finding.step or finding.step <= 1:
        yield _("from the start")
    else:
        epoch = (finding.step - 1) // max(case.history.batches, 1) + 1
        yield _("seen at step {step:,}, in epoch {epoch}").format(step=finding.step, epoch=epoch)
    yield _("{confidence:.0%} sure").format(confidence=finding.confidence)


def _figures(evidence: Mapping[str, Any]) -> Table | str:
    """The figures as rows."""
    table = Table.grid(Column(), Column(justify="right"), padding=(0, 2, 0, 0))
    rows = [(name, _value(name, value)) for name, value in evidence.items()]
    for name, text in rows:
        table.add_row(_(NAMES.get(name, name.replace("_", " "))), Text(text, "bold"))
    return table if rows else ""


def _value(name: str, value: Any) -> str:
    if isinstance(value, float):
        if name in SHARES or (name == "guess" and value < 1):
            return f"{value:.1%}"
        return f"{value:.3g}"
    return printable(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
