"""The keys that matter now, on the last line."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui_trainer.text.language import N_, _

PALETTE_BORDER = 1

TEXTUALS = (N_("Dismiss menu"),)
"""What Textual's own widgets call their keys."""


class KeyFooter(Footer):
    """Textual's footer, made anew only when it would show something else; `further` keys follow the others as far as there is room."""

    def __init__(self, *further: str) -> None:
        super().__init__()
        self._further = further
        self._keys: list[tuple[Any, ...]] | None = None

    def compose(self) -> ComposeResult:
        """Let go of the keys that were shown before: Textual does so only when what they watch changes, and they would pile up."""
        self.mutate_reactive(Footer.compact)
        for part in super().compose():
            if isinstance(part, FooterKey):
                part.description = _(part.description)
                part.tooltip = _(str(part.tooltip)) if part.tooltip else None
            yield part
        if self._bindings_ready:
            for _node, binding, enabled, tooltip in self._with_room(self.screen.active_bindings):
                display, meaning = self.app.get_key_display(binding), _(binding.description)
                key = FooterKey(binding.key, display, meaning, binding.action, disabled=not enabled)
                key.tooltip = _(tooltip) if tooltip else None
                yield key.data_bind(compact=Footer.compact)

    async def recompose(self) -> None:
        """Each focus that moves asks for this, and it costs more than all else that a key does."""
        if not self.is_attached:  # its screen has been left
            return
        active = self.screen.active_bindings
        bindings = [*_shown(active), *self._with_room(active)]
        keys = [(binding.key, binding.description, binding.key_display, enabled) for _, binding, enabled, _ in bindings]
        if keys != self._keys:
            self._keys = keys
            await super().recompose()

    def on_resize(self) -> None:
        """There may be room for more keys, or for fewer."""
        if self._further:
            self.call_after_refresh(self.recompose)

    def _with_room(self, active: Mapping[str, ActiveBinding]) -> Iterator[ActiveBinding]:
        """Those of the further keys that act now and find room, in their order."""
        shown = {each.binding.action: each for each in _shown(active)}.values()
        palette = active.get(self.app.COMMAND_PALETTE_BINDING)
        room = self.app.size.width - sum(map(self._width, shown)) - (self._width(palette) + PALETTE_BORDER if palette else 0)
        for each in filter(None, map(active.get, self._further)):
            if (width := self._width(each)) <= room:
                room -= width
                yield each

    def _width(self, each: ActiveBinding) -> int:
        return cell_len(f" {self.app.get_key_display(each.binding)} {_(each.binding.description)} ")


def _shown(active: Mapping[str, ActiveBinding]) -> Iterator[ActiveBinding]:
    return (each for each in active.values() if each.binding.show)
