"""What changed on a screen, written to the terminal without what is left of it."""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class LeanUpdate(ChopsUpdate):
    """Writes what changed alone: Textual's own writes each row from the left edge of its widget, most of a chart for its last columns."""

    def render_segments(self, console: Console) -> str:
        """The characters and escape sequences."""
        written: list[str] = []
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < last and first < end:
                    start = max(x, first)
                    written += [Control.move_to(start, y).segment.text, strip.crop(start - x, min(end, last) - x).render(console)]
        return "".join(written)


class LeanCompositor(Compositor):
    """Gives lean updates."""

    @property
    def cuts(self) -> list[list[int]]:
        """Where widgets start and end on each line, but for what one of a line's width covers: letters would be cut in two."""
        if self._cuts is None:
            width, height = self.size
            found, is_covered = [{0, width} for _ in range(height)], [False] * height
            for region, clip in self.visible_widgets.values():  # the topmost first
                shown = region.intersection(clip)
                for line in shown.line_range if shown.width else ():
                    if not is_covered[line]:
                        found[line] |= {shown.x, shown.right}
                        is_covered[line] = shown.width >= width
            self._cuts = [sorted(each) for each in found]
        return self._cuts

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return update and LeanUpdate(update.chops, update.spans, update.chop_ends)
