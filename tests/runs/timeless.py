"""What a metrics.jsonl tells besides the time and the place."""

import json
from pathlib import Path
from typing import Any


def timeless(folder: Path) -> list[dict[str, Any]]:
    """The lines in a run's folder, without what is different each time."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    times = ("started", "seconds", "samples_per_second", "run_directory")
    return [{name: value for name, value in line.items() if name not in times} for line in lines]
