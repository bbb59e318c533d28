"""Labels of any kind, numbers from any start, texts, rows of which one is 1, as the classes 0, 1, 2, … and their names."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import LONGEST_COMPLAINT
from tui_trainer.datasets.spec import DIGITS
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Labels

MOST_CLASSES: Final = 10_000

FEW: Final = 100
"""So many classes may be as many as half of the samples; what has more is a number that goes up and down, or a name for each sample."""

LONGEST_NAME: Final = 200

Names = tuple[str | int, ...]


def encode(parts: Sequence[tuple[str, NDArray[Any]]]) -> tuple[int, Names, list[Labels]]:
    """The number of classes, their names, and the labels of each part, which are told by `y_train`, as classes (samples,).

    The names are empty where labels are the numbers from 0. Raises UserError, which names the part.
    """
    flat = [_flat(what, labels) for what, labels in parts]
    if any(labels.dtype.kind == "U" for labels in flat):
        flat = _as_numbers(flat) or [labels.astype(str) for labels in flat]
    numbers = np.unique(np.concatenate(flat)) if flat else np.empty(0, np.intp)
    if numbers.dtype.kind in "iu" and len(numbers):
        # Of digits from 0 one may have no sample at all.
        low, high = int(numbers[0]), int(numbers[-1])
        if low == 0 and (high < DIGITS or high + 1 == len(numbers)):
            return high + 1, (), [labels.astype(np.intp) for labels in flat]
    samples = sum(map(len, flat))
    if len(numbers) > max(FEW, samples // 2) or len(numbers) > MOST_CLASSES:
        some = ", ".join(str(each)[:20] for each in numbers[:3].tolist())
        raise UserError(
            f"the labels have {len(numbers):,} different values ({some}, …) for {samples:,} samples: these are no classes",
            hint="--label names another column, where the data has columns",
        )
    names = tuple(each if isinstance(each, int) else str(each) for each in numbers.tolist())
    if too_long := next((name for name in names if len(str(name)) > LONGEST_NAME), None):
        raise UserError(f"a class has a name of {len(str(too_long)):,} characters", hint=f"at most {LONGEST_NAME} are read")
    return len(numbers), names, [np.searchsorted(numbers, labels).astype(np.intp) for labels in flat]


def _flat(what: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Labels (samples,) as whole numbers or texts."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        labels = _of_rows(what, labels)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUS":
        raise UserError(f"{what} has shape {labels.shape} of {str(labels.dtype)[:60]}", hint="labels need one number or text a sample")
    match labels.dtype.kind:
        case "f":
            return _whole(what, labels)
        case "b":
            return labels.astype(np.intp)
        case "S":
            return np.char.strip(np.char.decode(labels, "utf-8", "replace"))
        case "U":
            return np.char.strip(labels)
    if labels.dtype.kind == "u" and labels.size and int(labels.max()) > np.iinfo(np.intp).max:
        raise UserError(f"{what} holds {int(labels.max())}", hint="labels are numbers below 2 to the power of 63")
    return labels.astype(np.intp)


def _of_rows(what: str, rows: NDArray[Any]) -> Labels:
    """The class of each row, of which one number is 1 and the others are 0."""
    wrong = np.flatnonzero(((rows != 0) & (rows != 1)).any(axis=1) | ((rows == 1).sum(axis=1) != 1))
    if wrong.size:
        told = " ".join(f"{number:.4g}" for number in rows[wrong[0]][:8].tolist())
        told = told[:LONGEST_COMPLAINT]
        raise UserError(
            f"{what} has shape {rows.shape}, and row {wrong[0]} is {told}",
            hint="a row of several numbers for a sample has to be a 1 among zeros (one-hot)",
        )
    found: Labels = rows.argmax(axis=1)
    return found


def _whole(what: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Labels that are whole numbers written with a point; others as texts."""
    if not np.isfinite(labels).all():
        raise UserError(f"{what} {int(np.flatnonzero(~np.isfinite(labels))[0])} is not finite", hint="each sample needs a label")
    if (labels == np.rint(labels)).all() and (not labels.size or np.abs(labels).max() < 2.0**53):
        return labels.astype(np.intp)
    values, places = np.unique(labels, return_inverse=True)
    if len(values) > max(FEW, len(labels) // 2):
        raise UserError(
            f"{what} has {len(values):,} different numbers, of which some are not whole ({values[0]:.6g} to {values[-1]:.6g}): no classes",
            hint="--label names another column, where the data has columns",
        )
    return np.array([f"{value:.10g}" for value in values.tolist()])[places]


def _as_numbers(parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]] | None:
    """Texts that are whole numbers, all of them, as such, and numbers as they are; None where one is another text."""
    try:
        numbers = [labels.astype(np.float64) for labels in parts]
    except ValueError:
        return None
    is_whole = all(bool(np.isfinite(each).all() and (each == np.rint(each)).all() and (np.abs(each) < 2.0**53).all()) for each in numbers)
    return [each.astype(np.intp) for each in numbers] if is_whole and not _has_code(parts) else None


def _has_code(parts: Sequence[NDArray[Any]]) -> bool:
    """Whether a text such as 007 is among them, which is a code, and not the number."""
    return any(
        bool((np.char.startswith(labels, "0") & (np.char.str_len(labels) > 1) & np.char.isdigit(labels)).any())
        for labels in parts
        if labels.dtype.kind == "U"
    )
