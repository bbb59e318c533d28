"""What the form describes, told before it is trained: parameters, pictures, what arithmetic foresees, what differs from the run shown."""

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from tui_trainer.config.differences import differences
from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.diagnosis.foresight import foresee, turn
from tui_trainer.diagnosis.remedies import briefly
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.kit.plugins import contained
from tui_trainer.ui.kit.titles import entitle
from tui_trainer.ui.run.diagram import Diagram
from tui_trainer.ui.run.field import TITLES
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.portrait_view import PortraitView
from tui_trainer.ui.run.portraits import portrait
from tui_trainer.ui.run.rate_test import RatesFound, alike_for_a_test
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.run.training import TrainingPanel
from tui_trainer.ui.run.view import RunView

FORESEEN = ("activation", "alpha", "initializer", "uniform_limit")
"""What decides how gradients fare in an untrained network, but for the layers' sizes, which are better seen in the table."""


class Prospect:
    """Writes into the parts of a screen that has a form, pictures beside it, the view of a run and its panel."""

    def __init__(self, screen: Screen[Any], view: RunView, panel: TrainingPanel, spec_of: Callable[[Config], DataSpec]) -> None:
        self._screen, self._view, self._panel, self._spec_of = screen, view, panel, spec_of
        self._considered: tuple[str, Config | None] = "", None
        self._tested: list[tuple[Config, RatesFound]] = []
        """What range tests found, the latest last."""

    @property
    def _form(self) -> ConfigForm:
        return self._screen.query_one(ConfigForm)

    @property
    def _runner(self) -> Runner | None:
        """The run that is shown, if there is one."""
        return self._panel.runner

    def tell(self, config: Config | None) -> None:
        """Tell all there is to know of a form that describes this run, or none."""
        with contained(self._screen):
            self.count(config)
        self.compare()
        with contained(self._screen):
            self._foresee(config)

    def consider(self, option: str, config: Config | None) -> None:
        """Show what a choice does: its portrait, and before the first run the gradients that it leaves."""
        self._considered = option, config
        picture = None
        if config:
            found = self._diverged_at(config), self._rates(config)
            with contained(self._screen):
                picture = portrait(option, config, self._spec_of(config), diverged_at=found[0], rates=found[1])
        for part in (self._form, self._screen.query_one("#stage")):
            part.set_class(picture is not None, "-portrayed")
        for view in self._screen.query(PortraitView):
            view.show(picture, _(TITLES.get(option, option.replace("_", " "))))
        with contained(self._screen):
            self._foresee(config or self._form.config)
        if not self._runner:
            self._view.show_parameters_or_gradients(option not in FORESEEN)

    def learn_rates(self, config: Config, found: RatesFound) -> None:
        """Mark on the picture of the learning rate what a range test found."""
        self._tested.append((config, found))
        self.consider(*self._considered)

    def _rates(self, config: Config) -> RatesFound | None:
        return next((found for tested, found in reversed(self._tested) if alike_for_a_test(tested, config)), None)

    def draw_with(self, marks: Marks) -> None:
        """Draw the portraits with these characters."""
        for view in self._screen.query(PortraitView):
            view.draw_with(marks)

    def count(self, config: Config | None) -> None:
        """Count the parameters of the form's network, and say what it is while no run is shown."""
        if config:
            spec = self._spec_of(config)
            self._view.show_parameters(config, spec)
            self._screen.query_one("#picture", Diagram).show((spec.features, *config.hidden, spec.classes))
        else:
            self._view.explain(_("an option is wrong: see the form"))
        if not self._runner:
            self.name(config)

    def name(self, config: Config | None) -> None:
        """Say what network is shown."""
        if config:
            self._view.say_what_it_is(config, self._spec_of(config))
        else:
            self._view.say_what_it_is(None)

    def compare(self) -> None:
        """Say in what the form is another run than the one that is shown."""
        text, config = "", self._form.config
        if self._runner and config and (found := differences(self._runner.options, config)):
            text = _("not yet run: {options}").format(options=briefly([{name: now for name, (_was, now) in found.items()}], _))
        entitle(self._form, subtitle=printable(text))

    def _diverged_at(self, config: Config) -> float | None:
        """The learning rate at which the latest run diverged, where that is all that tells it from this one."""
        runner = self._runner
        if runner and runner.history.diverged and differences(runner.options, config).keys() <= {"learning_rate"}:
            return runner.options.learning_rate
        return None

    def _foresee(self, config: Config | None) -> None:
        """Warn of what arithmetic foresees, and show the gradients while no run is shown."""
        if config is None:
            self._form.warn("")
            self._panel.foresee("")
            return
        foreseen = foresee(config, self._spec_of(config))
        way = turn(foreseen)
        warning = way.briefly(_) if way.is_far else ""
        self._form.warn(warning)
        if not self._runner:
            self._view.foresee(foreseen, warning)
            self._panel.foresee(way.told(_) if way.is_far else "")
