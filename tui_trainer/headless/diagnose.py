"""Diagnoses a run on disk, and tries the remedies; prints findings and attempts as lines."""

from typing import Final

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.attempt import Attempt, figures, try_remedy
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.figures import measure
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.errors import UserError
from tui_trainer.headless.run import Exit, as_options, describe_finding
from tui_trainer.nn.network import Network
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.directory import line
from tui_trainer.system import signals
from tui_trainer.system.streams import warn
from tui_trainer.trained.run_case import open_case
from tui_trainer.training.control import Control

MOST_CURES: Final = 3
"""One remedy on top of another: a run may suffer from several things."""


def diagnose_run(record: RunRecord, *, as_json: bool, tries: bool, measures: bool = False) -> int:
    """Print what is wrong with the run, with `tries` also what its remedies do, and return the exit status. Raises UserError."""
    opened = open_case(record)
    case, data = opened.case, opened.data
    if opened.problem:
        warn(f"{opened.problem}; the diagnosis has to do without the data")
    if measures and opened.network and data:
        _tell_figures(case, data, opened.network, as_json=as_json)
    findings = diagnose(case)
    for finding in findings:
        for text in [line(finding.record())] if as_json else [describe_finding(finding), f"  {finding.say(finding.cause)}"]:
            print(text, flush=True)  # noqa: T201
    if not findings:
        if not as_json:
            print("nothing is found to be wrong" if case.history.epochs else "there is nothing to diagnose yet")  # noqa: T201
        return Exit.FINISHED
    if not tries:
        return Exit.NOT_WELL
    if data is None:
        raise UserError("cannot be tried without the data of the run", option="--try", colon=False)
    control = Control()
    with signals.heeded(lambda _number: control.stop("interrupted")) as received:
        is_cured = _cure(case, findings, data, control, as_json=as_json)
    if received:
        return signals.exit_status(received[0])
    return Exit.FINISHED if is_cured else Exit.NOT_WELL


def _tell_figures(case: Case, data: Dataset, network: Network, *, as_json: bool) -> None:
    training, _validation = data.hold_out(case.config.validation)
    for figure in measure(network, case.config, training):
        where = f" of {figure.layer}" if figure.layer else ""
        value = "not finite" if figure.value is None else f"{figure.value:.4g}"
        most = f" of {figure.most}" if figure.most else ""
        meaning = f"; {figure.meaning}" if figure.meaning else ""
        text = f"{figure.name.replace('_', ' ')}{where} {value}{most}: {figure.words}{meaning} ({figure.source})"
        print(line({"event": "figure", **figure._asdict()}) if as_json else text, flush=True)  # noqa: T201


def _cure(case: Case, findings: tuple[Finding, ...], data: Dataset, control: Control, *, as_json: bool) -> bool:
    """Try the remedies of what comes first, and then of what is left; whether nothing is wrong in the end."""
    for _ in range(MOST_CURES):
        held = _first_that_holds(case, findings, data, control, as_json=as_json)
        if held is None:
            return False
        case, findings = held.after, held.findings
        if not findings:
            return True
    return False


def _first_that_holds(case: Case, findings: tuple[Finding, ...], data: Dataset, control: Control, *, as_json: bool) -> Attempt | None:
    for finding in findings:
        for remedy in finding.tried:
            attempt = try_remedy(case, finding, remedy, data, control)
            if control.stopping:
                return None
            print(line(attempt.record()) if as_json else describe_attempt(attempt), flush=True)  # noqa: T201
            if attempt.holds:
                return attempt
    return None


def describe_attempt(attempt: Attempt) -> str:
    """What a remedy did, in a line."""
    verdict = "it holds" if attempt.holds else "it does not help"
    left = f"; left: {', '.join(finding.name for finding in attempt.findings)}" if attempt.findings else ""
    before, after = (_figures(case, attempt.images) for case in (attempt.before, attempt.after))
    return f"tried {as_options(attempt.options)}: {verdict}: {before} before, {after} after{left}"


def _figures(case: Case, images: str) -> str:
    if case.diverged:
        return "diverged"
    accuracy, loss = (figures(case)[f"{images}_{name}"] for name in ("accuracy", "loss"))
    if accuracy is None or loss is None:
        return "nothing trained"
    return f"{'training' if images == 'train' else images} accuracy {accuracy:.1%}, loss {loss:.4f}"
