"""Tables in text files: comma, semicolon, tab or bar between the values, with a header or none, with points or commas in numbers."""

import csv
import gzip
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from math import isnan
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import MOST_BYTES, MOST_RATIO, UNSUSPECTED, naming
from tui_trainer.datasets.table import Table, texts
from tui_trainer.errors import UserError
from tui_trainer.system.reading import opened

DELIMITERS: Final = (",", ";", "\t", "|")

MISSING: Final = frozenset({"", "na", "n/a", "nan", "?", "null", "none", "-", ".", "#n/a", "missing", "<na>"})
"""What stands where a value is missing, in small letters."""

GZIP: Final = b"\x1f\x8b"

BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Marks at a file's start that tell how its letters are written."""

SNIFFED: Final = 1 << 16
"""Bytes by which a file is known for a table."""

FEWEST: Final = 4
SAMPLED: Final = 100
"""Lines, the least and the most, by which the delimiter, the header and the numbers' comma are known."""

LONGEST_LINE: Final = 16 << 20
MOST_COLUMNS: Final = 1 << 18

CELLS: Final = 2_000_000
"""Values that are read at a time."""

DECIMAL_COMMA: Final = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


class Style(NamedTuple):
    """How a table is written."""

    delimiter: str
    width: int
    """Values in a line."""
    has_header: bool
    decimal_comma: bool


def is_table(path: Path, start: bytes) -> bool:
    """Whether a file's first lines have the same number of values each, more than one."""
    if not start or path.is_dir():
        return False
    try:
        with opened(path) as raw, _text(raw) as stream:
            lines = _first_lines(stream)
    except (UserError, OSError, ValueError, EOFError, gzip.BadGzipFile):
        return False
    return any(_is_printable(line) for line in lines) and all(map(_is_printable, lines)) and _delimiter(lines) is not None


def read_table(path: Path) -> Table:
    """The table in a text file, plain or gzipped. Raises UserError, which names the line that is wrong."""
    with opened(path) as raw, naming(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _text(raw) as stream:
            sample = _first_lines(stream)
        style = _style(sample, path)
        names = _names(sample, style)
        raw.seek(0)
        is_plain = not style.decimal_comma and all(map(_is_plain, sample[style.has_header :])) if sample else False
        columns = None
        if is_plain:
            with _text(raw) as stream:
                columns = _read_numbers(_lines(stream, path), style)
            raw.seek(0)
        if columns is None:
            with _text(raw) as stream:
                columns = _read_any(_lines(stream, path), style, path)
    if style.width > 1 and columns and columns[-1].dtype.kind == "f" and not np.isfinite(columns[-1]).any() and not names[-1].strip():
        names, columns = names[:-1], columns[:-1]  # a delimiter ends each line
    return Table(names, columns, style.has_header)


@contextmanager
def _text(raw: IO[bytes]) -> Iterator[io.TextIOWrapper]:
    """The file's letters."""
    raw.seek(0)
    start = raw.read(2)
    raw.seek(0)
    stream = cast("IO[bytes]", _Bounded(gzip.GzipFile(fileobj=raw), raw) if start == GZIP else raw)
    head = stream.read(SNIFFED)
    encoding = next((name for mark, name in BOMS if head.startswith(mark)), None)
    if encoding is None:
        try:
            # A letter of several bytes may be cut at the end.
            head[: -4 if len(head) == SNIFFED else None].decode()
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "latin-1"
    stream.seek(0)
    text = io.TextIOWrapper(cast("Any", stream), encoding, errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


class _Bounded(io.RawIOBase):
    """A packed file of which no more is unpacked than an honest one has."""

    def __init__(self, stream: gzip.GzipFile, raw: IO[bytes]) -> None:
        super().__init__()
        self._stream, self._raw, self._unpacked = stream, raw, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._unpacked = 0
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        self._unpacked += len(content)
        if self._unpacked > UNSUSPECTED and self._unpacked > MOST_RATIO * max(self._raw.tell(), 1):
            raise UserError(f"it unpacks to more than {MOST_RATIO} times its size")
        return len(content)


def _lines(stream: io.TextIOWrapper, path: Path) -> Iterator[str]:
    """The lines, none longer than any table has."""
    total = 0
    while line := stream.readline(LONGEST_LINE + 1):
        total += len(line)
        if len(line) > LONGEST_LINE or total > MOST_BYTES:
            most = f"{LONGEST_LINE:,} letters a line" if len(line) > LONGEST_LINE else f"{MOST_BYTES:,} letters"
            raise UserError("it is too long", path=path, hint=f"at most {most} are read")
        yield line


def _first_lines(stream: io.TextIOWrapper) -> list[str]:
    """The first lines that hold something, whole ones alone; of very long ones a few."""
    lines: list[str] = []
    letters = 0
    while len(lines) < SAMPLED and (letters < SNIFFED or len(lines) < FEWEST):
        line = stream.readline(LONGEST_LINE + 1)
        letters += len(line)
        if not line or len(line) > LONGEST_LINE:
            break
        if line.strip():
            lines.append(line)
    return lines


def _is_printable(line: str) -> bool:
    controls = sum(letter < " " and letter not in "\t\r\n\f" for letter in line[:4096])
    return not controls and "\0" not in line


def _is_plain(line: str) -> bool:
    """Whether the line holds nothing but numbers, for the fast way of reading."""
    return bool(re.fullmatch(r"[-+0-9.eE,;|\t \r\n]+", line)) and not re.search(r"([,;|\t])\s*(?=[,;|\t\r\n]|$)|^\s*[,;|\t]", line)


def _delimiter(lines: list[str]) -> str | None:
    """What stands between the values: it cuts the lines into as many each, and most of them."""
    found: list[tuple[float, int, str]] = []
    for delimiter in DELIMITERS:
        counts = Counter(len(row) for row in _rows(lines, delimiter))
        if counts:
            width, lines_of = counts.most_common(1)[0]
            if width > 1:
                found.append((lines_of / sum(counts.values()), width, delimiter))
    if not found:
        return None
    surest = max(share for share, _, _ in found)
    if surest < 0.5:
        return None
    # Of commas in numbers beside semicolons there may be as many in each line.
    fitting = [(width, delimiter) for share, width, delimiter in found if share >= 0.9 * surest]
    widths = {delimiter: width for width, delimiter in fitting}
    for delimiter in (";", "\t", "|"):
        if delimiter in widths and "," in widths and _has_decimal_commas(_rows(lines, delimiter)):
            return delimiter
    return max(fitting)[1]


def _rows(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    except csv.Error:
        return []


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    return any(DECIMAL_COMMA.fullmatch(cell) for cell in cells) and not any(re.fullmatch(r"[-+]?\d+\.\d+", cell) for cell in cells)


def _style(lines: list[str], path: Path) -> Style:
    delimiter = _delimiter(lines)
    if delimiter is None:
        raise UserError("its lines are no table: they have no common number of values", path=path)
    rows = _rows(lines, delimiter)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width > MOST_COLUMNS:
        raise UserError(f"it has {width:,} columns", path=path, hint=f"at most {MOST_COLUMNS:,} are read")
    comma = delimiter != "," and _has_decimal_commas(rows)
    return Style(delimiter, width, _has_header(rows, width, comma=comma), comma)


def _has_header(rows: list[list[str]], width: int, *, comma: bool) -> bool:
    """Whether the first line has a name where the others have numbers; or where all is text, whether it is unlike all others."""
    first, others = rows[0], [row for row in rows[1:] if len(row) == width]
    if not others or len(first) not in (width, width - 1):
        return False
    if len(first) == width - 1:
        return True
    columns = list(zip(*others, strict=True))
    numeric = [_are_numbers(column, comma=comma) for column in columns]
    if any(numeric):
        return any(is_number and _is_name(cell, comma=comma) for is_number, cell in zip(numeric, first, strict=True))
    return len(set(first)) == width and not any(cell in column for cell, column in zip(first, columns, strict=True))


def _are_numbers(column: Sequence[str], *, comma: bool) -> bool:
    """Whether there is a number among the cells, and else only missing ones."""
    known = [cell for cell in column if cell.strip().lower() not in MISSING]
    return bool(known) and all(_number(cell, comma=comma) is not None for cell in known)


def _is_name(cell: str, *, comma: bool) -> bool:
    """Whether a cell over numbers is neither a number nor a missing one."""
    return _number(cell, comma=comma) is None and cell.strip().lower() not in MISSING


def _number(cell: str, *, comma: bool) -> float | None:
    try:
        return float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return None


def _names(lines: list[str], style: Style) -> tuple[str, ...]:
    if not style.has_header:
        return tuple(f"column {number}" for number in range(1, style.width + 1))
    first = [cell.strip().lstrip("\ufeff") for cell in _rows(lines[:1], style.delimiter)[0]]
    names: list[str] = ["", *first] if len(first) == style.width - 1 else first
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[place] = f"{name}.{seen[name] - 1}"
    return tuple(names)


def _read_numbers(lines: Iterator[str], style: Style) -> list[NDArray[Any]] | None:
    """The columns where all is numbers; None where it is not."""
    body = (line for line in lines if line.strip())
    if style.has_header:
        next(body, "")
    parts: list[NDArray[Any]] = []
    at_once = max(CELLS // style.width, 1)
    try:
        while chunk := list(islice(body, at_once)):
            numbers = np.loadtxt(chunk, np.float64, delimiter=style.delimiter, ndmin=2, comments=None)
            if numbers.shape[1] != style.width:
                return None
            is_small = numbers.size and numbers.min() >= 0 and numbers.max() <= 255 and bool((numbers == np.rint(numbers)).all())
            parts.append(numbers.astype(np.uint8) if is_small else numbers)
    except ValueError:
        return None
    if not parts:
        return [np.empty(0) for _ in range(style.width)]
    whole = np.concatenate(parts)
    return [whole[:, place] for place in range(style.width)]


def _read_any(lines: Iterator[str], style: Style, path: Path) -> list[NDArray[Any]]:
    """The columns, of numbers or texts each."""
    reader = csv.reader(lines, delimiter=style.delimiter, skipinitialspace=True)
    rows = (row for row in reader if any(cell.strip() for cell in row))
    if style.has_header:
        next(rows, None)
    blocks: list[list[NDArray[Any]]] = [[] for _ in range(style.width)]
    at_once = max(CELLS // 10 // style.width, 100)
    try:
        while chunk := list(islice(rows, at_once)):
            for row in chunk:
                if len(row) != style.width:
                    told = f"line {reader.line_num:,} or one before has {len(row)} values, and most have {style.width}"
                    raise UserError(told, path=path, hint="a value with the delimiter in it belongs into quotes")
            for block, cells in zip(blocks, zip(*chunk, strict=True), strict=True):
                block.append(_column(cells, comma=style.decimal_comma))
    except csv.Error as error:
        raise UserError(f"line {reader.line_num:,}: {error}", path=path) from None
    return [_joined(block) for block in blocks]


def _column(cells: tuple[str, ...], *, comma: bool) -> NDArray[Any]:
    """Cells as numbers, or as texts where one is no number."""
    try:
        return np.array(cells, np.float64)
    except ValueError:
        pass
    stripped = [cell.strip() for cell in cells]
    known = ["" if cell.lower() in MISSING else cell for cell in stripped]
    try:
        return np.array([(cell.replace(",", ".") if comma else cell) or "nan" for cell in known], np.float64)
    except ValueError:
        return texts(known)


def _joined(blocks: list[NDArray[Any]]) -> NDArray[Any]:
    if not blocks:
        return np.empty(0)
    if len({block.dtype for block in blocks}) == 1:
        return np.concatenate(blocks)
    # Numbers among texts are texts, as far as they are there.
    every = chain.from_iterable(block.tolist() for block in blocks)
    return texts([each if isinstance(each, str) else "" if isnan(each) else f"{each:.15g}" for each in every])
