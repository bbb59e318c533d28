"""`tui-trainer paths`: the optimizers go down a valley, in the app or as a table."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal

import click

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.commands.refresh import check_refresh
from tui_trainer.descent.landscape import SURFACES, OptimizerPath, paths
from tui_trainer.errors import UserError
from tui_trainer.nn.optimizers import OPTIMIZERS

MOST_STEPS = 100_000

NUMBERS = (1, 2, 3, 4, 5, 6, 7)
"""Columns of the table that hold numbers."""


class Optimizers(click.Option):
    """Says which there are at the time of asking: some may be registered while the program runs."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Name them."""
        self.help = f"Which optimizers, of {', '.join(OPTIMIZERS)}.  [default: all; in the app sgd, momentum and adam are shown at first]"
        return super().get_help_record(ctx)


@click.command("paths", cls=PluginCommand)
@click.option(
    "--surface",
    type=click.Choice(tuple(SURFACES)),
    default="valley",
    show_default=True,
    help=f"What to go down. {'; '.join(f'{name}: {kind.summary}' for name, kind in SURFACES.items())}.",
)
@click.option(
    "--optimizer",
    "optimizers",
    cls=Optimizers,
    metavar="NAME,...",
)
@click.option("--learning-rate", "--lr", "rates", metavar="RATE,...", help="One for all, or one each.  [default: what suits the surface]")
@click.option("--steps", type=click.IntRange(0, MOST_STEPS), help="With --no-ui: how many to take.  [default: what suits the surface]")
@click.option("--no-ui", is_flag=True, help="Print where each optimizer ends.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), help="What --no-ui prints; json: every step.  [default: text]")
@click.option("--refresh", type=float, metavar="PER_SECOND", help="How many pictures the app draws; less for slow lines.  [default: 10]")
@click.option("--no-mouse", is_flag=True, help="Take no mouse, for terminals whose reports of it get in the way.")
@language_option
@click.pass_context
def paths_command(
    context: click.Context,
    /,
    surface: str,
    optimizers: str | None,
    rates: str | None,
    steps: int | None,
    no_ui: bool,
    form: Literal["text", "json"] | None,
    refresh: float | None,
    no_mouse: bool,
) -> None:
    """Watch the optimizers that train networks go down a valley of two parameters, step by step."""
    names = _names(optimizers) if optimizers is not None else tuple(OPTIMIZERS)
    chosen = _rates(rates, names) if rates is not None else {}
    if refresh is not None:
        check_refresh(refresh)
    if no_ui:
        for name, is_set in (("--refresh", refresh is not None), ("--no-mouse", no_mouse)):
            if is_set:
                raise UserError("only the app has a screen", option=name, hint="leave out --no-ui")
        _print(surface, names, chosen, steps, form or "text")
        return
    for name, value in (("--format", form), ("--steps", steps)):
        if value is not None:
            raise UserError("only --no-ui prints paths", option=name, hint="add --no-ui")
    from tui_trainer.ui.start import show_paths_in_app  # noqa: PLC0415 nothing but the app may import Textual

    shown = None if optimizers is None else names
    context.exit(show_paths_in_app(surface, shown, chosen, pictures_per_second=refresh, mouse=not no_mouse))


def _names(given: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",")))
    for name in names:
        if name not in OPTIMIZERS:
            raise UserError(f"must be some of {', '.join(OPTIMIZERS)}, not {name!r}", option="--optimizer", colon=False)
    return names


def _rates(given: str, names: Sequence[str]) -> Mapping[str, float]:
    words = given.split(",")
    if len(words) not in (1, len(names)):
        raise UserError(
            f"must be one number, or {len(names)} for {','.join(names)}, not {len(words)}", option="--learning-rate", colon=False
        )
    numbers = [_rate(word) for word in words]
    return dict(zip(names, numbers if len(numbers) > 1 else numbers * len(names), strict=True))


def _rate(word: str) -> float:
    try:
        rate = float(word)
    except ValueError:
        rate = 0.0
    if not (isfinite(rate) and rate > 0):
        raise UserError(f"must be a finite number above 0, not {word.strip()!r}", option="--learning-rate", colon=False)
    return rate


def _print(surface: str, names: Sequence[str], rates: Mapping[str, float], steps: int | None, form: str) -> None:
    from tui_trainer.headless.tables import say_table  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.system.streams import results  # noqa: PLC0415

    kind = SURFACES[surface]
    all_rates = [rates.get(name, kind.rate(name)) for name in names]
    steps = kind.steps if steps is None else steps
    with results():
        if form == "json":
            for name, rate in zip(names, all_rates, strict=True):
                _say_points(OptimizerPath(kind, name, rate), steps)
            return
        found = paths(kind, names, all_rates, steps)
        if fault := next((path.fault for path in found if path.fault), None):
            raise fault
        heads = ("optimizer", "rate", "step", "x", "y", "value", "distance", "near at", "")
        say_table(heads, [_row(path, steps) for path in found], NUMBERS, whole=2)


def _row(path: OptimizerPath, steps: int) -> list[str]:
    state, arrival = path.state_at(steps), path.arrival(steps)
    numbers = [f"{number:.4g}" for number in (state.x, state.y, state.value, state.distance)]
    near = "" if arrival is None else str(arrival)
    return [path.optimizer, f"{path.rate:g}", str(state.step), *numbers, near, "diverged" if state.diverged else ""]


def _say_points(path: OptimizerPath, steps: int) -> None:
    """Every step on a line of its own; a number that is not finite is null."""
    from tui_trainer.headless.tables import say_json  # noqa: PLC0415 --help need not wait for it

    path.walk(steps)
    if path.fault:
        raise path.fault
    from tui_trainer.training.events import plain  # noqa: PLC0415

    for step in range(len(path.points(steps))):
        state = path.state_at(step)
        whose = {"surface": path.surface.name, "optimizer": path.optimizer, "learning_rate": path.rate}
        numbers = {"x": state.x, "y": state.y, "value": state.value, "distance": state.distance}
        say_json({**whose, "step": step, **plain(numbers), "diverged": state.diverged})
