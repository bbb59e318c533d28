"""Published marks for MNIST without distortions, over several seeds: `python benchmarks/marks.py`, about a quarter of an hour.

One hidden layer of 800 units: at most 1.6% test error (Simard, Steinkraus & Platt 2003). Two of 512 with dropout 0.2, RMSprop, batches of
128, 20 epochs: at least 98.40% (Keras's mnist_mlp example). Here both have a cosine schedule, and the first a dropout of 0.3.
All 60,000 images train; the test set is looked at once, at the end.
"""

import sys
from statistics import mean, stdev

from threadpoolctl import threadpool_limits

from tui_trainer import Config, Control, load_data
from tui_trainer.training.loop import Training

COMMON = {"validation": 0, "threads": 1, "batch_size": 128, "epochs": 20}
MARKS = {
    "800 units, Adam": {"hidden": "800", "optimizer": "adam", "schedule": "cosine", "dropout": 0.3},
    "512-512, RMSprop": {"hidden": "512x2", "dropout": 0.2, "optimizer": "rmsprop", "schedule": "cosine"},
}


def main() -> None:
    """Print a row for each mark."""
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    threadpool_limits(1, user_api="blas")
    data = load_data("mnist")
    print("| network | options | mean test accuracy | standard deviation | each |\n| --- | --- | --- | --- | --- |")
    for name, options in MARKS.items():
        found = []
        for seed in seeds:
            *_, end = Training(Config.parse({**COMMON, **options, "seed": seed}), data).events(Control())
            found.append(end.test_accuracy)
        line = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in {**COMMON, **options}.items() if key != "threads")
        print(f"| {name} | `{line}` | {mean(found):.2%} | {stdev(found):.2%} | {', '.join(f'{x:.2%}' for x in found)} |", flush=True)


if __name__ == "__main__":
    main()
