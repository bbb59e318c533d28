"""The titles in a widget's border."""

from textual.content import Content
from textual.widget import Widget


def entitle(widget: Widget, *, title: str | None = None, subtitle: str | None = None) -> None:
    """Set titles, which may hold anything, where they are others now: Textual draws all of a widget again at each setting."""
    if title is not None and (widget.border_title or "") != Content(title).markup:
        widget.border_title = Content(title).markup
    if subtitle is not None and (widget.border_subtitle or "") != Content(subtitle).markup:
        widget.border_subtitle = Content(subtitle).markup
