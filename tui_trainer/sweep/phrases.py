"""Phrases about a sweep for both faces, in the language of `translate`, or else English."""

from collections.abc import Callable

from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import has_scipy
from tui_trainer.sweep.sweep import SweepEnded, SweepProgress
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_

Translate = Callable[[str], str]


def several(count: int, noun: str) -> str:
    """A count with its noun, in English."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rate_text(progress: SweepProgress, translate: Translate = str) -> str:
    """The sweep's speed."""
    if not progress.trained:
        return ""
    return translate(N_("{rate:.3g} runs a minute")).format(rate=progress.trained / progress.seconds * 60)


def duration(seconds: float, translate: Translate = str) -> str:
    """A duration as 12 s, 3:05 min or 2:10 h."""
    whole = round(seconds)
    if whole < 60:
        return translate(N_("{seconds} s")).format(seconds=whole)
    if whole < 3600:
        return translate(N_("{minutes}:{seconds:02} min")).format(minutes=whole // 60, seconds=whole % 60)
    return translate(N_("{hours}:{minutes:02} h")).format(hours=whole // 3600, minutes=whole % 3600 // 60)


def conclusion(event: SweepEnded, again: str = N_("the same command"), translate: Translate = str) -> list[str]:
    """A summary in a few lines; `again` names the way to resume the sweep."""
    lines = []
    progress, again = event.progress, translate(again)
    if event.status == "stopped":
        text = translate(N_("stopped with {done:,} of {total:,} runs done; {again} trains the rest"))
        lines.append(text.format(done=progress.done, total=progress.total, again=again))
    if event.failed:
        text = translate(N_("left out: {count:,} of {total:,} runs, told of above; {again} tries them again"))
        lines.append(text.format(count=len(event.failed), total=progress.total, again=again))
    if event.best:
        options = printable(describe(event.best.point, translate))
        lines.append(translate(N_("chosen by the validation set: {options}")).format(options=options))
        if event.examined and event.examined.test_accuracy is not None:
            several = translate(N_(", mean of {seeds} seeds")).format(seeds=event.seeds) if event.seeds > 1 else ""
            lines.append(translate(N_("test accuracy {accuracy:.2%}")).format(accuracy=event.examined.test_accuracy) + several)
        if event.looks > 1:
            text = N_("the test set has been shown to {looks} configurations of this sweep: the more, the less its figure is worth")
            lines.append(translate(text).format(looks=event.looks))
    if len(event.groups) > 1 and event.seeds > 1 and not has_scipy():
        lines.append(translate(N_("intervals need SciPy: pip install 'tui-trainer[sweep]'")))
    return lines
