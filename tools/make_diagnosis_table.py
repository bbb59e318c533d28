"""Writes docs/diagnosis-table.md: how often each rule is right, silent or wrong, on the runs of diagnosis_corpus.py.

    python tools/make_diagnosis_table.py [SEEDS]

It trains every run with seeds that the limits were not chosen with, and tries the remedies of what is found; some minutes.
"""

import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

from diagnosis_corpus import EXAMPLES, HEALTHY, Example, data

from tui_trainer.diagnosis.attempt import try_remedy
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.replay import train
from tui_trainer.diagnosis.rules import RULES

PAGE = Path(__file__).parents[1] / "docs" / "diagnosis-table.md"

FIRST_SEED = 1001


class Tally:
    """What came of the runs, by the planted fault."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.first: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.cured: Counter[str] = Counter()
        self.wrong: list[str] = []

    def take(self, example: Example, seed: int) -> None:
        """Train a run, diagnose it, and try the remedies of its first finding."""
        case = train(example.config(seed), data(example.data))
        findings = diagnose(case)
        names = [finding.name for finding in findings]
        fault = example.finding
        right = {fault, *example.also}
        self.runs[fault] += 1
        is_first = names[0] in right if names else fault == HEALTHY
        self.first[fault] += is_first
        self.found[fault] += bool(right & set(names))
        if not is_first:
            options = " ".join(f"{name}={value}" for name, value in example.options.items())
            self.wrong.append(f"| {fault or 'healthy'} | {example.data}, {options}, seed {seed} | {', '.join(names) or 'nothing'} |")
        if fault and is_first and findings[0].tried:
            self.tried[fault] += 1
            tried = (try_remedy(case, findings[0], options, data(example.data)) for options in findings[0].tried)
            self.cured[fault] += any(attempt.holds for attempt in tried)


def share(part: int, whole: int) -> str:
    """So many of how many, and in percent."""
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "none"


def page(tally: Tally, seeds: int, seconds: float) -> str:
    """The page."""
    faults = [name for name in RULES if tally.runs[name]]
    planted = sum(tally.runs[name] for name in faults)
    lines = [
        "# How often the diagnosis is right",
        "",
        f"{len(EXAMPLES)} runs, each with {seeds} seeds that no limit was chosen with: {planted} with a planted fault, "
        f"{tally.runs[HEALTHY]} healthy, on MNIST, on parts of it (few images, unscaled, labels shuffled, one class rare), and on rings, "
        f"spirals and blobs of points. The runs are in `tools/diagnosis_corpus.py`; `python tools/make_diagnosis_table.py {seeds}` "
        f"measures them anew ({seconds / 60:.0f} minutes).",
        "",
        f"- The planted fault is the first finding in {share(sum(tally.first[name] for name in faults), planted)}.",
        f"- Something is found in {share(tally.runs[HEALTHY] - tally.first[HEALTHY], tally.runs[HEALTHY])} healthy runs.",
        f"- A remedy of the finding holds, trained from the same seed, in "
        f"{share(sum(tally.cured.values()), sum(tally.tried.values()))}; for shuffled labels there is none.",
        "",
        "| planted | runs | found first | found at all | a remedy holds |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in faults:
        cured = share(tally.cured[name], tally.tried[name])
        first, found = share(tally.first[name], tally.runs[name]), share(tally.found[name], tally.runs[name])
        lines.append(f"| {name} | {tally.runs[name]} | {first} | {found} | {cured} |")
    if tally.wrong:
        lines += ["", "Where it was wrong:", "", "| planted | run | found |", "| --- | --- | --- |", *tally.wrong]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the page."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    tally, started = Tally(), perf_counter()
    for example in EXAMPLES:
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            tally.take(example, seed)
    PAGE.write_text(page(tally, seeds, perf_counter() - started), encoding="utf-8")


if __name__ == "__main__":
    main()
