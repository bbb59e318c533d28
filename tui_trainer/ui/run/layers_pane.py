"""The pane of the layers: the staircase of their gradients in a run, or how many parameters each has."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size

from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.kit.titles import entitle
from tui_trainer.ui.run.layer_table import LayerTable
from tui_trainer.ui.run.staircase import MARKS, PLAIN_MARKS, Staircase


class LayersPane(Vertical):
    """Shows one of the two; the style sheet hides the other."""

    DEFAULT_CLASSES = "pane -parameters"

    ALLOW_MAXIMIZE = True

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._before = ""
        """What tells this run from the one behind."""
        self._step: int | None = None
        self._told = ""
        """Where the gradients are from, if they are not measured."""

    def compose(self) -> ComposeResult:
        """The staircase and the table."""
        yield Staircase()
        yield LayerTable()

    def on_mount(self) -> None:
        """Begin with the parameters."""
        self._entitle()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As much as all layers take, where the style sheet leaves it to the pane."""
        return self.query_one(LayerTable).wanted_height if self.shows_parameters else self.query_one(Staircase).wanted_height

    @property
    def shows_parameters(self) -> bool:
        """Whether it shows the table."""
        return self.has_class("-parameters")

    def show_parameters(self, wanted: bool) -> None:
        """Show the table, or the staircase."""
        self.set_class(wanted, "-parameters")
        self._entitle()
        if not wanted:
            self.call_after_refresh(self.query_one(Staircase).repaint)

    def stand_before(self, what_changed: str) -> None:
        """Name what stands behind; nothing for an empty text."""
        self._before, self._step, self._told = what_changed, None, ""
        self._entitle()

    def stand_at(self, step: int | None) -> None:
        """Say of which step it is, where that is not the latest."""
        self._step = step
        self._entitle()

    def stand_for(self, told: str) -> None:
        """Say where gradients that are not measured are from."""
        self._told = told
        self._entitle()

    def _entitle(self) -> None:
        if self.shows_parameters:
            entitle(self, title=_("Layers and parameters"), subtitle="")
            return
        mark = (PLAIN_MARKS if self.app.has_class("-plain") else MARKS).within
        below = _("{mark} before: {changes}").format(mark=mark, changes=self._before) if self._before else self._told
        title = _("Gradient of each layer")
        if self._step is not None:
            title += ", " + _("step {step:,.0f}").format(step=self._step)
        entitle(self, title=title, subtitle=printable(below))
