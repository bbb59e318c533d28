"""Make the documentation's pictures: `python docs/make_pictures.py`. Each is the real app in the middle, or at the end, of a real run."""

import asyncio
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from tui_trainer.ui.app import TrainerApp

DOCS = Path(__file__).parent.absolute()

SECONDS_INTO_IT = 8

PICTURES: dict[str, tuple[tuple[int, int], str, dict[str, Any]]] = {
    "screen": ((120, 40), "training", {"hidden": "256,128", "activation": "prelu"}),
    "small": ((80, 24), "ended", {"epochs": 3}),
    "vanishing": (
        (120, 40),
        "ended",
        {"hidden": "100x10", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 2},
    ),
}


async def picture(name: str, size: tuple[int, int], moment: str, options: dict[str, Any]) -> None:
    """Run the app with these options until the moment has come, and save its screen."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        app = TrainerApp(options, Path("runs") / name)
        async with app.run_test(size=size) as pilot:
            await pilot.press("ctrl+r")
            while moment not in app.main.phase.name.lower():
                await pilot.pause(0.1)
            if moment == "training":
                await pilot.pause(SECONDS_INTO_IT)
            await pilot.pause(0.5)
            picture = app.export_screenshot(title="tui-trainer")
            app.save("stopped")
    (DOCS / f"{name}.svg").write_text(picture, encoding="utf-8")


async def main() -> None:
    """Make them one after the other: two runs at once would show half the speed."""
    for name, (size, moment, options) in PICTURES.items():
        await picture(name, size, moment, options)


if __name__ == "__main__":
    asyncio.run(main())
