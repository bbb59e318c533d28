"""Parquet and Feather files, by pyarrow, an extra: tables, and pictures beside their labels, as Hugging Face keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import MOST_BYTES, naming
from tui_trainer.datasets.table import Table, texts
from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.reading import opened

PARQUET: Final = b"PAR1"
FEATHER: Final = (b"ARROW1", b"FEA1")


def read_parquet(path: Path) -> Table:
    """The table in a Parquet file. Raises UserError."""
    with _arrow(path):
        from pyarrow import parquet  # noqa: PLC0415 an extra, and slow to import

        with opened(path) as raw, parquet.ParquetFile(raw, thrift_string_size_limit=64 << 20, thrift_container_size_limit=1 << 20) as file:
            groups = [file.metadata.row_group(each) for each in range(file.metadata.num_row_groups)]
            announced = max(sum(group.total_byte_size for group in groups), file.metadata.num_rows * file.metadata.num_columns)
            if not 0 <= announced <= MOST_BYTES:
                raise UserError(f"its header announces {announced:,} bytes", path=path, hint=f"at most {MOST_BYTES:,} are read")
            return _table(file.read(use_threads=False))


def read_feather(path: Path) -> Table:
    """The table in a Feather file. Raises UserError."""
    with _arrow(path):
        from pyarrow import feather  # noqa: PLC0415 an extra, and slow to import

        with opened(path) as raw:
            return _table(feather.read_table(raw, use_threads=False))


@contextmanager
def _arrow(path: Path) -> Iterator[None]:
    """What is wrong with a file, or with the installation, as a UserError."""
    try:
        import pyarrow  # noqa: PLC0415 an extra, and slow to import
    except ModuleNotFoundError as error:
        missing = f"needs a package that is missing here, {error.name}: pip install 'tui-trainer[parquet]'"
        raise UserError(missing, option="--data", path=path, colon=False) from None
    with naming(path):
        try:
            yield
        except pyarrow.ArrowException as error:
            if isinstance(error, MemoryError):
                raise
            raise ValueError(reason_of(error)) from None


def _table(found: Any) -> Table:
    columns = [_column(found.column(place)) for place in range(found.num_columns)]
    known = [place for place, column in enumerate(columns) if column is not None]
    return Table(tuple(str(found.column_names[place]) for place in known), [columns[place] for place in known])  # type: ignore[misc]


def _column(column: Any) -> NDArray[Any] | None:
    """Numbers, or texts; None where it holds something else."""
    import pyarrow as pa  # noqa: PLC0415 an extra, and slow to import

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return texts(["" if each is None else each for each in column.to_pylist()])
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    numbers: NDArray[Any] = column.to_numpy()
    if numbers.dtype.kind in "iu" and numbers.dtype != np.uint8:
        is_small = numbers.size and numbers.min() >= 0 and numbers.max() <= 255
        return numbers.astype(np.uint8 if is_small else np.float64)
    return numbers if numbers.dtype == np.uint8 else numbers.astype(np.float64)
