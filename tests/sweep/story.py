"""A sweep that nobody trained: its store written by hand, the same at every time and on every machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_trainer.config.options import Config
from tui_trainer.sweep.store import Figures, FinalScore, Result, RunStatus, Store, run_key

RATES = ("0.001", "0.01", "0.1", "1")


@dataclass
class Story:
    """What becomes of each run: accuracies by activation, rate and seed, or how else it stands."""

    activations: tuple[str, ...] = ("relu", "tanh")
    rates: tuple[str, ...] = RATES[:3]
    seeds: int = 2
    others: Mapping[tuple[str, str, int], RunStatus] = field(default_factory=dict)

    def accuracy(self, activation: str, rate: str, seed: int) -> float:
        """Higher for later activations, best at the second rate, a little better with each seed."""
        peak = self.rates[min(1, len(self.rates) - 1)]
        return 0.9 + 0.01 * self.activations.index(activation) - 0.05 * (rate != peak) - 0.1 * (rate == "1") + 0.004 * seed

    def results(self) -> list[Result]:
        found: list[Result] = []
        for seed in range(self.seeds):
            for activation in self.activations:
                for rate in self.rates:
                    where: dict[str, Any] = {"activation": activation, "learning_rate": float(rate), "seed": seed}
                    config = Config.parse({"hidden": [16], "epochs": 3, "threads": 1, **where})
                    status = self.others.get((activation, rate, seed), RunStatus.COMPLETED)
                    accuracy = self.accuracy(activation, rate, seed)
                    figures = {
                        RunStatus.COMPLETED: Figures(1 - accuracy, accuracy, 1.1 - accuracy, accuracy, 3, 1.5 + seed, "00"),
                        RunStatus.RUNNING: Figures(0.5, 0.8, 0.5, 0.8, 1, 0.5),
                        RunStatus.DIVERGED: Figures(epochs=1, seconds=0.4),
                    }.get(status, Figures())
                    point = {"activation": activation, "learning_rate": rate, "seed": str(seed)}
                    note = "its worker process was killed" if status is RunStatus.FAILED else ""
                    found.append(Result(run_key(config, "data"), len(found), config.record(), point, status, figures, note))
        return found

    def write(self, folder: Path, total: int | None = None, *, test: float | None = None) -> Store:
        """The store, held as by a process that trains the sweep; `test` is what its best configuration said in the end."""
        store = Store.hold(folder)
        results = self.results()
        store.put(results)
        store.put_facts(seeds=self.seeds, total=len(results) if total is None else total)
        if test is not None:
            best = max(results, key=lambda result: result.figures.validation_accuracy or 0)
            first = next(each for each in results if {**each.point, "seed": best.point["seed"]} == best.point)
            store.put_examined(first.key, FinalScore((first.key,), 0.2, test))
        return store
