"""A table in a Feather file, which is Arrow's own."""

from pathlib import Path

from tui_trainer.datasets.arrow import FEATHER, read_feather
from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.table import contents_of


class FeatherFile(Reader):
    """A sample in each row: numbers and a label."""

    kind = "a Feather file"
    has_columns = True

    def claims(self, path: Path, start: bytes) -> bool:
        return start.startswith(FEATHER)

    def example(self, folder: Path) -> Path:
        import pyarrow as pa  # noqa: PLC0415 an extra
        from pyarrow import feather  # noqa: PLC0415

        path = folder / "example.feather"
        columns = {"width": [row % 7 + 0.5 for row in range(40)], "height": [row % 3 for row in range(40)], "kind": ["a", "b"] * 20}
        feather.write_feather(pa.table(columns), str(path))
        return path

    def read(self, path: Path) -> Contents:
        return contents_of({"train": read_feather(path)}, self.label, path)
