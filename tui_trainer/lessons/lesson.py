"""A lesson: a claim, the runs that test it, what to watch, and the criteria. Each is a TOML file beside this one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tui_trainer.config.error_messages import first_problem
from tui_trainer.config.options import Config, problems
from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.history.quantities import CURVES, PROFILES
from tui_trainer.history.quantity import Quantity
from tui_trainer.history.traces import LayerChoice
from tui_trainer.lessons.criteria import Criterion, Verdict
from tui_trainer.lessons.passage import Carried, Passage, passage
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.system.reading import read_table
from tui_trainer.text.language import _, in_english

FOLDER: Final = Path(__file__).parent
MOST_BYTES: Final = 1 << 16
LONGEST_PROBLEM: Final = 300
MOST_RUNS: Final = 7
"""More curves in one chart cannot be told apart."""

Line = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=28, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Variant(_Table):
    """A run of the lesson: its name, and the options in which it differs."""

    name: Name
    options: dict[str, Any]


class ChartSpec(_Table):
    """A chart of all runs: its quantity, its x axis, and the layer or the time where the quantity needs one."""

    shows: str
    over: Literal["epochs", "steps", "seconds", "layers"] = "epochs"
    layer: LayerChoice = "first"
    at: Literal["start", "end"] = "start"

    @model_validator(mode="after")
    def _check(self) -> "ChartSpec":
        known = PROFILES if self.over == "layers" else CURVES
        if self.shows not in known:
            message = "a chart over {over} shows one of {choices}, not {given}"
            raise PydanticCustomError("chart", message, {"over": self.over, "choices": ", ".join(known), "given": repr(self.shows)})
        return self

    @property
    def quantity(self) -> Quantity:
        """The quantity on the y axis."""
        return (PROFILES if self.over == "layers" else CURVES)[self.shows]

    @property
    def title(self) -> str:
        """The chart's title."""
        if self.over == "layers":
            text = _("{figure}, layer by layer, first batch") if self.at == "start" else _("{figure}, layer by layer, latest")
            return text.format(figure=_(self.quantity.profile))
        return _(self.quantity.curve).format(layer=_(str(self.layer)))

    @property
    def scale(self) -> str:
        """The scale of the y axis: `loss`, `share` or `log`."""
        return self.quantity.scale.name


class RecordedResult(_Table):
    """A result from when the lesson was written, with the command that reproduces it."""

    text: Line
    command: Line


class Attempt(_Table):
    """Options to change in all runs, to see whether the claim still holds."""

    name: Line
    options: dict[str, Any]


class Lesson(_Table):
    """A claim and the runs that test it."""

    name: str
    title: Line
    claim: Line
    watch: Line
    """Where to look, said so that it does not tell what will be seen."""
    why: Line | None = None
    """Why it comes out so: told once it has."""
    therefore: Line | None = None
    """What follows for a network of one's own."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """That the runs took, roughly, when the lesson was written."""
    passage: Carried | None = None
    """What is told of each run, at its first batch, in the end."""
    samples: Annotated[int, Field(ge=1)] | None = None
    """Training images, the first in file order; None for all."""
    options: dict[str, Any] = {}
    varies: tuple[str, ...]
    """The options in which the runs differ."""
    runs: Annotated[tuple[Variant, ...], Field(min_length=2, max_length=MOST_RUNS)]
    charts: Annotated[tuple[ChartSpec, ...], Field(min_length=1, max_length=2)]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    tries: tuple[Attempt, ...] = ()
    measured: tuple[RecordedResult, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Lesson":
        names = [run.name for run in self.runs]
        if len(set(names)) < len(names):
            raise PydanticCustomError("lesson", "two runs have the same name", {})
        for criterion in self.criteria:
            for run in (criterion.run, criterion.than):
                if run is not None and run not in names:
                    raise PydanticCustomError("lesson", "a criterion is about {run}, which is no run of this lesson", {"run": repr(run)})
        for variant in self.runs:
            if strange := variant.options.keys() - set(self.varies):
                what = {"run": variant.name, "name": min(strange)}
                raise PydanticCustomError("lesson", "run {run} sets {name}, which is not among what varies", what)
            with in_english():
                wrong = problems({**self.options, **variant.options})
            if wrong:
                name, problem = next(iter(wrong.items()))
                raise PydanticCustomError("lesson", "run {run}: {name} {problem}", {"run": variant.name, "name": name, "problem": problem})
        for attempt in self.tries:
            if common := attempt.options.keys() & set(self.varies):
                raise PydanticCustomError(
                    "lesson", "try {name} sets {option}, in which the runs differ", {"name": attempt.name, "option": min(common)}
                )
        return self

    @property
    def defaults(self) -> dict[str, Any]:
        """The options that all runs share."""
        return {"validation": 2000, "threads": 1, **self.options}

    def configs(self, given: Mapping[str, Any] | None = None) -> dict[str, Config]:
        """Each run's config, in which `given` overrides the shared options. Raises UserError."""
        given = given or {}
        for name in self.varies:
            if name in given:
                raise UserError(f"the runs of lesson {self.name} differ in it", option=option(name), hint="leave it out")
        return {variant.name: Config.parse({**self.defaults, **given, **variant.options}) for variant in self.runs}

    def config_of(self, run: str, given: Mapping[str, Any] | None = None) -> Config:
        """A run's config outside the lesson, on all images, without the options that keep the lesson short. Raises UserError."""
        variant = next(each for each in self.runs if each.name == run)
        return Config.parse({**self.options, **(given or {}), **variant.options})

    def passages(self, runs: Mapping[str, History]) -> dict[str, Passage]:
        """What becomes of signal or gradient in each run at its first batch, where the lesson is about that."""
        if self.passage is None:
            return {}
        found = {name: passage(run.measured[0], self.passage) for name, run in runs.items() if run.measured}
        return {name: each for name, each in found.items() if each}

    def judge(self, runs: Mapping[str, History]) -> Verdict:
        """The claim's verdict on these runs."""
        return Verdict(tuple(criterion.judge(runs) for criterion in self.criteria))


def names() -> list[str]:
    """The lessons' names, in the recommended order."""
    order = (
        "stacking",
        "exploding",
        "symmetric-activation",
        "he-relu",
        "dying-relu",
        "learning-rate",
        "optimizers",
        "batch-size",
        "circle",
        "bending",
        "counting",
    )
    found = {path.stem for path in FOLDER.glob("*.toml")}
    return [*(name for name in order if name in found), *sorted(found - set(order))]


def following(name: str) -> Lesson | Quiz | None:
    """The lesson after this one, None after the last one and after one that did not come with the program."""
    order = names()
    later = order[order.index(name) + 1 :] if name in order else []
    return read_lesson(later[0]) if later else None


def read_lesson(name: str) -> Lesson | Quiz:
    """The lesson of this name, or of a file whose name ends with .toml. Raises UserError."""
    if name.endswith(".toml"):
        return parse_lesson(Path(name))
    if name not in names():
        raise UserError(f"lesson {name}: no such lesson", hint=f"there are {', '.join(names())}")
    return parse_lesson(FOLDER / f"{name}.toml")


def parse_lesson(path: Path) -> Lesson | Quiz:
    """The lesson in a file. Raises UserError."""
    table = read_table(path, MOST_BYTES)
    try:
        kind = Quiz if "questions" in table else Lesson
        return kind.model_validate({**table, "name": path.stem})
    except ValidationError as error:
        raise UserError(first_problem(error)[:LONGEST_PROBLEM], path=path) from None
