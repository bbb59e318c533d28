"""Going on with a run whose folder came from anywhere."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.resumption import read_resumption
from tui_trainer.runs.run import Run
from tui_trainer.system.folders import printable
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Progress, Snapshot

from .outcome import ESCAPES, is_one_line
from .trees import STRANGE, places, spoiled, values

FUZZ = settings(max_examples=70, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FEW = settings(FUZZ, max_examples=10)


def copied(run: Path, to: Path) -> RunDirectory:
    shutil.rmtree(to, ignore_errors=True)
    return RunDirectory(shutil.copytree(run, to))


def rewrite(folder: RunDirectory, scalars: Any, tensors: Mapping[str, Any] | None = None) -> None:
    """A checkpoint that says so, whether this program could have written it or not."""
    tensors = checkpoint.read(folder.checkpoint).tensors if tensors is None else tensors
    text = scalars if isinstance(scalars, str) else json.dumps(scalars)
    folder.checkpoint.write_bytes(save({name: np.ascontiguousarray(array) for name, array in tensors.items()}, {checkpoint.KEY: text}))


def go_on(folder: RunDirectory, given: Mapping[str, Any] | None = None) -> str:
    """Why not, or nothing when it went on, in which case its folder is one that can be read and resumed again."""
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    try:
        run = Run.resume(folder.path, given)
    except UserError as error:
        # Wherever it is shown it goes through this.
        assert is_one_line(printable(str(error)))  # noqa: PT017 it may be no error
        assert {path: path.read_bytes() for path in folder.path.iterdir()} == before, "what is refused is left as it was"
        return str(error)
    control, batches, event = Control(), 0, None
    for event in run.events(control):
        batches += isinstance(event, Progress)
        if batches == 25:
            control.stop()
    assert isinstance(event, Ended)
    assert run.save_error is None
    read_run(folder.path)
    if event.status != "diverged":
        read_resumption(folder, {})
    return ""


@pytest.fixture(scope="module")
def scalars(stopped_run: Path) -> dict[str, Any]:
    return dict(checkpoint.read(RunDirectory(stopped_run).checkpoint).scalars)


def test_the_run_as_it_was_is_gone_on_with(stopped_run: Path, tmp_path: Path) -> None:
    assert go_on(copied(stopped_run, tmp_path / "run")) == ""


@FUZZ
@given(data=st.data())
def test_scalars_with_something_wrong_in_them(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path, data: st.DataObject) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    try:
        rewrite(folder, data.draw(spoiled(scalars)))
    except ValueError:
        return  # an integer that json will not print
    go_on(folder)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_every_scalar_of_every_wrong_kind(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path, part: int) -> None:
    from .trees import changed

    cases = [(place, value) for place in places(scalars) if place for value in STRANGE if value != 10**4000]
    refused = 0
    for place, value in cases[part * 7 :: 28]:
        folder = copied(stopped_run, tmp_path / "run")
        rewrite(folder, changed(scalars, place, value))
        refused += go_on(folder) != ""
    assert refused > len(cases) // 28 / 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"step": 0}, "position"),
        ({"step": 2}, "position contradicts itself"),
        ({"step": 2**62}, "position contradicts itself"),
        ({"batch": 10**6}, "position is not in an epoch"),
        ({"batch": 0, "stretch": [1, 0, 0.0]}, "position is not in an epoch"),
        ({"stretch": [0, 10**9, 0.0]}, "position is not in an epoch"),
        ({"stretch": [0, 0, 1.0]}, "stretch.2: must be less than 1"),
        ({"correct": 501}, "position contradicts itself"),
        ({"loss_sum": -1.0}, "loss_sum: must be greater than or equal to 0"),
        ({"changes": 3}, "more changes than there are"),
        ({"best_epoch": 2}, "position contradicts itself"),
        ({"best_epoch": 1, "best_loss": None}, "best epoch"),
        ({"optimizer": {}}, "optimizer's is not what it should be ('mu_product')"),
        ({"optimizer": {"mu_product": 1.0}}, "optimizer's is not what it should be"),
        ({"optimizer": {"mu_product": -3}}, "optimizer's is not what it should be"),
        ({"order_state": {}}, "random state"),
        ({"order_state": {"bit_generator": "MT19937", "state": {}}}, "random state"),
        ({"mask_state": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}}, "random state"),
        ({"mask_state": {"bit_generator": "PCG64", "state": {"state": 2**128, "inc": 1}, "has_uint32": 0, "uinteger": 0}}, "random state"),
        ({"mask_state": {"bit_generator": "PCG64", "state": [], "has_uint32": 0, "uinteger": 0}}, "random state"),
        ({"copies": ["best"] * 10**5}, "copies: "),
        ({"copies": ["last"]}, "it has no last.dense_1.weight"),
        ({"features": 10**9}, "a sample of shape 28×28 has not 1000000000 features"),
        ({"features": 10**9, "sample_shape": None}, "dense_1.weight is F32 of shape (784, 6), not F32 of shape (1000000000, 6)"),
        ({"classes": 10**9}, "not F32 of shape (4, 1000000000)"),
        ({"data": "600x784-00000000"}, "the data is not what the run was trained on"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_told(
    stopped_run: Path, scalars: dict[str, Any], tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    rewrite(folder, scalars | changes)
    told = go_on(folder)
    assert reason in told
    assert str(folder.checkpoint) in told


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"hidden": [65_536] * 1000}, "dense_1.weight is F32 of shape (784, 6), not F32 of shape (784, 65536)"),
        ({"hidden": [1] * 100_000}, "--hidden must have at most 1000 layers"),
        ({"hidden": "65536x1000"}, "not F32 of shape (784, 65536)"),
        ({"activation": "relux999999999"}, "--activation must be one name, or one for each hidden layer"),
        ({"changes": [{"step": 1, "hidden": [3]}]}, "cannot change hidden"),
        ({"changes": [{"step": 1, "data": "/etc/passwd"}]}, "cannot change data"),
        ({"changes": [{"step": step, "epochs": 3} for step in range(10_001)]}, "must have at most 10000 entries"),
        ({"x" * 10**6: 1}, "is not an option"),
        ({ESCAPES: ESCAPES}, "is not an option"),
        ({"data": ESCAPES}, "--data "),
        ({"data": "~\0"}, "--data ~\0: "),
        ({"seed": "9" * 4000}, "--seed must be less than"),
        ({"validation": 600}, "--validation must leave samples to train on"),
        ({"batch_size": 501}, "--batch-size must be at most the 500 training samples"),
        ({"learning_rate": "nan"}, "--learning-rate must be a finite number"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_options_inside_a_checkpoint_are_checked_before_anything_is_made_of_them(
    stopped_run: Path, scalars: dict[str, Any], tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    rewrite(folder, scalars | {"config": scalars["config"] | options})
    assert reason in go_on(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"step": NaN}', '{"loss_sum": 1e999}', '{"config": ' + "[" * 10**5, '{"a": ' + "9" * 5000 + "}"]
)
def test_scalars_that_are_none(stopped_run: Path, tmp_path: Path, text: str) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    rewrite(folder, text)
    assert str(folder.checkpoint) in go_on(folder)


def test_surrogates_and_nul_in_keys_and_texts(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path) -> None:
    for text in ("\ud800", "\0", "\udcff"):
        for strange in (
            scalars | {text: text},
            scalars | {"data": text},
            scalars | {"config": {text: 1}},
            scalars | {"config": {"data": text}},
            scalars | {"optimizer": {text: 1.0}},
            scalars | {"order_state": {text: text, "bit_generator": text}},
            scalars | {"copies": [text]},
        ):
            folder = copied(stopped_run, tmp_path / "run")
            rewrite(folder, strange)
            try:
                Run.resume(folder.path).close()
            except UserError as error:
                assert str(folder.checkpoint) in str(error) or "--data" in str(error)  # noqa: PT017 the first may be passed over


@pytest.mark.parametrize(
    "spoil",
    [
        lambda array: array.astype(np.float64),
        lambda array: array.astype(np.int32),
        lambda array: array.reshape(-1, 1),
        lambda array: array[..., :0],
        lambda array: np.zeros((), np.float32),
        lambda array: None,
    ],
    ids=["float64", "int32", "another shape", "empty", "a scalar", "missing"],
)
def test_tensors_of_another_kind(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path, spoil: Any) -> None:
    tensors = checkpoint.read(RunDirectory(stopped_run).checkpoint).tensors
    for name in tensors:
        folder = copied(stopped_run, tmp_path / "run")
        made = spoil(tensors[name])
        rewrite(
            folder,
            scalars,
            {**{other: array for other, array in tensors.items() if other != name}, **({} if made is None else {name: made})},
        )
        assert name in go_on(folder)


def test_tensors_that_are_not_finite_and_some_too_many(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path) -> None:
    tensors = checkpoint.read(RunDirectory(stopped_run).checkpoint).tensors
    for number in (np.nan, np.inf, -0.0, 3e38):
        folder = copied(stopped_run, tmp_path / "run")
        rewrite(folder, scalars, {name: np.full_like(array, number) for name, array in tensors.items()} | {"../../x": np.zeros(3)})
        assert go_on(folder) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_checkpoint_cut_at_every_boundary_and_with_flipped_bits(stopped_run: Path, tmp_path: Path) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    content = folder.checkpoint.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    for length in [*range(0, header, 97), *range(header - 2, len(content), 997)]:
        folder.checkpoint.write_bytes(content[:length])
        assert str(folder.checkpoint) in go_on(folder)


@FUZZ
@given(data=st.data())
def test_flipped_bits_of_a_checkpoint(stopped_run: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    content = bytearray(folder.checkpoint.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    for place in data.draw(st.lists(st.integers(0, header + 100), min_size=1, max_size=3)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    folder.checkpoint.write_bytes(content)
    go_on(folder)


def lines_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in RunDirectory(run).metrics.read_text().splitlines()]


@FUZZ
@given(data=st.data())
def test_metrics_with_any_lines(stopped_run: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    lines = lines_of(stopped_run)
    made: list[bytes] = []
    for _ in range(data.draw(st.integers(0, 5))):
        line = data.draw(st.sampled_from(lines))
        wrong = data.draw(st.sampled_from([line, line, "spoiled", "bytes"]))
        if wrong == "bytes":
            made.append(data.draw(st.binary(max_size=20)))
            continue
        try:
            made.append(json.dumps(data.draw(spoiled(line, 1)) if wrong == "spoiled" else line).encode())
        except ValueError:
            return  # an integer that json will not print
    folder.metrics.write_bytes(b"\n".join(made) + data.draw(st.sampled_from([b"", b"\n"])))
    told = go_on(folder)
    assert not told or str(folder.metrics) in told


@FUZZ
@given(value=values)
@example({"hidden": [3]})
@example({"data": "/etc/passwd", "epochs": 4})
@example({"step": 3, "epochs": 4})
@example({"changes": [{"step": 1, "epochs": 2}]})
def test_changes_that_were_made_after_the_checkpoint(stopped_run: Path, tmp_path: Path, value: Any) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    with folder.metrics.open("a") as file:
        try:
            file.write(json.dumps({"event": "change", "epoch": 2, "batch": 9, "step": 9, "changes": value}) + "\n")
        except ValueError:
            return  # an integer that json will not print
    told = go_on(folder)
    assert not told or str(folder.metrics) in told


def test_changes_of_other_options_are_refused(stopped_run: Path, tmp_path: Path) -> None:
    for values_ in ({"hidden": [3]}, {"data": "/etc/passwd"}, {}, {ESCAPES: 1}, {"batch_size": 0}, {"seed": 3, "epochs": 4}):
        folder = copied(stopped_run, tmp_path / "run")
        with folder.metrics.open("a") as file:
            file.write(json.dumps({"event": "change", "epoch": 2, "batch": 9, "step": 9, "changes": values_}) + "\n")
        with pytest.raises(UserError) as told:
            Run.resume(folder.path)
        assert str(told.value).startswith(f"{folder.metrics}: ")


def test_changes_without_number_are_not_gathered(stopped_run: Path, tmp_path: Path) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    with folder.metrics.open("a") as file:
        file.writelines(
            json.dumps({"event": "change", "epoch": 9, "batch": 1, "step": step, "changes": {"epochs": 4}}) + "\n" for step in range(10_002)
        )
    assert "more than 10,000 changes were made after" in go_on(folder)


def test_a_last_line_that_lacks_its_end_alone_is_ended_before_more_is_added(stopped_run: Path, tmp_path: Path) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    *lines, end = folder.metrics.read_bytes().splitlines(keepends=True)
    assert b'"end"' in end
    folder.metrics.write_bytes(b"".join(lines).removesuffix(b"\n"))
    assert go_on(folder) == ""
    assert folder.metrics.read_bytes().startswith(b"".join(lines))


@FEW
@given(content=st.one_of(st.binary(max_size=400), st.sampled_from([b"", b"\xff" * 180, b"\x00\x00\x80\x7f" * 45, b"\x7f" * 181])))
def test_any_batches(stopped_run: Path, tmp_path: Path, content: bytes) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    folder.batches.write_bytes(content)
    assert go_on(folder) == ""


def test_a_checkpoint_that_claims_many_batches_makes_no_large_file(stopped_run: Path, scalars: dict[str, Any], tmp_path: Path) -> None:
    """Of 500 images an epoch at most 500 batches: 2,000,000 epochs are 10⁹ batches."""
    folder = copied(stopped_run, tmp_path / "run")
    rewrite(folder, scalars | {"epochs": 2_000_000, "step": 10**9, "config": scalars["config"] | {"epochs": 3_000_000}})
    assert go_on(folder) == ""
    assert folder.batches.stat().st_size <= 80 << 20


def test_a_classifier_is_no_run(stopped_run: Path, tmp_path: Path) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    snapshot = checkpoint.read(folder.checkpoint)
    checkpoint.write(
        folder.checkpoint, Snapshot(snapshot.tensors, {name: snapshot.scalars[name] for name in ("config", "features", "classes")})
    )
    assert "data: Field required" in go_on(folder)
