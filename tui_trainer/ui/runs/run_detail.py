"""All of a run that its row in the list has no room for, in a few words."""

from textual.content import Content
from textual.widgets import Static

from tui_trainer.runs.archive import RunRecord
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.runs.reader import Unreadable


class RunDetail(Static):
    """A line or two below the list."""

    def tell(self, state: RunRecord | Unreadable, *, is_ours: bool) -> None:
        """Say it of a run, which may be going on in this app, or why there is nothing to say."""
        if isinstance(state, Unreadable):
            self.update(Content(f"✗ {printable(state.reason)}"))
            return
        best = _(", best after epoch {epoch}").format(epoch=state.history.best_loss.epoch) if state.history.best_loss else ""
        parameters = _(", {count:,} parameters").format(count=state.parameters) if state.parameters is not None else ""
        began = _("{path}: began {started:%Y-%m-%d %H:%M}").format(path=printable(str(state.path)), started=state.started)
        self.update(Content(f"{began}{parameters}{best}{'' if is_ours else _fate(state)}"))

    def wait(self, is_read: bool) -> None:
        """Say that it is read, if it is."""
        self.update(_("reading…") if is_read else "")


def _fate(record: RunRecord) -> str:
    """What has become of a run that has no end."""
    if record.status != "unfinished":
        return ""
    if record.held:
        return _("; going on in another window or process")
    return _("; it was killed, or its machine is gone") + (_("; g goes on with it") if record.has_checkpoint else "")
