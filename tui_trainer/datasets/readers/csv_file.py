"""A table in a text file."""

from pathlib import Path

from tui_trainer.datasets.csv_text import is_table, read_table
from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.table import contents_of


class CsvFile(Reader):
    """A sample in each line: numbers and a label, with commas, semicolons, tabs or bars between them."""

    kind = "a CSV file"
    has_columns = True

    def claims(self, path: Path, start: bytes) -> bool:
        return is_table(path, start)

    def example(self, folder: Path) -> Path:
        path = folder / "example.csv"
        path.write_text("width,height,kind\n" + "".join(f"{row % 7}.5,{row % 3},{'ab'[row % 2]}\n" for row in range(40)))
        return path

    def read(self, path: Path) -> Contents:
        return contents_of({"train": read_table(path)}, self.label, path)
