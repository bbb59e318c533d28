"""A table in a Parquet file."""

from pathlib import Path

from tui_trainer.datasets.arrow import PARQUET, read_parquet
from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.table import contents_of


class ParquetFile(Reader):
    """A sample in each row: numbers and a label."""

    kind = "a Parquet file"
    has_columns = True

    def claims(self, path: Path, start: bytes) -> bool:
        return start.startswith(PARQUET)

    def example(self, folder: Path) -> Path:
        import pyarrow as pa  # noqa: PLC0415 an extra
        from pyarrow import parquet  # noqa: PLC0415

        path = folder / "example.parquet"
        columns = {"width": [row % 7 + 0.5 for row in range(40)], "height": [row % 3 for row in range(40)], "kind": ["a", "b"] * 20}
        parquet.write_table(pa.table(columns), path)
        return path

    def read(self, path: Path) -> Contents:
        return contents_of({"train": read_parquet(path)}, self.label, path)
