"""The tabs by which a small terminal goes from one view of a screen to another; a key with the number of the tab does the same."""

from collections.abc import Iterable

from textual.widgets import Tab, Tabs

from tui_trainer.text.language import _


class ViewTabs(Tabs):
    """A tab for each of these views, its id `view-` and the view's name."""

    def __init__(self, views: Iterable[str]) -> None:
        tabs = (Tab(f"{key} {_(view.capitalize())}", id=f"view-{view}") for key, view in enumerate(views, 1))
        super().__init__(*tabs, classes="views")
