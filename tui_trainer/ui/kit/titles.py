"""What tells where one is: the first row of a screen, the tabs of its views, the titles in a border."""

from collections.abc import Iterable

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Tab, Tabs

from tui_trainer.text.language import _


class ViewTabs(Tabs):
    """A tab for each of these views, its id `view-` and the view's name. A key with the number of the tab does the same."""

    def __init__(self, views: Iterable[str]) -> None:
        tabs = (Tab(f"{key} {_(view.capitalize())}", id=f"view-{view}") for key, view in enumerate(views, 1))
        super().__init__(*tabs, classes="views")


def header(brand: str, *beside: Widget) -> Horizontal:
    """The row: what the screen is, which may hold anything, and what stands beside that."""
    return Horizontal(Label(Content(brand), classes="brand"), *beside, classes="header")


def entitle(widget: Widget, *, title: str | Content | None = None, subtitle: str | None = None) -> None:
    """Set titles, which may hold anything, where they are others now: Textual draws all of a widget again at each setting."""
    if title is not None and (widget.border_title or "") != (markup := _markup(title)):
        widget.border_title = markup
    if subtitle is not None and (widget.border_subtitle or "") != (markup := _markup(subtitle)):
        widget.border_subtitle = markup


def _markup(title: str | Content) -> str:
    return (title if isinstance(title, Content) else Content(title)).markup
