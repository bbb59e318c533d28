"""Tables, columns of numbers or texts, as samples and labels: which column is what, and what becomes of what is missing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.labels import FEW
from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.reader import Contents, made
from tui_trainer.datasets.spec import LEAST_IMAGE, DataSpec
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Images

LABEL_NAMES: Final = (
    *("label", "labels", "class", "target", "y", "species", "category", "diagnosis", "outcome", "variety", "digit", "survived"),
)
"""What a column of labels is called, the surest first."""

COUNTERS: Final = ("", "id", "index", "no", "nr", "rownames", "unnamed: 0", "passengerid")
"""What a column is called that numbers the samples, which says nothing of what they are."""

MOST_CATEGORIES: Final = 50
"""Texts in a column up to which each becomes a feature of its own."""

PIXEL: Final = re.compile(r"(?:pixel|px|p|x|v|f)?[-_ ]?\d+(?:[x_.-]\d+)?", re.IGNORECASE)
"""Names of columns that are pixels: `pixel0`, `1x1`, `pixel_0_0`, `x12`."""

NAMED: Final = 8
"""Columns that an error names."""

SEPARATOR: Final = "="
"""Between a column's name and the text that a feature stands for: `sex=male`."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length: numbers, NaN where one is missing, or texts (dtype object), empty where one is."""

    names: tuple[str, ...]
    columns: Sequence[NDArray[Any]]
    is_named: bool = True
    """Whether the file has names for them; else they are called by their numbers."""

    @property
    def rows(self) -> int:
        """The number of samples."""
        return len(self.columns[0]) if self.columns else 0

    def place(self, wanted: str) -> int | None:
        """The column of this name, or of this number from 1, or from -1 at the end; None where there is none."""
        for one, other in ((wanted, self.names), (wanted.strip().lower(), [name.strip().lower() for name in self.names])):
            if one in other:
                return list(other).index(one)
        number = int(wanted) if re.fullmatch(r"-?\d{1,9}", wanted.strip()) else 0
        count = len(self.names)
        return number - 1 if 1 <= number <= count else count + number if -count <= number < 0 else None

    def told(self) -> str:
        """The names of its columns, of many the first."""
        more = f" and {len(self.names) - NAMED:,} more" if len(self.names) > NAMED else ""
        return ", ".join(name[:40] for name in self.names[:NAMED]) + more


@dataclass(frozen=True)
class Feature:
    """One feature: a column's number, or whether a column's text is `text`."""

    name: str
    """Of the column."""
    place: int
    text: str | None = None
    fill: float = 0.0
    """What stands where a number is missing."""

    @property
    def title(self) -> str:
        """What the feature is called."""
        return self.name if self.text is None else f"{self.name}{SEPARATOR}{self.text}"


def contents_of(tables: Mapping[str, Table], label: str | None, path: Path) -> Contents:
    """The samples of `train`, and perhaps `test` and `validation`, with labels in one column. Raises UserError."""
    train = tables["train"]
    if not train.rows:
        raise UserError("there are no rows of samples in it", path=path)
    place, notices = _label_place(train, label, path)
    name = train.names[place]
    features, left_out = _features(train, place)
    notices += left_out
    if not features:
        raise UserError(f"no column but {name[:60]} has numbers", path=path, hint="--label names the column of the labels")
    arrays: dict[str, NDArray[Any]] = {}
    for part, table in tables.items():
        there = table.place(name) if table.is_named else place if len(table.names) == len(train.names) else None
        if there is None:
            notices += (Notice("no_labels", f"the {part} table has no column {name}, and is passed over"),)
            continue
        labels = table.columns[there]
        known = ~_missing(labels)
        if not known.all():
            notices += (Notice("missing_label", f"{int((~known).sum()):,} {part} rows have no label, and are left out"),)
        samples, filled = matrix(table, features, known)
        if filled and part == "train":
            notices += (Notice("missing_values", f"{filled:,} numbers are missing, and taken to be their column's mean"),)
        arrays |= {f"x_{part}": samples, f"y_{part}": labels[known].astype(str) if labels.dtype == object else labels[known]}
    shape = _image_shape(features, arrays["x_train"], is_named=train.is_named)
    if shape:
        arrays |= {key: array.reshape(len(array), *shape) for key, array in arrays.items() if key.startswith("x_")}
        return made(DataSpec(shape, 0), arrays, notices)
    titles = tuple(feature.title for feature in features)
    return made(DataSpec((len(features),), 0, feature_names=titles, is_table=True), arrays, notices)


def features_of(spec: DataSpec, table: Table, path: Path) -> Images:
    """The samples of a table, whatever their labels, with the features that a network was trained on. Raises UserError."""
    if not spec.is_table or not table.is_named:
        numeric = [place for place, column in enumerate(table.columns) if column.dtype != object]
        # A column more than there are features has the labels, at one end or the other.
        if len(numeric) == spec.features + 1:
            named = next((place for place in numeric if table.names[place].strip().lower() in LABEL_NAMES), None)
            numeric.remove(named if named is not None else numeric[-1] if spec.is_table else numeric[0])
        if len(numeric) != spec.features:
            raise UserError(f"it has {len(numeric):,} columns of numbers", path=path, hint=f"this network takes {spec.need} a sample")
        features = [Feature(table.names[place], place) for place in numeric]
    else:
        features = [_known(spec, place, title, table, path) for place, title in enumerate(spec.feature_names)]
    return matrix(table, features, np.ones(table.rows, np.bool_))[0]


def _known(spec: DataSpec, number: int, title: str, table: Table, path: Path) -> Feature:
    """The feature of this title in another table."""
    offsets = spec.scaler.offset
    mean = offsets[number] if len(offsets) > 1 else offsets[0]
    if title in table.names:
        return Feature(title, table.names.index(title), None, mean)
    parts = title.split(SEPARATOR)
    for cut in range(1, len(parts)):
        name = SEPARATOR.join(parts[:cut])
        if name in table.names:
            return Feature(name, table.names.index(name), SEPARATOR.join(parts[cut:]))
    raise UserError(f"it has no column {title[:60]}", path=path, hint=f"there are {table.told()}")


def matrix(table: Table, features: Sequence[Feature], rows: NDArray[np.bool_]) -> tuple[Images, int]:
    """Samples (rows, features), bytes where all numbers are such, and how many numbers were missing."""
    columns = [table.columns[feature.place] for feature in features]
    dtype = np.uint8 if all(column.dtype == np.uint8 for column in columns) else np.float32
    found: NDArray[Any] = np.empty((int(rows.sum()), len(features)), dtype)
    filled = 0
    for place, (feature, column) in enumerate(zip(features, columns, strict=True)):
        values = column[rows]
        if feature.text is not None:
            found[:, place] = values.astype(str) == feature.text
            continue
        if values.dtype.kind == "f":
            lacking = ~np.isfinite(values)
            if lacking.any():
                filled += int(lacking.sum())
                values = np.where(lacking, feature.fill, values)
        elif values.dtype == object:  # texts where numbers were trained on
            filled += len(values)
            values = np.full(len(values), feature.fill)
        with np.errstate(over="ignore"):
            found[:, place] = values
    if dtype == np.float32 and not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found).all(axis=0))[0])
        raise UserError(f"column {features[place].name[:60]} holds a number that is too large")
    if dtype == np.float32 and found.size and found.min() >= 0 and found.max() <= 255 and bool((found == np.rint(found)).all()):
        return found.astype(np.uint8), filled
    return found, filled


def _label_place(table: Table, label: str | None, path: Path) -> tuple[int, tuple[Notice, ...]]:
    if label is not None:
        place = table.place(label)
        if place is None:
            raise UserError(f"there is no such column in {path}", option="--label", value=label, hint=f"there are {table.told()}")
        return place, ()
    place, why = _guess(table)
    if place is None:
        hint = f"name it with --label, or by its number from 1; there are {table.told()}"
        raise UserError("it is not clear which column holds the labels", path=path, hint=hint)
    told = f"the labels are in the column {table.names[place]!r}, {why}; --label names another"
    return place, (Notice("label_column", told, warns=False),)


def _guess(table: Table) -> tuple[int | None, str]:
    """The column that holds the labels, and why it is that; None where it is not clear."""
    lowered = [name.strip().lower() for name in table.names]
    if table.is_named:
        for name in LABEL_NAMES:
            if name in lowered:
                return lowered.index(name), "by its name"
    texts = [place for place, column in enumerate(table.columns) if column.dtype == object and _is_class(column)]
    if len(texts) == 1:
        return texts[0], "the only one of texts that recur"
    first, last = 0, len(table.columns) - 1
    for place, why in ((last, "the last one"), (first, "the first one")):
        if _is_class(table.columns[place]) and (not texts or place in (*texts, last)):
            return place, f"{why}, which has few values"
    return None, ""


def _is_class(column: NDArray[Any]) -> bool:
    """Whether so few values recur in it that they may be classes."""
    if column.dtype.kind == "f":
        known = column[np.isfinite(column)]
        if not known.size or (known != np.rint(known)).any():
            return False
    values = len(set(column.tolist()) - {""})
    return 2 <= values <= min(FEW, max(len(column) // 2, 2))


def _features(table: Table, label: int) -> tuple[list[Feature], tuple[Notice, ...]]:
    """The features that columns make, all but the labels', and what becomes of the others."""
    features: list[Feature] = []
    left_out: list[str] = []
    for place, (name, column) in enumerate(zip(table.names, table.columns, strict=True)):
        if place == label:
            continue
        if column.dtype == object:
            texts = sorted(set(column.tolist()) - {""})
            if len(texts) > min(MOST_CATEGORIES, max(table.rows // 2, 2)) or len(texts) < 2:
                left_out.append(f"{name} (texts)")
                continue
            features += [Feature(name, place, text) for text in texts]
        elif _counts(name, column, is_named=table.is_named):
            left_out.append(f"{name} (numbers the samples)")
        elif column.dtype.kind == "f" and not np.isfinite(column).any():
            left_out.append(f"{name} (empty)")
        else:
            fill = float(column[np.isfinite(column)].mean(dtype=np.float64)) if column.dtype.kind == "f" else 0.0
            features.append(Feature(name, place, None, fill))
    more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
    notices = (Notice("left_out", f"columns that are no features are left out: {', '.join(left_out[:NAMED])}{more}"),) if left_out else ()
    return features, notices


def _counts(name: str, column: NDArray[Any], *, is_named: bool) -> bool:
    """Whether a column only numbers the samples."""
    if len(column) < 3 or not is_named:
        return False
    is_known = name.strip().lower() in COUNTERS
    numbers = column.astype(np.float64)
    if not np.isfinite(numbers).all() or len(np.unique(numbers)) < len(numbers):
        return False
    return is_known or bool(numbers[0] in (0, 1) and (np.diff(numbers) == 1).all())


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype == object:
        return np.array([not str(label).strip() for label in labels.tolist()], np.bool_)
    return ~np.isfinite(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), np.bool_)


def _image_shape(features: Sequence[Feature], samples: Images, *, is_named: bool) -> tuple[int, int] | None:
    """Height and width, where the columns are the pixels of a square."""
    side = isqrt(len(features))
    if side * side != len(features) or side * side < LEAST_IMAGE or any(feature.text is not None for feature in features):
        return None
    called_pixels = is_named and all(feature.name.lower().startswith("pixel") for feature in features)
    numbered = not is_named or all(PIXEL.fullmatch(feature.name.strip()) for feature in features)
    is_whole = samples.dtype == np.uint8
    return (side, side) if called_pixels or (numbered and is_whole) else None


def texts(values: Iterator[str] | Sequence[str]) -> NDArray[Any]:
    """A column of texts."""
    array = np.empty(len(every := list(values)), object)
    array[:] = every
    return array
