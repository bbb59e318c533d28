"""How training's cost grows with the network, beside the peers' and that of matrix products alone: `python benchmarks/growth.py`.

It takes a quarter of an hour and what `peers.py` needs. Draws docs/growth.svg: seconds for an epoch of MNIST over units, layers and samples
in a batch, all on logarithmic scales, with all cores.
"""

import itertools
import json
import os
import sys
from math import log
from pathlib import Path
from statistics import median

from peers import TITLES, ask, take_seat

PANELS = {
    "units, batch 32": [(units, f"{units}/32") for units in (32, 64, 128, 256, 512, 1024, 2048, 4096)],
    "layers of 100, batch 32": [(layers, f"100x{layers}/32") for layers in (1, 2, 5, 10, 20, 50, 100)],
    "batch, 256 units": [(batch, f"256/{batch}") for batch in (1, 4, 16, 64, 256, 1024, 4096)],
}
COLOURS = {"ours": "#d9480f", "products": "#868e96", "torch": "#1971c2", "jax": "#2f9e44"}
ROUNDS = 3
WIDTH, HEIGHT, LEFT, TOP, GAP = 260, 220, 52, 46, 62
PICTURE = Path(__file__).parents[1] / "docs" / "growth.svg"

Curves = dict[str, dict[str, list[tuple[int, float]]]]


def measure() -> Curves:
    """For each panel and contender the points of its curve."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: Curves = {}
    for panel, points in PANELS.items():
        found[panel] = {name: [] for name in COLOURS}
        for value, network in points:
            # Each network has contenders of its own: what they keep of all would fill the memory.
            seats = {name: take_seat(name, cores) for name in COLOURS}
            for name, seat in seats.items():
                times = [seconds for _ in range(ROUNDS) if (seconds := ask(seat, network)) is not None]
                if times:
                    found[panel][name].append((value, median(times)))
            for seat in seats.values():
                seat.stdin.close()  # type: ignore[union-attr]
                seat.wait()
            print(panel, value, {name: f"{curve[-1][1]:.3f}" for name, curve in found[panel].items() if curve}, flush=True)
    return found


def draw(found: Curves) -> str:
    """The curves as one SVG, readable on a light and on a dark page."""
    width = LEFT + len(found) * (WIDTH + GAP) - GAP + 20
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + HEIGHT + 44}" font-family="sans-serif" font-size="12">']
    for place, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 190 * place
        lines.append(
            f'<path d="M{x} 14h22" stroke="{colour}" stroke-width="3"/><text x="{x + 28}" y="18" fill="#868e96">{TITLES[name]}</text>'
        )
    for number, (panel, curves) in enumerate(found.items()):
        left = LEFT + number * (WIDTH + GAP)
        values, seconds = zip(*itertools.chain.from_iterable(curves.values()), strict=True)
        low, high = min(seconds), max(seconds)

        def at(value: float, second: float, left: int = left, ends: tuple[float, ...] = (min(values), max(values), low, high)) -> str:
            first, last, least, most = ends
            x = left + WIDTH * log(value / first) / log(last / first)
            return f"{x:.1f} {TOP + HEIGHT * log(most / second) / log(most / least):.1f}"

        lines.append(f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#868e96" stroke-opacity=".5"/>')
        lines.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle" fill="#868e96">{panel}</text>')
        for value in sorted(set(values)):
            x = at(value, low).split()[0]
            lines.append(f'<text x="{x}" y="{TOP + HEIGHT + 16}" text-anchor="middle" fill="#868e96" font-size="10">{value}</text>')
        for second in (10.0**power for power in range(-3, 4)):
            if low <= second <= high:
                y = at(min(values), second).split()[1]
                lines.append(f'<path d="M{left} {y}h{WIDTH}" stroke="#868e96" stroke-opacity=".25"/>')
                lines.append(
                    f'<text x="{left - 6}" y="{float(y) + 4:.1f}" text-anchor="end" fill="#868e96" font-size="10">{second:g} s</text>'
                )
        for name, curve in curves.items():
            path = "L".join(at(*point) for point in curve)
            lines.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="{3 if name == "ours" else 1.8}"/>')
    return "\n".join([*lines, "</svg>", ""])


def main() -> None:
    """Measure, or draw again what a file of measurements tells, and write the picture."""
    found = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else measure()
    print(json.dumps(found))
    PICTURE.write_text(draw(found), encoding="utf-8")


if __name__ == "__main__":
    main()
