"""The keys that matter now, on the last line."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui_trainer.text.language import N_, _

PALETTE_BORDER = 1

TEXTUALS = (N_("Dismiss menu"),)
"""What Textual's own widgets call their keys."""

Looks = tuple[str, str, str, bool]
"""All that is seen of a key: which it is and its name, what it does, and whether it does so now."""


class KeyFooter(Footer):
    """Textual's footer, there from the first picture on: what can be done now, and `further` keys as far as there is room."""

    def __init__(self, *further: str) -> None:
        super().__init__()
        self._further = further
        self._keys: dict[Looks, FooterKey] = {}

    def compose(self) -> ComposeResult:
        """Lay out the keys; Textual does so only after a first picture without them, and then everything once more."""
        self._keys = {looks: self._key(each) for looks, each in self._offered().items()}
        yield from self._keys.values()

    async def recompose(self) -> None:
        """Exchange the keys that are others now: each focus that moves asks for this, and a key costs a layout and a look at every rule."""
        async with self.lock:
            if not self.is_attached:  # its screen has been left, as it may be after each `await`
                return
            before, offered = self._keys, self._offered()
            if list(offered) == list(before):
                return
            self._keys = {looks: before[looks] if looks in before else self._key(each) for looks, each in offered.items()}
            with self.app.batch_update():
                await self.remove_children([key for looks, key in before.items() if looks not in offered])
                if self.is_attached:
                    await self.mount_all([key for looks, key in self._keys.items() if looks not in before])
                    order: list[Widget] = list(self._keys.values())
                    self.sort_children(key=order.index)

    def on_resize(self) -> None:
        """There may be room for more keys, or for fewer."""
        self.call_after_refresh(self.recompose)

    def _offered(self) -> dict[Looks, ActiveBinding]:
        """What acts now and finds room: the screen's keys, then the further ones. Those of the whole app always have their places."""
        active = {key: each for key, each in self.screen.active_bindings.items() if each.enabled}
        # The first of several keys that do the same.
        by_action: dict[str, ActiveBinding] = {}
        for each in active.values():
            if each.binding.show:
                by_action.setdefault(each.binding.action, each)
        everywhere = [each for each in by_action.values() if each.node is self.app]
        palette = active.get(self.app.COMMAND_PALETTE_BINDING)
        always = [*everywhere, *([palette] if palette else [])]
        room = self.app.size.width - sum(map(self._width, always)) - PALETTE_BORDER
        # What matters on the whole screen comes before what matters in one part of it.
        local = sorted((each for each in by_action.values() if each.node is not self.app), key=lambda each: each.node is not self.screen)
        here = [*self._with_room(local, room)]
        room -= sum(map(self._width, here))
        found = [*here, *always, *self._with_room(filter(None, map(active.get, self._further)), room)]
        return {self._looks(each): each for each in found}

    def _with_room(self, wanted: Iterable[ActiveBinding], room: int) -> Iterator[ActiveBinding]:
        """Those that find room, in their order."""
        for each in wanted:
            if (width := self._width(each)) <= room:
                room -= width
                yield each

    def _looks(self, each: ActiveBinding) -> Looks:
        return each.binding.key, self.app.get_key_display(each.binding), _(each.binding.description), each.enabled

    def _width(self, each: ActiveBinding) -> int:
        _key, display, meaning, _enabled = self._looks(each)
        return cell_len(f" {display} {meaning} ")

    def _key(self, each: ActiveBinding) -> FooterKey:
        key, display, meaning, enabled = self._looks(each)
        is_palette = key == self.app.COMMAND_PALETTE_BINDING
        tooltip = each.tooltip or (each.binding.description if is_palette else "")
        made = FooterKey(
            key,
            display,
            meaning,
            each.binding.action,
            disabled=not enabled,
            tooltip=_(tooltip) if tooltip else "",
            # Textual's palette has less space around it.
            classes="-command-palette -compact" if is_palette else "",
        )
        made.set_reactive(FooterKey.compact, is_palette)
        return made
