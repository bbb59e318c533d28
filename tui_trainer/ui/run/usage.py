"""What a run uses of the machine, and in which environment it is trained."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic, process_time
from typing import ClassVar

from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui_trainer.history.history import History
from tui_trainer.system.folders import printable
from tui_trainer.system.machine import cores, memory, resident
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.fitted import Dialog

SECOND = 1.0

NAMES: Mapping[str, str] = {
    "python": N_("Python"),
    "numpy": N_("NumPy"),
    "blas": N_("matrix products"),
    "machine": N_("machine"),
    "system": N_("system"),
}
"""Of the environment's entries."""


@dataclass(frozen=True)
class Used:
    """A run as far as it uses the machine."""

    name: str
    history: History | None
    environment: Mapping[str, str]
    threads: str
    """As they were asked for, or found to be fastest."""
    is_here: bool
    """Whether this process trains it."""


class UsageScreen(Dialog[None]):
    """Looks once a second."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,u,enter", "dismiss", "Close")]

    def __init__(self, used: Callable[[], Used]) -> None:
        super().__init__()
        self._used = used
        self._before: tuple[float, float] | None = None

    def compose(self) -> ComposeResult:
        """One table."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = _("What the run uses")
            dialog.border_subtitle = _("escape closes")
            yield Static(id="used")

    def on_mount(self) -> None:
        """Begin to look."""
        self._look()
        self.set_interval(SECOND, self._look)

    def _look(self) -> None:
        table = Table.grid(Column(width=20), Column(ratio=1, overflow="fold"), expand=True)
        for name, text in self._rows(self._used()):
            table.add_row(Text(_(name)), Text(printable(text), "bold"))
        self.query_one("#used", Static).update(table)

    def _rows(self, used: Used) -> Iterator[tuple[str, str]]:
        yield N_("run"), used.name
        history = used.history
        yield N_("speed"), self._speed(history)
        if history and history.parameters:
            yield N_("parameters"), _("{count:,}, {size}").format(count=history.parameters, size=_bytes(4 * history.parameters))
        yield N_("threads"), _("{threads} of {cores} cores").format(threads=used.threads, cores=cores())
        if used.is_here:
            yield N_("processor"), self._processor()
            held, most = resident(), memory()
            if held:
                yield N_("memory"), _("{held} of {most}").format(held=_bytes(held), most=_bytes(most)) if most else _bytes(held)
        for name, text in used.environment.items():
            yield NAMES.get(name, name), text

    def _speed(self, history: History | None) -> str:
        """Batches and images a second in this epoch."""
        progress = history.progress if history else None
        if progress is None or not progress.seconds:
            return _("nothing is trained")
        text = _("{batches:,.0f} batches/s, {images:,.0f} images/s")
        return text.format(batches=progress.batch / progress.seconds, images=progress.samples / progress.seconds)

    def _processor(self) -> str:
        """How many cores' worth of time this process took since the last look."""
        now, used = monotonic(), process_time()
        before, self._before = self._before, (now, used)
        if before is None or now <= before[0]:
            return "…"
        return _("{share:.0%} of a core").format(share=(used - before[1]) / (now - before[0]))


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
