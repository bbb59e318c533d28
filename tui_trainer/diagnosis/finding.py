"""A finding: what is wrong with a run, where, how sure that is, why, and which options cure it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tui_trainer.diagnosis.case import Case
from tui_trainer.nn.parts import Part
from tui_trainer.system.folders import printable
from tui_trainer.training.events import plain

Options = Mapping[str, Any]
"""Values of options, by name."""


@dataclass(frozen=True)
class Finding:
    """What a rule found in a run."""

    name: str
    symptom: str
    """What is seen, as a template in English that `evidence` fills."""
    cause: str
    """Why that is so and what it does, likewise."""
    evidence: Mapping[str, Any]
    """The figures that the rule looked at, ready to be filled in."""
    remedies: tuple[Options, ...] = ()
    """Sets of options that cure it, the best first."""
    further: tuple[Options, ...] = ()
    """Sets of options that are worth a try when none of those does."""
    layer: str | None = None
    step: int | None = None
    confidence: float = 0.9
    """How sure it is, up to 1."""

    @property
    def tried(self) -> tuple[Options, ...]:
        """All that is worth a try, each once, in this order."""
        return (*self.remedies, *(each for each in self.further if each not in self.remedies))

    def say(self, text: str, translate: Callable[[str], str] = str) -> str:
        """The symptom or the cause in words, in which nothing is left that a terminal would obey."""
        return printable(translate(text).format(**self.evidence))

    def record(self) -> dict[str, Any]:
        """The finding as a strict-JSON object."""
        document: dict[str, Any] = plain(
            {
                "event": "finding",
                "name": self.name,
                "layer": self.layer,
                "step": self.step,
                "confidence": self.confidence,
                "evidence": dict(self.evidence),
                "symptom": self.say(self.symptom),
                "cause": self.say(self.cause),
                "remedies": [{"options": dict(options)} for options in self.tried],
            }
        )
        return document


@dataclass(frozen=True)
class Rule:
    """One thing that may be wrong with a run. `find` gives what `Finding` needs besides the rule's own texts, or None."""

    name: str
    symptom: str
    cause: str
    looks_at: str
    """The figures and the threshold, in a phrase."""
    source: str
    """Where the threshold comes from."""
    find: Callable[[Case], "Evidence | None"] = field(repr=False)
    waits: bool = False
    """Whether it is asked only when the run is over: what is slow at first may come to learn."""
    is_of_data: bool = False
    """Whether it looks at the data alone, which no option changes."""
    place: float = 500
    """Its place among the rules, causes before symptoms: below 100 the data, then the start, from 200 the steps, from 300 the network, from
    400 what is seen of them."""

    def apply(self, case: Case) -> Finding | None:
        """The finding, if the rule speaks."""
        found = self.find(case)
        if found is None:
            return None
        return Finding(
            self.name,
            found.symptom or self.symptom,
            found.cause or self.cause,
            found.figures,
            found.remedies,
            found.further,
            found.layer,
            found.step,
            found.confidence,
        )


@dataclass(frozen=True)
class Evidence:
    """What a rule found."""

    figures: Mapping[str, Any]
    remedies: tuple[Options, ...] = ()
    layer: str | None = None
    step: int | None = None
    confidence: float = 0.9
    symptom: str = ""
    """In place of the rule's, where it is more exact."""
    cause: str = ""
    further: tuple[Options, ...] = ()


class DiagnosisRule(Part, ABC):
    """A rule as a class, which plugins derive from: `find` looks at a run, and the attributes say what was found.

    `symptom` is what is seen, in at most 45 letters, `cause` why that is so, both templates that the figures of the `Evidence` fill:
    `the loss rose to {loss:.3g}`. `looks_at` is the figures and the limit, `source` where the limit comes from.
    """

    symptom: ClassVar[str]
    cause: ClassVar[str]
    looks_at: ClassVar[str] = ""
    source: ClassVar[str] = ""
    waits: ClassVar[bool] = False
    """Whether it is asked only when the run is over."""
    is_of_data: ClassVar[bool] = False
    """Whether it looks at the data alone, which no option changes."""
    place: ClassVar[float] = 500
    """As in `Rule`."""

    @abstractmethod
    def find(self, case: Case) -> "Evidence | None":
        """The evidence, where the run has the fault; else None."""

    @classmethod
    def rule(cls) -> Rule:
        """What the diagnosis asks. Raises ValueError where a text is missing."""
        if missing := [name for name in ("symptom", "cause") if not isinstance(getattr(cls, name, None), str)]:
            raise ValueError(f"a rule has a text {missing[0]}")
        texts = cls.symptom, cls.cause, cls.looks_at or cls.summary, cls.source
        return Rule(cls.name, *texts, cls().find, waits=cls.waits, is_of_data=cls.is_of_data, place=cls.place)
