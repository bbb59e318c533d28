"""What in data trips people up, found before anything is trained."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Labels

RARE: Final = 10
"""Samples of a class below which it is hardly learned, and not at all measured. The number is ours."""

NAMED: Final = 5
"""Classes or columns that are named; of more their number is told."""

DIFFERENT: Final = 50.0
"""How many times the range of the other part the range of a part may be; 0 to 1 and 0 to 255 are 255 times apart."""

FAR: Final = 20.0
"""How many times as far as nine tenths of the samples lie apart a number may be from their middle. The number is ours."""

LOOKED_AT: Final = 20_000
"""Samples by which it is known where most lie."""

HASHED: Final = 200_000
"""Samples in which duplicates are looked for."""

Samples = Mapping[str, NDArray[Any]]
"""The numbers of `train`, `test` and perhaps `validation`, (samples, features) each, before they are scaled."""


def between_parts(name: str, spec: DataSpec, samples: Samples) -> tuple[Notice, ...]:
    """What tells parts apart that should be alike. Raises UserError where their numbers are of different ranges."""
    low, high = _range(samples["train"])
    for part, numbers in samples.items():
        own_low, own_high = _range(numbers)
        most, least = sorted((max(abs(low), abs(high)), max(abs(own_low), abs(own_high))), reverse=True)
        if part != "train" and spec.image_shape and least > 0 and most > DIFFERENT * least and most > 1 >= least:
            raise UserError(
                f"training images go from {low:.6g} to {high:.6g} but {part} images from {own_low:.6g} to {own_high:.6g}",
                option="--data",
                path=name,
                hint="give both in the same scale",
            )
    return ()


def of_samples(spec: DataSpec, samples: Samples, labels: Mapping[str, Labels]) -> tuple[Notice, ...]:
    """What is odd about samples and their labels."""
    return tuple(notice for notice in _all(spec, samples, labels) if notice)


def _all(spec: DataSpec, samples: Samples, labels: Mapping[str, Labels]) -> Iterator[Notice | None]:
    counts = {part: np.bincount(each, minlength=spec.classes) for part, each in labels.items()}
    yield _missing(spec, counts)
    yield _rare(spec, counts["train"])
    yield _sorted(labels["train"])
    if spec.is_table:
        yield _constant(spec, samples["train"])
        yield _far(spec, samples)
    yield _duplicates(samples)


def _missing(spec: DataSpec, counts: Mapping[str, NDArray[np.intp]]) -> Notice | None:
    """Classes that a part lacks."""
    for part, found in counts.items():
        if part != "train" and (lacking := np.flatnonzero((found == 0) & (counts["train"] > 0))).size:
            return Notice("class_not_tested", f"no {part} sample is labelled {_named(spec.names[each] for each in lacking.tolist())}")
    return None


def _rare(spec: DataSpec, counts: NDArray[np.intp]) -> Notice | None:
    rare = np.flatnonzero((counts > 0) & (counts < RARE))
    if not rare.size:
        return None
    few = _named(f"{spec.names[each]} ({counts[each]})" for each in rare.tolist())
    return Notice("rare_class", f"too few training samples, {RARE} being few, of {few}")


def _sorted(labels: Labels) -> Notice | None:
    """Whether samples lie class by class: what is held out at the end of the file then has classes that nothing was learned of."""
    changes = int(np.count_nonzero(np.diff(labels)))
    classes = len(np.unique(labels))
    if len(labels) < 4 * classes or changes > 2 * classes:
        return None
    told = "the training samples are sorted by class, the last ones are held out to validate on: shuffle the file, or take --validation 0"
    return Notice("sorted_file", told)


def _constant(spec: DataSpec, numbers: NDArray[Any]) -> Notice | None:
    constant = np.flatnonzero(numbers.min(axis=0) == numbers.max(axis=0))
    if not constant.size:
        return None
    names = spec.feature_names or tuple(f"number {each + 1}" for each in range(spec.features))
    return Notice("constant_feature", f"the same in every training sample, and so of no use: {_named(names[each] for each in constant)}")


def _far(spec: DataSpec, samples: Samples) -> Notice | None:
    """A number that is far from where nine tenths of the training samples have theirs."""
    low, middle, high = np.quantile(samples["train"][:LOOKED_AT].astype(np.float64), (0.05, 0.5, 0.95), axis=0)
    reach = np.where(high > low, FAR * (high - low), np.inf)
    for part, each in samples.items():
        far = np.argwhere(np.abs(each - middle) > reach)
        if len(far):
            sample, feature = far[0].tolist()
            name = spec.feature_names[feature] if spec.feature_names else f"number {feature + 1}"
            usual = f"nine of ten are from {low[feature]:.4g} to {high[feature]:.4g}"
            told = f"{name} of {part} sample {sample} is {each[sample, feature]:.6g}, and {usual}"
            more = f"; so far out are {len(far) - 1:,} more numbers" if len(far) > 1 else ""
            return Notice("far_outside", f"{told}{more}")
    return None


def _duplicates(samples: Samples) -> Notice | None:
    """Whether samples that are tested with are trained on too."""
    known = _hashes(samples["train"])
    shared = sum(each in known for each in _each_hash(samples["test"]))
    if not shared:
        return None
    share = shared / len(samples["test"])
    return Notice("duplicates", f"{shared:,} test samples ({share:.1%}) are training samples too: the test is too easy")


def _hashes(numbers: NDArray[Any]) -> set[int]:
    return set(_each_hash(numbers))


def _each_hash(numbers: NDArray[Any]) -> Iterator[int]:
    rows = np.ascontiguousarray(numbers[:HASHED])
    return (hash(row.tobytes()) for row in rows)


def _range(numbers: NDArray[Any]) -> tuple[float, float]:
    return float(numbers.min()), float(numbers.max())


def _named(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:NAMED]) + (f" and {len(every) - NAMED:,} more" if len(every) > NAMED else "")
