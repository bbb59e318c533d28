"""How a data set's numbers become a network's inputs: chosen once, by the training samples, and the same ever after."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Images

BYTE_SCALE: Final = 255.0
"""Bytes are trained on as shares of this."""

AUTO: Final = "auto"

SCALES: Final[Mapping[str, str]] = {
    AUTO: "what suits the numbers: it is said which, and why",
    "none": "as they are",
    "255": "divided by 255, as pixels from 0 to 255 are",
    "unit": "to 0 to 1, from the least number to the greatest",
    "standard": "each feature to mean 0 and deviation 1",
}
"""What `--scale` may be, and what it means."""

DARK: Final = 64
"""Pixels whose greatest value is below it are no bytes out of 255: those of scikit-learn's digits go to 16."""

AT_ONCE: Final = 1 << 22
"""Numbers that are scaled at a time: beside the data only so many are there twice."""


@dataclass(frozen=True)
class Scaling:
    """inputs = (numbers - offset) / divisor, each one for all features, or one for each."""

    name: str = "255"
    """The choice of `--scale` that it is, never auto."""
    offset: tuple[float, ...] = (0.0,)
    divisor: tuple[float, ...] = (BYTE_SCALE,)
    low: float = 0.0
    high: float = BYTE_SCALE
    """The least and the greatest number of the training samples; 0 and 255 for bytes, whatever is among them."""

    @property
    def is_plain(self) -> bool:
        """Whether inputs are the numbers as they are."""
        return self.offset == (0.0,) and self.divisor == (1.0,)

    def inputs(self, numbers: NDArray[Any]) -> Images:
        """Samples (…, features) as they are trained on: float32, and bytes that are divided by 255 stay bytes, which a batch divides."""
        if numbers.dtype == np.uint8 and self.name == "255":
            return numbers
        if self.is_plain:
            return np.ascontiguousarray(numbers, np.float32)
        scaled = np.empty(numbers.shape, np.float32)
        offset, divisor = np.asarray(self.offset), np.asarray(self.divisor)
        for part in _parts(numbers):
            scaled[part] = (numbers[part] - offset) / divisor
        return scaled

    def numbers(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """The numbers (…, features) of which these inputs were made; bytes are such."""
        if inputs.dtype == np.uint8 or self.is_plain:
            return inputs
        numbers: Array = (inputs * np.asarray(self.divisor) + np.asarray(self.offset)).astype(np.float32)
        return numbers

    def levels(self, inputs: NDArray[Any]) -> NDArray[np.uint8]:
        """An image's inputs in levels of gray, from 0 for the least number of the training samples to 255."""
        width = (self.high - self.low) or 1.0
        shares = (self.numbers(inputs).astype(np.float64) - self.low) / width
        levels: NDArray[np.uint8] = np.rint(255 * shares.clip(0, 1)).astype(np.uint8)
        return levels

    def of_levels(self, levels: NDArray[np.uint8]) -> Images:
        """Levels of gray (…, features), such as of a picture from elsewhere, as they are trained on."""
        if self.low == 0 and self.high == BYTE_SCALE:
            return self.inputs(levels)
        return self.inputs((levels / 255 * (self.high - self.low) + self.low).astype(np.float32))

    def record(self) -> dict[str, Any]:
        """The scaling as plain data, for a checkpoint."""
        return {"name": self.name, "offset": self.offset, "divisor": self.divisor, "low": self.low, "high": self.high}


PLAIN: Final = Scaling("none", (0.0,), (1.0,), 0.0, 1.0)
"""Numbers from 0 to 1 as they are."""


class Choice(NamedTuple):
    """A scaling, and why it is this one."""

    scaling: Scaling
    reason: str


class Figures:
    """What a scaling is chosen by: figures of samples (samples, features), each taken when it is asked for."""

    def __init__(self, numbers: NDArray[Any]) -> None:
        self._numbers = numbers
        self.is_bytes = numbers.dtype == np.uint8
        self.low, self.high = float(numbers.min()), float(numbers.max())

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        numbers = self._numbers
        return numbers.dtype == np.uint8 or all(bool((numbers[part] == np.rint(numbers[part])).all()) for part in _parts(numbers))

    @cached_property
    def mean(self) -> Array:
        """Of each feature."""
        return self._mean(lambda part: part)

    @cached_property
    def deviation(self) -> Array:
        """Of each feature."""
        deviation: Array = np.sqrt(self._mean(lambda part: (part - self.mean) ** 2))
        return deviation

    def _mean(self, of: Callable[[NDArray[Any]], NDArray[Any]]) -> Array:
        total = np.zeros(self._numbers.shape[1])
        for part in _parts(self._numbers):
            total += of(self._numbers[part]).sum(axis=0, dtype=np.float64)
        return total / len(self._numbers)

    @property
    def is_standardised(self) -> bool:
        """Whether the features, taken together, have a mean near 0 and a deviation near 1."""
        varying = self.deviation[self.deviation > 0]
        return bool(self.low < 0 and abs(self.mean.mean()) < 0.5 and varying.size and 0.3 < varying.mean() < 3 and varying.max() < 10)


def choose(scale: str, numbers: NDArray[Any], *, is_table: bool) -> Choice:
    """The scaling of these training samples (samples, features), by the option and, where it is auto, by the numbers. Raises UserError."""
    figures = Figures(numbers)
    name, reason = _suitable(figures, is_table=is_table) if scale == AUTO else (scale, "as --scale says")
    is_bytes = numbers.dtype == np.uint8
    low, high = (0.0, BYTE_SCALE) if is_bytes and name in ("255", "none") else (figures.low, figures.high)
    found = Scaling(name, low=low, high=high)
    match name:
        case "none":
            return Choice(replace(found, divisor=(1.0,)), reason)
        case "255":
            if figures.low < 0 or figures.high > BYTE_SCALE:
                raise UserError(
                    f"is for numbers from 0 to 255, and these go from {figures.low:.6g} to {figures.high:.6g}",
                    option="--scale", value="255", colon=False, hint="take unit or standard",
                )  # fmt: skip
            return Choice(found, reason)
        case "unit":
            return Choice(replace(found, offset=(figures.low,), divisor=((figures.high - figures.low) or 1.0,)), reason)
        case _:
            deviation = np.where(figures.deviation > 1e-12 * np.abs(figures.mean), figures.deviation, 1.0)
            return Choice(replace(found, offset=tuple(figures.mean.tolist()), divisor=tuple(deviation.tolist())), reason)


def _suitable(figures: Figures, *, is_table: bool) -> tuple[str, str]:
    """The choice for such numbers, and why."""
    told = f"from {figures.low:.6g} to {figures.high:.6g}"
    return _of_table(figures, told) if is_table else _of_pixels(figures, told)


def _of_table(figures: Figures, told: str) -> tuple[str, str]:
    is_binary = figures.whole and figures.low >= 0 and figures.high <= 1
    if is_binary or (figures.is_standardised and figures.low > -20 and figures.high < 20):
        return "none", f"the features go {told}: they need nothing"
    return "standard", f"the features are of scales of their own, and go {told} in all"


def _of_pixels(figures: Figures, told: str) -> tuple[str, str]:
    low, high = figures.low, figures.high
    name, why = "unit", ""
    if low >= 0 and DARK <= high <= BYTE_SCALE:
        name, why = "255", ", as bytes do"
    elif (low >= -1 and high <= 1 and not figures.is_bytes) or figures.is_standardised:
        name, why = "none", ": they need nothing"
    elif figures.is_bytes:
        why = ", of 255 only a small part"
    return name, f"the pixels go {told}{why}"


def _parts(numbers: NDArray[Any]) -> Iterator[slice]:
    """The samples, some at a time."""
    step = max(AT_ONCE // max(int(np.prod(numbers.shape[1:])), 1), 1)
    for start in range(0, len(numbers), step):
        yield slice(start, start + step)
