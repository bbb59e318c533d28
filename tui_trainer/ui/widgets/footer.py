"""The keys that matter now, on the last line."""

from typing import Any

from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui_trainer.language import _


class KeyFooter(Footer):
    """Textual's footer, made anew only when it would show something else."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[Any, ...]] | None = None

    def compose(self) -> ComposeResult:
        """Let go of the keys that were shown before: Textual does so only when what they watch changes, and they would pile up."""
        self.mutate_reactive(Footer.compact)
        for part in super().compose():
            if isinstance(part, FooterKey):
                part.description = _(part.description)
                part.tooltip = _(str(part.tooltip)) if part.tooltip else None
            yield part

    async def recompose(self) -> None:
        """Each focus that moves asks for this, and it costs more than all else that a key does."""
        if not self.is_attached:  # its screen has been left
            return
        bindings = self.screen.active_bindings.values()
        keys = [(binding.key, binding.description, binding.key_display, enabled) for _, binding, enabled, _ in bindings if binding.show]
        if keys != self._keys:
            self._keys = keys
            await super().recompose()
