"""The form's run in words: as a command line, and as a TOML file."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_trainer.config.command_line import command_line, toml
from tui_trainer.config.options import Config
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.fitted import Dialog

NO_TOML = N_("# every option has its default")


class CopyScreen(Dialog[None]):
    """Shows both, and copies one by the terminal's clipboard (OSC 52), which works over SSH."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy('command')", "Copy command"),
        Binding("t", "copy('toml')", "Copy TOML"),
        Binding("escape,q", "dismiss", "Close"),
    ]

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._texts = {"command": command_line(config), "toml": toml(config) or _(NO_TOML)}

    def compose(self) -> ComposeResult:
        """Both texts, and a button for each."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = _("The same run in words")
            dialog.border_subtitle = _("escape closes")
            yield Static(_("As a command"), classes="heading")
            yield Static(_shown(self._texts["command"]), classes="note")
            yield Static(_("As a file for --config"), classes="heading")
            yield Static(_shown(self._texts["toml"].rstrip()), classes="note")
            with Horizontal(classes="answers"):
                yield Button(_("Copy command (c)"), id="command", variant="primary", compact=True)
                yield Button(_("Copy TOML (t)"), id="toml", compact=True)
                yield Button(_("Close"), id="close", compact=True)

    def action_copy(self, which: str) -> None:
        """Put a text into the clipboard of the terminal."""
        self.app.copy_to_clipboard(self._texts[which])
        self.dismiss()
        self.app.notify(_("Copied. Where the terminal does not allow that, select the text with shift and the mouse."), timeout=4)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "close":
            self.dismiss()
        else:
            self.action_copy(str(event.button.id))


def _shown(text: str) -> Content:
    """What is copied may hold the name of a file, which may hold what a terminal would obey."""
    return Content("\n".join(printable(line) for line in text.split("\n")))
