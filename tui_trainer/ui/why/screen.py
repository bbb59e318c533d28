"""Why a run is as it is: what is wrong with it, what shows that, and the remedies, which are tried beside it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from tui_trainer.diagnosis.attempt import Attempt
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import Rhythm, diagnose
from tui_trainer.diagnosis.finding import Finding, Options
from tui_trainer.diagnosis.remedies import briefly, changed
from tui_trainer.history.history import History
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.overlay import Overlay
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.meter import Meter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.run.copy import CopyScreen
from tui_trainer.ui.why.chart import KINDS, LayersChart, TrialChart
from tui_trainer.ui.why.choices import Choices
from tui_trainer.ui.why.costs import costs
from tui_trainer.ui.why.evidence import FACTORS, UNITS, EvidencePane
from tui_trainer.ui.why.reader import CaseRead, CaseReader
from tui_trainer.ui.why.trial import Trial, TrialEnded, TrialRefused
from tui_trainer.ui.why.verdict import nothing, verdict

VIEWS = ("why", "cures")
"""What a small terminal shows one at a time; a large one shows both."""

NARROW = 120

HELD_OUT = ("overfitting", "early_stopping_early")
"""What only the validation set tells."""

KEYS = (
    ("up, down", N_("Go to the next finding, or the next remedy")),
    ("enter", N_("On a finding: go to its remedies; on a remedy: try it")),
    ("tab, shift+tab", N_("Go from the findings to what shows them, to the remedies and to the charts")),
)

NOTES = (
    N_("Causes stand before what follows from them: mend the first one first."),
    N_("A remedy is tried on the same data, from the same seed, for as many epochs as the run has had by then. Nothing is kept on disk."),
    N_("It holds when the finding is gone and the network does better on images that it was not trained on; else the next one is tried."),
)

Key = tuple[str, str]
"""What a remedy is known by: its finding and its options."""


@dataclass(frozen=True)
class Cure:
    """A remedy that is wanted: for the form, or for a run at once."""

    options: Options
    starts: bool


class WhyScreen(PaneScreen[Cure | None]):
    """Asks again and again how the run stands; of a run on disk, `path` is read besides, once.

    A remedy for one of those is shown as a command line: there is no form that it could go into.
    """

    SHEET = "why/why.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide"), (180, "-vast")]  # noqa: RUF012 so does Textual declare it

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "try", "Try it", tooltip="Train the run again with the remedy under the cursor, beside the sick one"),
        Binding("s", "stop", "Stop", tooltip="Stop trying"),
        Binding("u", "use", "To form", tooltip="Take the remedy under the cursor into the main screen's form, or copy it as a command"),
        Binding("r", "start", "Start it", tooltip="Start a run with the remedy under the cursor; stops the one that is going on"),
        Binding("1", "view('why')", "Why", tooltip="Show what is wrong and what shows it (small terminals)", show=False),
        Binding("2", "view('cures')", "Cures", tooltip="Show the remedies and what they do (small terminals)", show=False),
        Binding("escape,x", "leave", "Back", tooltip="Go back to where you were; stops what is tried", key_display="esc"),
    ]

    PANES = (Overlay, EvidencePane)
    VIEWED = "#diagnosis"
    AUTO_FOCUS = "#findings"

    def __init__(
        self, name: str, case: Callable[[], Case | None], marks: Marks, looks_per_second: float, *, path: Path | None = None
    ) -> None:
        super().__init__(marks)
        self.trial: Trial | None = None
        """What is tried now."""
        self.findings: tuple[Finding, ...] = ()
        self.attempts: dict[Key, Attempt] = {}
        """What was tried."""
        self._run_name = name
        self._find_case = case
        self._tick = 1 / looks_per_second
        self._has_form = path is None
        self._reader = CaseReader(path, self.post_message) if path else None
        self._read: Case | None = None
        """What the run's folder and its data tell."""
        self._case: Case | None = None
        self._known: object = None
        """What the findings were made from."""
        self._rhythm = Rhythm()
        self._last: tuple[str, History, int] | None = None
        """The remedy that was tried last, its run and its epochs, as the charts show it."""
        self._refusal = ""

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, Overlay), N_("In the lists"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The findings over what shows them; the remedies over what is tried; and what is going on."""
        yield header(_("Why: {run}").format(run=printable(self._run_name)), ViewTabs(VIEWS))
        with Horizontal(id="diagnosis", classes=f"-{VIEWS[0]}"):
            with Vertical(id="reasons"):
                yield Choices(id="findings", compact=True)
                yield EvidencePane(id="evidence")
            with Vertical(id="cures"):
                yield Choices(id="remedies", compact=True)
                with Vertical(id="told"):
                    yield Static(id="cost")
                    yield Static(id="verdict")
                with Container(id="trials"):
                    for kind in KINDS:
                        yield TrialChart(kind)
                    yield LayersChart()
        with Horizontal(id="state"):
            yield Static(id="sentence")
            yield Meter()
            yield Button(_("Try it"), id="try", compact=True)
            yield Button(_("To form") if self._has_form else _("Copy"), id="use", compact=True)
            if self._has_form:
                yield Button(_("Start it"), id="begin", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one("#findings").border_title = _("Found")
        self.query_one("#remedies").border_title = _("Remedies")
        self.query_one(Meter).display = False
        self._draw_with(self.marks)
        self._look()
        self.set_interval(self._tick, self._look)
        if self._reader:
            self._reader.start()

    def on_unmount(self) -> None:
        """Stop what is tried."""
        if self._reader:
            self._reader.stop()
        if self.trial:
            self.trial.stop()

    # What is found

    def _look(self) -> None:
        """Show how things stand."""
        if not self.query("#remedies"):  # this screen closes
            return
        before = self._known
        if self.trial is None:
            self._diagnose_anew()
        else:
            self.trial.history.drain()
            self.query_one(Meter).show(self.trial.position)
            self.query_one("#sentence", Static).update(self._state())
        if self.trial or self._known != before or not (self._case and self._case.history.ended):
            self._draw_trial()

    def _diagnose_anew(self) -> None:
        case = self._present_case()
        known = case and (id(case.history), case.history.ended, case.data, case.start, case.predictions)
        if known != self._known:
            self._rhythm = Rhythm()
        if case and not self._rhythm.is_due(case.history.last_epoch):
            return
        before = self.finding
        self._known, self._case = known, case
        self.findings = diagnose(case) if case else ()
        names = [finding.name for finding in self.findings]
        found = self.query_one("#findings", OptionList)
        with self.prevent(OptionList.OptionHighlighted):
            found.clear_options()
            found.add_options([Option(Content(printable(each.say(each.symptom, _)))) for each in self.findings])
            found.display = bool(names)
            if names:
                found.highlighted = names.index(before.name) if before and before.name in names else 0
        self._show_finding()

    def _present_case(self) -> Case | None:
        """The run as it stands, with all that is known of it."""
        case, read = self._find_case(), self._read
        if case and read:
            # The data and the threads as they were found.
            found = {"data": read.config.data, "threads": read.config.threads}
            config = case.config.model_copy(update=found)
            return replace(case, config=config, data=read.data, start=read.start, predictions=read.predictions, sharpness=read.sharpness)
        return case or read

    @on(CaseRead)
    def _case_read(self, event: CaseRead) -> None:
        self._reader, self._read = None, event.case
        self._known = None
        if event.problem:
            self.notify(printable(str(event.problem)), severity="warning", markup=False)
        self._look()

    @property
    def finding(self) -> Finding | None:
        """The one under the cursor."""
        at = self.query_one("#findings", OptionList).highlighted
        return self.findings[at] if at is not None and at < len(self.findings) else None

    @property
    def remedy(self) -> Options | None:
        """The one under the cursor."""
        at, tried = self.query_one("#remedies", OptionList).highlighted, self.finding.tried if self.finding else ()
        return tried[at] if at is not None and at < len(tried) else None

    def _show_finding(self) -> None:
        evidence, finding = self.query_one(EvidencePane), self.finding
        if self._case is None or finding is None:
            evidence.explain(_("Reading the run's files…") if self._reader and not self._case else nothing(self._case))
        else:
            evidence.show(self._case, finding)
        self._list_remedies(0)

    def _list_remedies(self, at: int | None = None) -> None:
        remedies = self.query_one("#remedies", OptionList)
        at = remedies.highlighted if at is None else at
        tried = self.finding.tried if self.finding else ()
        with self.prevent(OptionList.OptionHighlighted):
            remedies.clear_options()
            remedies.add_options([Option(Content(f"{self._sign(each)} {briefly([each], _)}")) for each in tried])
            remedies.highlighted = min(at or 0, len(tried) - 1) if tried else None
        remedies.display = bool(tried)
        self._show_remedy()

    def _sign(self, options: Options) -> str:
        """Whether it was tried, and what came of it."""
        assert self.finding
        if self.trial and _key(self.trial.finding, self.trial.options) == _key(self.finding, options):
            return "▶"
        attempt = self.attempts.get(_key(self.finding, options))
        return "·" if attempt is None else "✓" if attempt.holds else "✗"

    def _show_remedy(self) -> None:
        remedy, finding = self.remedy, self.finding
        text = ""
        if finding and not finding.tried:
            text = _("No option cures this: look at the data.")
        elif self._case and remedy:
            text = _("It costs: {costs}.").format(costs=costs(self._case, remedy) or _("nothing"))
        self._write("#cost", text)
        self._tell()
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted, "#findings")
    def _finding_chosen(self) -> None:
        self._show_finding()
        self._draw_trial()

    @on(OptionList.OptionHighlighted, "#remedies")
    def _remedy_chosen(self) -> None:
        self._show_remedy()
        self._draw_trial()

    @on(OptionList.OptionSelected, "#findings")
    def _finding_taken(self) -> None:
        self.action_view("cures")
        self.query_one("#remedies").focus()

    @on(OptionList.OptionSelected, "#remedies")
    def _remedy_taken(self) -> None:
        self.action_try()

    # What is tried

    def action_try(self) -> None:
        """Train the run again with the remedy."""
        if self.trial is None and self._case and self.finding and self.remedy:
            self._refusal = ""
            self.trial = Trial(self._case, self.finding, self.remedy, self.post_message)
            self._last = briefly([self.remedy], _), self.trial.history, self.trial.epochs
            self.trial.start()
            self.action_view("cures")
            self._list_remedies()
            self._look()

    def action_stop(self) -> None:
        """End what is tried."""
        if self.trial:
            self.trial.stop()

    @on(TrialEnded)
    def _ended(self, event: TrialEnded) -> None:
        if event.trial is not self.trial:
            return
        self.trial.history.drain()
        self.trial = None
        if event.attempt:
            self.attempts[_key(event.trial.finding, event.trial.options)] = event.attempt
        self._list_remedies()
        following = self._following(event.attempt)
        if following is not None:
            self._list_remedies(following)
            self.action_try()
        else:
            self._draw_trial()
            self._look()

    def _following(self, attempt: Attempt | None) -> int | None:
        """The place of the next remedy, where this one did not help and there is one that was not tried."""
        if attempt is None or attempt.holds or self.finding is None or self.finding.name != attempt.finding.name:
            return None
        untried = (at for at, options in enumerate(self.finding.tried) if _key(self.finding, options) not in self.attempts)
        return next(untried, None)

    @on(TrialRefused)
    def _refused(self, event: TrialRefused) -> None:
        if event.trial is self.trial:
            self.trial, self._refusal = None, printable(str(event.error))
            self._list_remedies()
            self._draw_trial()

    @on(Button.Pressed, "#try")
    def _try_pressed(self) -> None:
        if self.trial:
            self.action_stop()
        else:
            self.action_try()

    def _draw_trial(self) -> None:
        """The sick run's curves, and over them those of the remedy under the cursor, or else of what was tried last."""
        case, finding, attempt = self._case, self.finding, self._attempt
        runs = [(printable(self._run_name), case.history)] if case else []
        end = float(max(case.history.last_epoch, 1)) if case else 1.0
        if attempt and not self.trial:
            runs.append((briefly([attempt.options], _), attempt.after.history))
            end = float(max(attempt.after.history.last_epoch, 1))
        elif self._last:
            name, history, epochs = self._last
            runs.append((name, history))
            end = float(max(epochs, 1))
        is_held_out = finding is not None and finding.name in HELD_OUT
        for chart in self.query(TrialChart):
            chart.show_runs(runs, is_held_out=is_held_out, end=end)
        layers = self.query_one(LayersChart)
        layers.display = finding is not None and finding.name in (*FACTORS, *UNITS)
        self.query_one("#trials").set_class(layers.display, "-of-layers")
        if finding and layers.display:
            layers.show_runs(runs, "dead_fraction" if finding.name in UNITS else "gradient_norm")

    @property
    def _attempt(self) -> Attempt | None:
        """What came of the remedy under the cursor, if it was tried."""
        return self.attempts.get(_key(self.finding, self.remedy)) if self.finding and self.remedy else None

    def _tell(self) -> None:
        """Say what came of the remedy under the cursor, and what is going on."""
        attempt = self._attempt
        before = [each for each in self.attempts.values() if self.finding and each.finding.name == self.finding.name]
        told_of = self.query_one("#verdict", Static)
        text = self._refusal
        if self.trial and not attempt:
            # What the one before it did stands until this one has its own.
            attempt = before[-1] if before else None
        if attempt and not text:
            text = verdict(attempt)
            if not attempt.holds and not self.trial and self.finding and len(before) == len(self.finding.tried):
                text += " " + _("No remedy that is known here helps.")
        told_of.set_class(attempt is not None and attempt.holds and not self._refusal, "-helps")
        told_of.set_class(bool(text) and not (attempt and attempt.holds and not self._refusal), "-fails")
        self._write("#verdict", text)
        told = self.query_one("#told")
        told.display = any(part.display for part in told.children)
        self.query_one(Meter).display = self.trial is not None
        self.query_one("#try", Button).label = _("Stop") if self.trial else _("Try it")
        for button in self.query(Button):
            button.disabled = self.remedy is None and not self.trial
        self.query_one("#sentence", Static).update(self._state())

    def _state(self) -> str:
        if self.trial:
            at = self.trial.history.progress.position if self.trial.history.progress else 0.0
            return _("epoch {at:.1f} of {epochs}").format(at=at, epochs=self.trial.epochs)
        return _("enter tries a remedy") if self.finding and self.finding.tried else ""

    def _write(self, selector: str, text: str) -> None:
        part = self.query_one(selector, Static)
        part.display = bool(text)
        part.update(Content(text))

    # What is taken along

    def action_use(self) -> None:
        """Take the remedy into the form, or show it as a command."""
        remedy = self.remedy
        if remedy and self._has_form:
            self.dismiss(Cure(remedy, starts=False))
        elif remedy and self._case:
            self.app.push_screen(CopyScreen(changed(self._case.config, remedy)))

    def action_start(self) -> None:
        """Start a run with the remedy."""
        if self.remedy and self._has_form:
            self.dismiss(Cure(self.remedy, starts=True))

    @on(Button.Pressed, "#use")
    def _use_pressed(self) -> None:
        self.action_use()

    @on(Button.Pressed, "#begin")
    def _begin_pressed(self) -> None:
        self.action_start()

    # The view

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for both."""
        super().action_view(view)
        # What is not shown must not have the keys.
        if self.size.width < NARROW:
            name = "#remedies" if view == "cures" else "#findings"
            listed = self.query_one(name, OptionList)
            (listed if listed.display else self.query_one("#evidence" if view == "why" else TrialChart)).focus()

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        self._draw_with(marks)
        self._show_finding()

    def _draw_with(self, marks: Marks) -> None:
        self.query_one(EvidencePane).plain = marks.plain
        for chart in self.query(Overlay):
            chart.marks = marks

    def leave(self) -> None:
        """Go back, and take nothing along."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer in the footer what makes sense now."""
        if not self.query("#remedies"):  # this screen opens, or closes
            return True
        match action:
            case "try":
                return self.trial is None and (self.remedy is not None or None)
            case "stop":
                return self.trial is not None
            case "use":
                return self.remedy is not None or None
            case "start":
                return self._has_form and (self.remedy is not None or None)
        return True


def _key(finding: Finding, options: Options) -> Key:
    return finding.name, repr(sorted(options.items()))
