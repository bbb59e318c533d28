"""A folder with a table to train on and others to test with and to validate on."""

import re
from pathlib import Path
from typing import Final

from tui_trainer.datasets.arrow import FEATHER, PARQUET, read_feather, read_parquet
from tui_trainer.datasets.csv_text import is_table, read_table
from tui_trainer.datasets.reader import SIGNATURE, Contents, Reader
from tui_trainer.datasets.table import Table, contents_of
from tui_trainer.errors import UserError
from tui_trainer.system.reading import opened

PART: Final = re.compile(r"(?:^|[-_. ])(?:(train|training)|(test|testing)|(val|valid|validation))(?=[-_. ]|$)", re.IGNORECASE)
SUFFIXES: Final = (".csv", ".tsv", ".txt", ".data", ".parquet", ".feather", ".arrow", ".gz")


class TableFolder(Reader):
    """Tables in files of their own, as `train.csv` and `test.csv`."""

    kind = "a folder of tables such as train.csv and test.csv"
    has_columns = True

    def claims(self, path: Path, start: bytes) -> bool:
        return not start and path.is_dir() and "train" in _files(path)

    def example(self, folder: Path) -> Path:
        for name, rows in (("train", 40), ("test", 10)):
            lines = "".join(f"{row % 7}.5,{row % 3},{'ab'[row % 2]}\n" for row in range(rows))
            (folder / f"{name}.csv").write_text(f"width,height,kind\n{lines}")
        return folder

    def read(self, path: Path) -> Contents:
        return contents_of({part: read_any_table(file) for part, file in _files(path).items()}, self.label, path)


def read_any_table(path: Path) -> Table:
    """The table in a file of any of the formats. Raises UserError."""
    with opened(path) as file:
        start = file.read(SIGNATURE)
    if start.startswith(PARQUET):
        return read_parquet(path)
    return read_feather(path) if start.startswith(FEATHER) else read_table(path)


def begins_table(path: Path, start: bytes) -> bool:
    """Whether a file is a table, by its first bytes and lines."""
    return start.startswith((PARQUET, *FEATHER)) or is_table(path, start)


def _files(path: Path) -> dict[str, Path]:
    """The tables in a folder by the part that their names tell. Raises UserError where one part has several."""
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        match = PART.search(file.stem)
        if match and file.suffix.lower() in SUFFIXES and file.is_file() and "idx" not in file.name:
            part = "train" if match[1] else "test" if match[2] else "validation"
            if part in found:
                raise UserError(
                    f"both {found[part].name} and {file.name} may be the {part} table", path=path, hint="give one of them, or move it"
                )
            found[part] = file
    return found
