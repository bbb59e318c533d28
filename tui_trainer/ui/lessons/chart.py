"""A chart of a lesson: one figure of all its runs, over the course of training or layer by layer."""

from collections.abc import Callable, Mapping, Sequence

from tui_trainer.history.series import Points
from tui_trainer.lessons.course import SHOWS, Course, Place, profile
from tui_trainer.lessons.lesson import Drawing
from tui_trainer.text.language import _
from tui_trainer.ui.chart.overlay import Line, Overlay

X: Mapping[str, Callable[[Place], float]] = {
    "epochs": lambda place: place.epochs,
    "steps": lambda place: place.steps,
    "seconds": lambda place: place.seconds,
}


class LessonChart(Overlay):
    """Draws a line for each run."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__(drawing.title, drawing.scale, drawing.over)
        self._drawing = drawing

    def show_courses(self, courses: Mapping[str, Course]) -> None:
        """Show how far the runs are."""
        lines = [Line(_(name), self._points(course)) for name, course in courses.items()]
        self.show(lines, self._last(lines, courses))

    def _points(self, course: Course) -> Points:
        drawing = self._drawing
        if drawing.over == "layers":
            return profile(course, drawing.shows, start=drawing.at == "start")
        return SHOWS[drawing.shows].curve(course, X[drawing.over], drawing.layer)

    def _last(self, lines: Sequence[Line], courses: Mapping[str, Course]) -> float:
        """Where the x axis ends: with the last epoch that was asked for, or where the longest line does."""
        if self._drawing.over == "epochs":
            return max((float(course.config.epochs) for course in courses.values()), default=1.0)
        return max((float(line.points[0].max()) for line in lines if len(line.points[0])), default=1.0)
