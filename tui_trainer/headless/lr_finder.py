"""The learning-rate range test without a screen: its points as JSON lines or a chart, and the suggested rate."""

import sys
from math import ceil, floor, log10

from tui_trainer.config.options import Config
from tui_trainer.runs.directory import line
from tui_trainer.runs.run import settle
from tui_trainer.system.streams import results
from tui_trainer.training.control import Control
from tui_trainer.training.lr_finder import RangePoint, range_test, suggest

ASCII_FRAME = str.maketrans("─│┌┐└┘┬┴├┤┼", "-|+++++++++")


def find_learning_rate(config: Config, *, lowest: float, highest: float, steps: int, form: str) -> None:
    """Run the range test, and print its points or a chart of them, and the suggested rate."""
    points = []
    config, data = settle(config)
    with results():
        for point in range_test(config, data, Control(), lowest=lowest, highest=highest, steps=steps):
            points.append(point)
            if form == "json":
                print(line({"event": "point", **point._asdict()}), flush=True)  # noqa: T201
        suggestion = suggest(points)
        if form == "json":
            print(line({"event": "suggestion", "learning_rate": suggestion}))  # noqa: T201
            return
        print(range_chart(points))  # noqa: T201
        if suggestion is None:
            print("the loss was not finite from the first step on; try a lower --from")  # noqa: T201
        else:
            print(f"try --learning-rate {suggestion:.1g}, a tenth of where the smoothed loss was lowest")  # noqa: T201


def range_chart(points: list[RangePoint], width: int = 78, height: int = 18) -> str:
    """The smoothed loss over the logarithm of the learning rate, in ASCII where the terminal needs it."""
    import plotext  # noqa: PLC0415 nothing else here draws

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    exponents = [log10(point.learning_rate) for point in points]
    stride = -(-len(points) // (2 * width))
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    plotext.plot(exponents[::stride], [point.smoothed_loss for point in points][::stride], marker="braille" if unicode else "*")
    whole = range(ceil(exponents[0]), floor(exponents[-1]) + 1) if exponents else []
    plotext.xticks(list(whole), [f"1e{exponent}" for exponent in whole])
    plotext.xlabel("learning rate")
    plotext.title("smoothed loss (nats)")
    chart: str = plotext.uncolorize(plotext.build())
    return chart if unicode else chart.translate(ASCII_FRAME)
