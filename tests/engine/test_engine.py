"""The compiled engine: what NumPy's layers and optimizers compute, and the same bits with any number of threads."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.sparse import Samples, SparseRows
from tui_trainer.engine import library
from tui_trainer.engine.crew import Crew
from tui_trainer.engine.formulas import FormulaError, slope_of, update_of, value_of
from tui_trainer.engine.library import address
from tui_trainer.engine.memory import place_of
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.normalization import NORMALIZATIONS
from tui_trainer.nn.optimizers import OPTIMIZERS, Hyperparameter, Optimizer, clip_by_norm
from tui_trainer.system.machine import give_way
from tui_trainer.training import engines as serving
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Event
from tui_trainer.training.loop import Training
from tui_trainer.training.model import build_network, build_optimizer

numba = pytest.importorskip("numba")

RATE = 0.01


def sparse_bytes(rng: np.random.Generator, samples: int, features: int, share: float) -> np.ndarray:
    return rng.integers(1, 256, (samples, features), dtype=np.uint8) * (rng.random((samples, features)) < share).astype(np.uint8)


def some_data(samples: int, features: int, classes: int, share: float = 0.2) -> Split:
    rng = np.random.default_rng(features)
    return Split(sparse_bytes(rng, samples, features, share), rng.integers(0, classes, samples))


class Pair:
    """One network and optimizer twice: as NumPy trains it, and as the engine does."""

    def __init__(self, data: Split, classes: int, threads: int = 1, **options: Any) -> None:
        self.config = Config.parse({"validation": 0, "threads": 1, "learning_rate": RATE, **options})
        features = data.images.shape[1]
        self.networks, self.optimizers = [], []
        for _ in range(2):
            network = build_network(self.config, features, classes)
            network.initialize(np.random.default_rng(1))
            rng = np.random.default_rng(2)
            for tensor in network.tensors.values():
                np.add(tensor, rng.normal(0, 0.01, tensor.shape), out=tensor, casting="same_kind")
            network.draw_from(np.random.default_rng(3))
            self.networks.append(network)
            self.optimizers.append(build_optimizer(self.config, network))
        self.data = data
        self.loader = BatchLoader(data, self.config.batch_size)
        engine = serving.engine_for(self.networks[1], self.optimizers[1], self.loader.whole, threads)
        assert engine is not None
        self.engine = engine
        self.engine.load()

    def by_numpy(self, order: np.ndarray) -> tuple[list[float], list[int], np.ndarray]:
        """Losses and right predictions of all batches, and the last gradient."""
        network, optimizer = self.networks[0], self.optimizers[0]
        losses, correct = [], []
        gradient = network.gradients.copy()
        for start in range(0, len(order), self.config.batch_size):
            batch = self.loader.load(network, order[start : start + self.config.batch_size], training=True)
            batch.forward()
            loss, right = batch.loss()
            batch.backward()
            gradient = network.gradients.copy()
            if self.config.clip_norm is not None:
                clip_by_norm(network.gradients, self.config.clip_norm)
            optimizer.step(RATE)
            losses.append(loss)
            correct.append(right)
        return losses, correct, gradient

    def by_engine(self, order: np.ndarray) -> tuple[list[float], list[int], np.ndarray]:
        """The same, in two calls, the last of which keeps its gradient."""
        rows = self.config.batch_size
        most = len(order) // rows - 1
        losses, correct = [], []
        for part, count, keeps in ((order[: most * rows], most, False), (order[most * rows :], 1, True)):
            if count:
                trained = self.engine.train(self.loader.whole, part, rows, [RATE] * count, clip_norm=self.config.clip_norm, keeps=keeps)
                assert not trained.diverged
                losses += trained.losses.tolist()
                correct += trained.correct.tolist()
        self.engine.store()
        self.engine.store_gradients()
        return losses, correct, self.networks[1].gradients


def compare(pair: Pair, steps: int = 5) -> None:
    rng = np.random.default_rng(4)
    order = rng.integers(0, len(pair.data.labels), steps * pair.config.batch_size)
    losses, correct, gradient = pair.by_numpy(order)
    found, right, kept = pair.by_engine(order)
    np.testing.assert_allclose(found, losses, rtol=2e-5, atol=1e-5)
    assert right == correct
    np.testing.assert_allclose(kept, gradient, rtol=0, atol=1e-7 + 2e-5 * np.abs(gradient).max())
    moved = np.abs(pair.networks[0].parameters - pair.networks[1].parameters)
    # An optimizer that divides by the root of small gradients magnifies their last bits.
    assert np.quantile(moved, 0.99) < 2e-5
    assert pair.optimizers[1].steps == steps
    trained = pair.networks[0].parameters.size
    np.testing.assert_allclose(pair.networks[1].state[trained:], pair.networks[0].state[trained:], rtol=1e-5, atol=1e-6)
    for slot, vector in pair.optimizers[0].state.items():
        np.testing.assert_allclose(
            pair.optimizers[1].state[slot], vector, rtol=0, atol=2e-4 * max(np.abs(vector).max(), 1e-12), err_msg=slot
        )
    inside = evaluate(pair.networks[0], BatchLoader(pair.data))
    assert pair.engine.evaluate(pair.loader.whole, 500) == pytest.approx(inside, rel=1e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_a_compiled_form_that_agrees(activation: str) -> None:
    compare(Pair(some_data(90, 60, 10), 10, hidden="30,20", activation=activation, initializer="he_normal", batch_size=17, optimizer="sgd"))


@pytest.mark.parametrize("optimizer", [name for name, kind in OPTIMIZERS.items() if not kind.per_tensor])
@pytest.mark.parametrize("extra", [{}, {"weight_decay": 0.1, "clip_norm": 0.05}])
def test_every_optimizer_has_a_compiled_form_that_agrees(optimizer: str, extra: dict[str, Any]) -> None:
    compare(Pair(some_data(90, 60, 10), 10, hidden="30", batch_size=20, optimizer=optimizer, **extra))


@pytest.mark.parametrize("normalization", ["none", *NORMALIZATIONS])
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(("hidden", "residual"), [("20x3", 1), ("110x3", 2), ("110,40,150,30", 1), ("110,40,150,30", 2)])
def test_normalization_and_skips_agree(normalization: str, place: str, hidden: str, residual: int) -> None:
    options = {"hidden": hidden, "normalization": normalization, "normalization_place": place, "residual": residual, "optimizer": "sgd"}
    for extra in ({"batch_size": 17, "dropout": 0.3}, {"batch_size": 40, "clip_norm": 0.05, "activation": "prelu"}):
        compare(Pair(some_data(90, 60, 10), 10, 2, **options, **extra))


def test_batch_norm_of_a_single_image_agrees() -> None:
    pair = Pair(some_data(90, 60, 10), 10, hidden="110,20", activation="tanh", normalization="batch", optimizer="sgd")
    # No run has such batches but for the rest of an epoch.
    pair.config = pair.config.model_copy(update={"batch_size": 1})
    compare(pair)


def test_smoothed_labels_are_for_training_alone() -> None:
    compare(Pair(some_data(90, 60, 10), 10, hidden="30", batch_size=20, optimizer="sgd", label_smoothing=0.2))


def test_dropout_draws_the_masks_that_the_layers_would_draw() -> None:
    compare(Pair(some_data(90, 60, 10), 10, hidden="100,30", batch_size=20, optimizer="sgd", dropout=0.4))


def test_dense_bytes_and_numbers_are_taken_as_they_are() -> None:
    data = some_data(90, 60, 10, share=0.9)
    compare(Pair(data, 10, hidden="100,100", batch_size=20, optimizer="sgd"))
    compare(Pair(Split(data.images.astype(np.float32), data.labels), 10, hidden="100", batch_size=20, optimizer="momentum"))


@settings(max_examples=25, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 230), max_size=4),
    rows=st.integers(1, 70),
    features=st.integers(1, 90),
    classes=st.integers(2, 120),
    share=st.sampled_from([0.0, 0.2, 0.9]),
    threads=st.integers(1, 3),
)
def test_any_shape_agrees(hidden: list[int], rows: int, features: int, classes: int, share: float, threads: int) -> None:
    data = some_data(max(rows, 80), features, classes, share)
    sizes = ",".join(map(str, hidden)) or "none"
    compare(Pair(data, classes, threads, hidden=sizes, activation="tanh", batch_size=rows, optimizer="sgd"), steps=3)


def run(data: Dataset, **options: Any) -> list[Event]:
    return list(Training(Config.parse({"validation": 100, "epochs": 2, "batch_size": 64, **options}), data).events(Control()))


def end(events: list[Event]) -> Ended:
    assert isinstance(events[-1], Ended)
    return events[-1]


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": "100x4", "activation": "tanh", "dropout": 0.2},
        {"hidden": "200,30,150", "activation": "prelu", "optimizer": "nadam", "clip_norm": 1.0},
        {"hidden": "100x4", "normalization": "batch", "residual": 1},
        {"hidden": "200x3", "normalization": "layer", "residual": 2},
        {"hidden": "none"},
    ],
)
def test_any_number_of_threads_gives_the_same_bytes(digits: Dataset, options: dict[str, Any]) -> None:
    alone, *others = (end(run(digits, **options, threads=threads)) for threads in (1, 2, 3, 7))
    assert alone.snapshot is not None
    for other in others:
        assert other.snapshot is not None
        assert alone.snapshot.tensors.keys() == other.snapshot.tensors.keys()
        for name, tensor in alone.snapshot.tensors.items():
            assert tensor.tobytes() == other.snapshot.tensors[name].tobytes(), name
        assert (alone.test_loss, alone.test_accuracy) == (other.test_loss, other.test_accuracy)


def test_a_whole_run_agrees_with_numpy_to_rounding(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"hidden": "40,30", "activation": "elu", "optimizer": "sgd", "learning_rate": 0.05, "early_stopping": 3, "threads": 2}
    compiled = run(digits, **options)
    monkeypatch.setattr(serving, "service", lambda: serving.Service(None, "numpy"))
    plain = run(digits, **options)
    # An event for each batch, whatever is trained at once.
    assert [type(event) for event in compiled] == [type(event) for event in plain]
    assert end(compiled).test_loss == pytest.approx(end(plain).test_loss, rel=1e-4)
    first, second = end(compiled).snapshot, end(plain).snapshot
    assert first is not None
    assert second is not None
    assert first.scalars.keys() == second.scalars.keys()
    assert first.scalars["step"] == second.scalars["step"]
    for name, tensor in first.tensors.items():
        np.testing.assert_allclose(tensor, second.tensors[name], rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_ends_the_run_at_its_batch(digits: Dataset, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    options = {"hidden": "20,20", "optimizer": "sgd", "learning_rate": 1e6, "threads": threads}
    compiled = end(run(digits, **options))
    monkeypatch.setattr(serving, "service", lambda: serving.Service(None, "numpy"))
    plain = end(run(digits, **options))
    assert compiled.status == plain.status == "diverged"
    assert compiled.divergence == plain.divergence


def test_what_is_negligible_becomes_zero_before_it_is_subnormal() -> None:
    data = some_data(40, 30, 4)
    pair = Pair(data, 4, hidden="10", batch_size=10, optimizer="adam", learning_rate=1e-9)
    for vector in pair.optimizers[1].state.values():
        vector.fill(1e-26)
    pair.engine.load()
    dead = Split(np.zeros_like(data.images), data.labels)
    order = np.zeros(10 * 260, np.intp)
    pair.engine.train(Samples(dead.images, dead.labels), order, 10, [1e-9] * 260)
    pair.engine.store()
    weights = pair.networks[1].named(pair.optimizers[1].state["gradient_sum"])["dense_1.weight"]
    assert not weights.any()


def test_a_part_without_a_compiled_form_is_trained_by_numpy(digits: Dataset) -> None:
    class Cube(Activation):
        """z³."""

        def forward(self, x: Any, out: Any, scratch: Any) -> None:
            np.multiply(x * x, x, out=out)

        def slope(self, x: Any, out: Any, slope: Any) -> None:
            np.multiply(x * x, 3, out=slope)

    ACTIVATIONS.register("cube", Cube)
    try:
        training = Training(Config.parse({"hidden": "20", "activation": "cube", "epochs": 1, "threads": 2, "validation": 100}), digits)
        assert training.state.engine is None
        assert end(list(training.events(Control()))).status == "completed"
    finally:
        ACTIVATIONS.unregister("cube")


# The functions and the sparse form


def test_exp_and_tanh_are_within_two_units_of_the_last_place() -> None:
    for name, function, domain in (("sigmoid", lambda z: 1 / (1 + np.exp(-z)), 80), ("tanh", np.tanh, 20), ("elu", np.expm1, 80)):
        z = np.concatenate([np.linspace(-domain, 0, 40_001), -np.geomspace(1e-30, 1, 10_000)]).astype(np.float32)
        exact = function(z.astype(np.float64))
        network = _identity(name, z)
        off = np.abs(network - exact) / np.spacing(np.abs(exact).astype(np.float32))
        assert off.max() < 3, (name, z[off.argmax()], off.max())


def _identity(activation: str, z: np.ndarray) -> np.ndarray:
    """f(z), through a network of one unit whose weight is 1."""
    out, zeros, one = z.copy(), np.zeros(len(z), np.float32), np.ones(1, np.float32)
    table = np.zeros((1, 16), np.int64)
    row = (address(value_of(ACTIVATIONS[activation](1))), 0, 1, len(z), 0, place_of(out), len(z), place_of(zeros), place_of(one))
    table[0, : len(row)] = row
    nothing = np.zeros((1, 0), np.float32)
    Crew(1, give_way()).run([table], 1, 1, np.zeros(1, np.intp), nothing, np.zeros(1), np.zeros(1, np.int64))
    return out


@settings(max_examples=40)
@given(samples=st.integers(0, 600), features=st.integers(1, 60), share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_a_sparse_form_tells_what_is_not_zero(samples: int, features: int, share: float, seed: int) -> None:
    images = sparse_bytes(np.random.default_rng(seed), samples, features, share)
    rows = SparseRows.compress(images)
    again = np.zeros_like(images)
    again[np.repeat(np.arange(samples), np.diff(rows.starts)), rows.columns] = rows.values
    np.testing.assert_array_equal(again, images)


def test_what_is_not_sparse_has_no_sparse_form() -> None:
    rng = np.random.default_rng(0)
    images = np.concatenate([sparse_bytes(rng, 30, 20, 0.2), sparse_bytes(rng, 10, 20, 0.9)])
    whole = SparseRows.compress(images)
    part = whole.part(10, 30)
    alone = SparseRows.of(images[10:30])
    assert part is not None
    assert alone is not None
    assert np.array_equal(part.columns[part.starts[0] : part.starts[-1]], alone.columns)
    assert whole.part(30, 40) is None is SparseRows.of(images[30:])
    assert SparseRows.of(np.zeros((5, 5), np.float32)) is None
    assert SparseRows.of(np.zeros((2, 70_000), np.uint8)) is None


# The threads


@pytest.fixture
def one_core() -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not say which cores a process may use")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_core")
def test_more_threads_than_cores_come_to_an_end(digits: Dataset) -> None:
    assert end(run(digits, hidden="200x3", threads=4, epochs=1)).status == "completed"


def test_a_paused_run_costs_nothing(digits: Dataset) -> None:
    events = Training(Config.parse({"hidden": "200", "threads": 3, "epochs": 5, "validation": 100}), digits).events(Control())
    for _ in range(20):
        next(events)
    time.sleep(0.2)  # until the other threads have given up waiting
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1
    assert isinstance(list(events)[-1], Ended)


def trained_by(environment: Mapping[str, str], data: Path, output: Path) -> str:
    """What the start event of a run in a process of its own says of the engine."""
    command = [sys.executable, "-m", "tui_trainer", "--no-ui", "--format", "json", "--data", str(data), "--output", str(output)]
    command += ["--epochs", "1", "--validation", "0", "--hidden", "10", "--batch-size", "100"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    start, *_ = map(json.loads, done.stdout.splitlines())
    return str(start["environment"]["engine"])


def test_a_numba_that_does_not_work_leaves_numpy(digits_file: Path, tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('needs another NumPy')")
    broken = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    assert trained_by(broken, digits_file, tmp_path / "run") == "numpy: numba does not work here (needs another NumPy)"


def test_a_kept_function_that_is_not_whole_is_compiled_anew(tmp_path: Path) -> None:
    program = (
        "from tui_trainer.engine import library; print(library.is_kept('clear'), library.address('clear') > 0, library.is_kept('clear'))"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path(library.__file__).parents[2])}

    def told() -> str:
        return subprocess.check_output([sys.executable, "-c", program], env=environment, text=True).strip()

    assert told() == "False True True"
    assert told() == "True True True"
    kept = next(tmp_path.glob("*/engine/*/clear"))
    whole = kept.read_bytes()
    for spoiled in (whole[:-7], whole[:200] + b"\0" + whole[201:], b""):
        kept.write_bytes(spoiled)
        assert told() == "False True True"


# The compiled forms of parts that others write

BENT = '''
from math import exp, fabs

import numpy as np

from tui_trainer.nn.activations import Activation, Hyperparameter

HALF = 0.5


def softsign(z, bend):
    return z / (1 + bend * fabs(z))


class Bent(Activation):
    """z / (1 + b|z|), halved."""

    bend = Hyperparameter(1.0, "how much it bends", least=0)

    def value(self, z):
        return HALF * z / (1 + self.bend * np.abs(z))

    def derivative(self, z):
        return HALF / (1 + self.bend * np.abs(z)) ** 2

    @staticmethod
    def compiled_value(z, bend):
        return HALF * softsign(z, bend)

    @staticmethod
    def compiled_derivative(z, f, bend):
        share = 1 + bend * fabs(z)
        if share > 1e30:
            return 0
        return HALF / share**2
'''


def written(text: str, folder: Path) -> Any:
    """The class `Bent` of this text, as a file of its own."""
    file = folder / "bent.py"
    file.write_text(text)
    specification = importlib.util.spec_from_file_location("bent", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Bent


def test_a_compiled_form_may_call_functions_and_branch_and_agrees(tmp_path: Path) -> None:
    ACTIVATIONS.register("bent", written(BENT, tmp_path))
    try:
        compare(Pair(some_data(90, 60, 10), 10, hidden="30,20", activation="bent", bend=0.3, batch_size=17, optimizer="sgd"))
    finally:
        ACTIVATIONS.unregister("bent")


def test_an_edited_form_is_another_operation(tmp_path: Path) -> None:
    before = written(BENT, tmp_path)
    first = value_of(before(1)), slope_of(before(1))
    edited = written(BENT.replace("HALF = 0.5", "HALF = 0.25"), tmp_path)
    assert not {value_of(edited(1)), slope_of(edited(1))} & {*first}
    other = written(BENT.replace("z / (1 + bend * fabs(z))", "z / (2 + bend * fabs(z))"), tmp_path)
    assert value_of(other(1)) not in (*first, value_of(edited(1)))
    assert slope_of(other(1)) == first[1]


def test_a_form_whose_file_has_changed_since_is_not_read(tmp_path: Path) -> None:
    loaded = written(BENT, tmp_path)
    (tmp_path / "bent.py").write_text(BENT.replace("HALF * softsign", "3 * HALF * softsign"))
    with pytest.raises(FormulaError, match="is not what was read"):
        value_of(loaded(1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return HALF * softsign(z, bend)", "return np.tanh(z)"),
        ("return HALF * softsign(z, bend)", "return [z for _ in range(3)][0]"),
        ("return HALF * softsign(z, bend)", "return str(z)"),
        ("def compiled_value(z, bend)", "def compiled_value(z, other)"),
    ],
)
def test_what_cannot_be_compiled_is_trained_by_numpy(digits: Dataset, tmp_path: Path, old: str, new: str) -> None:
    ACTIVATIONS.register("bent", written(BENT.replace(old, new), tmp_path))
    try:
        training = Training(Config.parse({"hidden": "20", "activation": "bent", "epochs": 1, "validation": 100, "threads": 1}), digits)
        assert training.state.engine is None
        assert end(list(training.events(Control()))).status == "completed"
    finally:
        ACTIVATIONS.unregister("bent")


def test_an_update_may_be_of_any_shape() -> None:
    class Signed(Optimizer):
        """Steps by the sign of a mean, and keeps more than it needs."""

        name = "signed"
        beta1 = Hyperparameter(0.9, "share kept", least=0, below=1)
        slots = MappingProxyType({"mean": 0.0, "second": 0.0, "most": 0.0})

        def scalars(self, learning_rate: float) -> tuple[float, ...]:
            return learning_rate, self.beta1

        def update(self, p: Any, g: Any, rate: float, keep: float, mean: Any, second: Any, most: Any) -> None:
            mean *= keep
            mean += (1 - keep) * g
            second += g * g
            np.maximum(most, g * g, out=most)
            p -= rate * np.sign(mean)

        @staticmethod
        def compiled_update(p: float, g: float, rate: float, keep: float, mean: float, second: float, most: float) -> tuple[float, ...]:
            mean = mean * keep + (1 - keep) * g
            if mean > 0:
                return p - rate, mean, second + g * g, max(most, g * g)
            return p + (rate if mean < 0 else 0), mean, second + g**2, max(most, g * g)

    assert update_of(Signed).startswith("signed.")
    OPTIMIZERS.register("signed", Signed)
    try:
        compare(Pair(some_data(90, 60, 10), 10, hidden="30,20", batch_size=17, optimizer="signed"))
    finally:
        OPTIMIZERS.unregister("signed")
