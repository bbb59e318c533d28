"""Seconds for one epoch of MNIST beside PyTorch, JAX and scikit-learn: `pip install -e '.[bench]'`, then `python benchmarks/peers.py`.

Every contender trains the same network with Adam and ReLU in float32 on all 60,000 images, in a process of its own that is pinned to as
many cores as it has threads. The rounds of all contenders are interleaved, so that a change of the machine's speed meets all of them; the
figure is the median of the rounds. What is timed is training alone: no evaluation, no start, no compilation. Below each table stands by how
much the best peer is slower, row by row and in the geometric mean.
"""

import argparse
import itertools
import os
import subprocess
import sys
from statistics import geometric_mean, median

ROWS = {
    "784-32-10, batch 32": "32/32",
    "784-256-10, batch 32": "256/32",
    "784-256-10, batch 128": "256/128",
    "784-256-10, batch 4": "256/4",
    "784-128×8-10, batch 32": "128x8/32",
    "784-100×20-10, batch 32": "100x20/32",
    "784-1024×3-10, batch 32": "1024x3/32",
    "784-1024×3-10, batch 256": "1024x3/256",
    "784-2048-10, batch 512": "2048/512",
}
CONTENDERS = ("ours", "numpy", "products", "torch", "jax", "sklearn")
PEERS = ("torch", "jax", "sklearn")
TITLES = {
    "ours": "tui-trainer",
    "numpy": "with NumPy alone",
    "products": "matrix products alone",
    "torch": "PyTorch, fused Adam",
    "jax": "JAX, whole epoch compiled",
    "sklearn": "scikit-learn",
}
SAMPLES = 60_000


def main() -> None:
    """Run all contenders in turn and print a Markdown table for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", nargs="+", choices=[*ROWS], default=[*ROWS], metavar="ROW", help="some rows alone, by their titles")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        compete(options.contender, options.threads[0])
        return
    for threads in options.threads:
        seats = {name: take_seat(name, threads) for name in CONTENDERS}
        times: dict[tuple[str, str], list[float]] = {}
        for row in options.rows:
            for _ in range(options.rounds):
                for name, seat in seats.items():
                    seconds = ask(seat, ROWS[row])
                    if seconds is not None:
                        times.setdefault((row, name), []).append(seconds)
        for seat in seats.values():
            seat.stdin.close()  # type: ignore[union-attr]
            seat.wait()
        print(f"\n**{threads} {'thread' if threads == 1 else 'threads'}**, seconds per epoch (ratio to PyTorch)\n")
        print("| network | " + " | ".join(TITLES[name] for name in CONTENDERS) + " |")
        print("| --- |" + " --- |" * len(CONTENDERS))
        ahead = {}
        for row in options.rows:
            cells = []
            for name in CONTENDERS:
                found = times.get((row, name))
                torch = times.get((row, "torch"))
                ratio = f" ({median(found) / median(torch):.2f})" if found and torch else ""
                cells.append(f"{median(found):.3f}{ratio}" if found else "–")
            best = min(median(times[row, name]) for name in PEERS if (row, name) in times)
            ahead[row] = best / median(times[row, "ours"])
            print(f"| {row} | " + " | ".join(cells) + " |", flush=True)
        print("\nbest peer ÷ tui-trainer: " + "; ".join(f"{row}: {ratio:.2f}" for row, ratio in ahead.items()))
        print(f"geometric mean {geometric_mean(ahead.values()):.2f}", flush=True)


def take_seat(name: str, threads: int) -> "subprocess.Popen[str]":
    """Start a contender; it answers each network on its input with the seconds of an epoch."""
    count = str(threads)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    command = [sys.executable, __file__, "--contender", name, "--threads", count]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)


def ask(seat: "subprocess.Popen[str]", network: str) -> float | None:
    """One round of a contender with hidden layers and batch size, as `128x8/32`; None when it is not installed."""
    try:
        seat.stdin.write(network + "\n")  # type: ignore[union-attr]
        seat.stdin.flush()  # type: ignore[union-attr]
        return float(seat.stdout.readline())  # type: ignore[union-attr]
    except (BrokenPipeError, ValueError):
        return None


def compete(name: str, threads: int) -> None:
    """Answer one network after the other, keeping what was built for it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    make = {"products": products, "numpy": ours, "ours": ours, "torch": torch, "jax": jax, "sklearn": sklearn}[name]
    built = {}
    for line in sys.stdin:
        network = line.strip()
        if network not in built:
            hidden, _, batch = network.partition("/")
            built[network] = make(hidden, int(batch), threads=threads, compiled=name == "ours")
            built[network]()
        print(built[network](), flush=True)


def sizes(hidden: str):
    """Layer sizes from the image to the classes."""
    from tui_trainer.config.layer_sizes import parse_hidden

    return [784, *parse_hidden(hidden), 10]


def mnist():
    """Images as float32 in [0, 1] and labels as integers."""
    import numpy as np

    from tui_trainer import load_data

    images, labels = load_data("mnist").training
    return images.astype(np.float32) / 255, labels


def timed(step, batch: int):
    """A round: the steps of half a second or so, scaled to an epoch."""
    from time import perf_counter

    step(3)
    started = perf_counter()
    step(3)
    steps = min(max(3, round(1.5 / (perf_counter() - started))), SAMPLES // batch)
    step(steps)

    def go() -> float:
        started = perf_counter()
        step(steps)
        return (perf_counter() - started) / steps * SAMPLES / batch

    return go


def products(hidden: str, batch: int, **_: object):
    """What no dense implementation can do without: three products for each layer, two for the first."""
    import numpy as np

    rng = np.random.default_rng(0)
    dims = sizes(hidden)
    values = [rng.standard_normal((batch, size)).astype(np.float32) for size in dims]
    weights = [rng.standard_normal(shape).astype(np.float32) for shape in itertools.pairwise(dims)]
    gradients = [np.empty_like(weight) for weight in weights]
    outputs = [np.empty_like(value) for value in values]

    def steps(count: int) -> None:
        for _ in range(count):
            for layer, weight in enumerate(weights):
                np.matmul(values[layer], weight, out=outputs[layer + 1])
            for layer in reversed(range(len(weights))):
                np.matmul(values[layer].T, values[layer + 1], out=gradients[layer])
                if layer:
                    np.matmul(values[layer + 1], weights[layer].T, out=outputs[layer])

    return timed(steps, batch)


def ours(hidden: str, batch: int, threads: int, compiled: bool):
    """The program's own training loop, events and all."""
    from tui_trainer import Config, Control, load_data
    from tui_trainer.training import engines
    from tui_trainer.training.events import Progress
    from tui_trainer.training.loop import Training
    from tui_trainer.training.threads import fastest_threads

    if not compiled:
        engines.service = lambda: engines.Service(None, "numpy")
    elif not engines.has_engine():
        raise SystemExit("the engine does not serve here")
    data = load_data("mnist")
    config = Config.parse({"hidden": hidden, "batch_size": batch, "epochs": 10_000, "validation": 0, "threads": 1})
    # With more than one core the program decides for itself how many threads are worth it.
    chosen = 1 if threads == 1 else fastest_threads(config, data)
    events = (
        event for event in Training(config.model_copy(update={"threads": chosen}), data).events(Control()) if isinstance(event, Progress)
    )

    def steps(count: int) -> None:
        for _ in range(count):
            next(events)

    steps(SAMPLES // batch // 4)  # until the number of threads is found
    return timed(steps, batch)


def torch(hidden: str, batch: int, threads: int, **_: object):
    """Eager PyTorch as its tutorials write it, with the fused Adam and the data in memory."""
    import torch as framework

    framework.set_num_threads(threads)
    images, labels = map(framework.from_numpy, mnist())
    dims = sizes(hidden)
    layers = [part for a, b in itertools.pairwise(dims[:-1]) for part in (framework.nn.Linear(a, b), framework.nn.ReLU())]
    network = framework.nn.Sequential(*layers, framework.nn.Linear(*dims[-2:]))
    optimizer = framework.optim.Adam(network.parameters(), fused=True)
    loss_of = framework.nn.CrossEntropyLoss()

    def steps(count: int) -> None:
        order = framework.randperm(SAMPLES)
        for step in range(count):
            chosen = order[step * batch : (step + 1) * batch]
            loss = loss_of(network(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return timed(steps, batch)


def jax(hidden: str, batch: int, **_: object):
    """JAX with all steps of a round in one compiled scan."""
    import jax as framework
    import jax.numpy as jnp
    import numpy as np

    images, labels = map(jnp.asarray, mnist())
    dims = sizes(hidden)
    rng = np.random.default_rng(0)
    weights = [(rng.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32) for a, b in itertools.pairwise(dims)]
    parameters = [(jnp.asarray(weight), jnp.zeros(weight.shape[1])) for weight in weights]
    tree = framework.tree

    def loss(parameters, x, y):
        for weight, bias in parameters[:-1]:
            x = framework.nn.relu(x @ weight + bias)
        weight, bias = parameters[-1]
        return -jnp.mean(jnp.take_along_axis(framework.nn.log_softmax(x @ weight + bias), y[:, None], 1))

    def step(state, chosen):
        parameters, mean, square, count = state
        value, gradient = framework.value_and_grad(loss)(parameters, images[chosen], labels[chosen])
        count += 1
        mean = tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)
        first, second = 1 - 0.9**count, 1 - 0.999**count
        moved = tree.map(lambda p, m, s: p - 0.001 * (m / first) / (jnp.sqrt(s / second) + 1e-7), parameters, mean, square)
        return (moved, mean, square, count), value

    epoch = framework.jit(lambda state, order: framework.lax.scan(step, state, order), donate_argnums=0)
    zeros = tree.map(jnp.zeros_like, parameters)
    state = [(parameters, zeros, tree.map(jnp.copy, zeros), jnp.float32(0))]

    def steps(count: int) -> None:
        order = jnp.asarray(rng.permutation(SAMPLES)[: count * batch].reshape(count, batch))
        state[0], _ = epoch(state[0], order)
        framework.block_until_ready(state[0])

    return timed(steps, batch)


def sklearn(hidden: str, batch: int, **_: object):
    """scikit-learn's MLPClassifier on the samples of as many steps."""
    from sklearn.neural_network import MLPClassifier

    images, labels = mnist()
    model = MLPClassifier(sizes(hidden)[1:-1], batch_size=batch, alpha=0.0)

    def steps(count: int) -> None:
        model.partial_fit(images[: count * batch], labels[: count * batch], classes=range(10))

    return timed(steps, batch)


if __name__ == "__main__":
    main()
