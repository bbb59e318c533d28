"""The network as an estimator with scikit-learn's conventions."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui_trainer.config.options import AUTO, Config
from tui_trainer.config.origins import KEY, MissingPluginError
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.scaling import BYTE_SCALE, choose
from tui_trainer.datasets.spec import DataSpec, is_row_of_measurements
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Images
from tui_trainer.nn.losses import softmax
from tui_trainer.nn.network import Network
from tui_trainer.plugins.loaded import load as load_plugin
from tui_trainer.runs import checkpoint
from tui_trainer.trained.restore import read_network, restore
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Event, Snapshot
from tui_trainer.training.loop import Training
from tui_trainer.training.run_state import read_model_state
from tui_trainer.training.threads import fastest_threads

LONGEST_LABEL = 1000
"""Characters in the name of a class: as an array all names are as long as the longest."""


PARAMETERS: Final = (KEY, *Config.model_fields)
"""What a Classifier is made with, as far as it does not take plugins to know it."""

UNASKED: Final = object()
"""In place of labels: there are none."""


class InputError(UserError, ValueError):
    """Samples or labels that cannot be learned from or predicted."""


class Classifier:
    """A multilayer perceptron, trained by `fit`, or by `train`, which yields each event.

    `plugins` are the files of plugins whose parts the options name; they are executed when training begins. Other
    keyword arguments are the options of the command line (`hidden="128x2"`, `activation="elu"`, `learning_rate=0.01`, …), checked when
    training begins; `validation` is 0 unless given, and a batch at most all samples. Follows scikit-learn's conventions: `fit`,
    `predict`, `predict_proba`, `score`, `get_params`, `set_params`, and learned attributes that end in an underscore.

        model = Classifier(hidden="128x2", epochs=3).fit(x_train, y_train)
        print(model.score(x_test, y_test))
        model.save("model.safetensors")
        Classifier.load("model.safetensors").predict(x_test)
    """

    classes_: NDArray[Any]
    """The sorted labels of `fit`: the values of `predict`, and the columns of `predict_proba`."""

    spec_: DataSpec
    """The description of the training data."""

    network_: Network
    """The trained network."""

    options_: Config
    """Every option as it was trained with."""

    n_features_in_: int
    """Numbers per sample."""

    def __init__(self, **options: Any) -> None:
        # As scikit-learn has it, each is an attribute of its own name, and what is learned ends in an underscore.
        vars(self).update(dict.fromkeys(PARAMETERS) | options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options as they were given, None for those that were not."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_") and not name.endswith("_")}

    def set_params(self, **options: Any) -> "Classifier":
        """Change options for the next `fit`; None gives one its default."""
        vars(self).update(options)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn has to know of it. Asked by scikit-learn alone."""
        from sklearn.utils import ClassifierTags, Tags, TargetTags  # noqa: PLC0415

        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags())

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in ("network_", "options_", "_threads")}
        return state | ({"_tensors": dict(self.network_.tensors)} if "network_" in vars(self) else {})

    def __setstate__(self, state: dict[str, Any]) -> None:
        tensors = state.pop("_tensors", None)
        vars(self).update(state)
        if tensors is not None:
            for path in state.get(KEY) or ():  # another process has not loaded them
                load_plugin(Path(path))
            self._learned(Snapshot(tensors, self._scalars()))

    def fit(self, x: ArrayLike, y: ArrayLike) -> "Classifier":
        """Learn from samples `x` (samples, …), bytes or numbers, and their labels `y` (samples,), from the start.

        Raises UserError when options and data do not fit each other, and when training diverged.
        """
        for event in self.train(x, y):
            if isinstance(event, Ended) and event.divergence is not None:
                raise UserError(f"training diverged at step {event.divergence.step}")
        return self

    def train(self, x: ArrayLike, y: ArrayLike, control: Control | None = None) -> Iterator[Event]:
        """As `fit`, yielding each event of the run; the estimator is fitted after the last one."""
        given = {name: value for name, value in self.get_params().items() if value is not None}
        for path in given.pop(KEY, ()):
            load_plugin(Path(path))
        images, labels = self._take(x, y)
        self.classes_, encoded = np.unique(labels, return_inverse=True)
        config = Config.parse({"validation": 0, "threads": 1, **given})
        if config.batch_size > len(images) > 0:
            config = Config.parse({**config.record(), "batch_size": len(images)})
        shape, is_bytes = np.asarray(x).shape[1:], images.dtype == np.uint8
        spec = DataSpec(shape, max(len(self.classes_), 1), is_table=is_row_of_measurements(shape, images.dtype))
        if images.size:
            # Numbers from Python are taken as they are: whoever has arrays has scaled them.
            usual = "255" if is_bytes else "none"
            scaling = choose(usual if config.scale == AUTO else config.scale, images, is_table=spec.is_table).scaling
            spec = replace(spec, scaling=scaling, scale=BYTE_SCALE if is_bytes and scaling.name == "255" else 1.0)
            images = scaling.inputs(images)
        self.spec_ = spec
        data = Dataset("given", Split(images, encoded.astype(np.intp)), None, self.spec_)
        if config.threads == AUTO:
            config = config.model_copy(update={"threads": fastest_threads(config, data)})
        for event in Training(config, data).events(control or Control()):
            if isinstance(event, Ended) and event.snapshot is not None:
                self._learned(event.snapshot)
            yield event

    def predict_proba(self, x: ArrayLike) -> Array:
        """Probabilities of shape (samples, classes), float32, in the order of `classes_`."""
        images, _ = self._take(x)
        images = self.spec_.inputs(images)
        parts = [np.empty((0, len(self.classes_)), np.float32)]
        with np.errstate(all="ignore"):
            for batch in BatchLoader(Split(images, np.zeros(len(images), np.intp))).all(self.network_):
                with self._threads:
                    batch.forward()
                parts.append(softmax(batch.logits))
        return np.concatenate(parts)

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """The most likely label of each sample (samples,)."""
        highest = self.predict_proba(x).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[highest]
        return labels

    def score(self, x: ArrayLike, y: ArrayLike) -> float:
        """The accuracy on samples `x` with labels `y`."""
        return float(np.mean(self.predict(x) == np.asarray(y)))

    def save(self, path: str | Path) -> None:
        """Write weights and options to a safetensors file, atomically. Raises OSError."""
        checkpoint.write(Path(path), Snapshot(self.network_.tensors, self._scalars()))

    def _scalars(self) -> dict[str, Any]:
        return {"config": self._config, **self.spec_.record(), "labels": self.classes_.tolist()}

    @classmethod
    def load(cls, path: str | Path, *, plugins: Sequence[str | Path] = ()) -> "Classifier":
        """Read what `save` wrote, or a run's checkpoint. Raises UserError when the file is neither, or needs other plugins."""
        for plugin in plugins:
            load_plugin(Path(plugin))
        snapshot = read_network(Path(path))
        state = read_model_state(snapshot.scalars)
        try:
            model = cls(**{name: value for name, value in state.config.items() if name != KEY})
            model.spec_, model.n_features_in_ = state.spec, state.spec.features
            model.classes_ = _labels(snapshot.scalars.get("labels"), state.classes)
            model._learned(snapshot)
        except MissingPluginError as error:
            error.path = path
            error.look_beside(Path(path).parent)
            raise
        except UserError as error:
            raise UserError(f"not a checkpoint that this version can read: {error}", path=path) from None
        except MemoryError:
            raise UserError("does not fit into memory", path=path) from None
        return model

    def _take(self, x: ArrayLike, y: Any = UNASKED) -> tuple[Images, NDArray[Any]]:
        """The samples as rows, and the labels where they are needed. Raises InputError."""
        if y is UNASKED and "network_" not in vars(self):
            raise _not_fitted()
        if isinstance(x, np.ndarray):
            x = _rows(x)
            if isinstance(y, list | np.ndarray) and np.ndim(y) == 1 and len(y) != len(x):
                raise InputError(f"y has shape ({len(y)},): {len(x)} samples need labels of shape ({len(x)},)")
        if validation := sys.modules.get("sklearn.utils.validation"):
            # Who works with scikit-learn gets its own words.
            try:
                checked = {"dtype": None, "reset": y is not UNASKED}
                if y is UNASKED:
                    x = validation.validate_data(self, x, **checked)
                else:
                    x, y = validation.validate_data(self, x, y, **checked)
                    sys.modules["sklearn.utils.multiclass"].check_classification_targets(y)
            except ValueError as error:
                raise InputError(" ".join(str(error).split())) from error
        images = _samples(x)
        if y is UNASKED:
            if images.shape[1] != self.n_features_in_:
                raise InputError(f"X has {images.shape[1]} features, but Classifier is expecting {self.n_features_in_} features as input")
            return images, np.empty(0)
        labels = np.asarray(y)
        if labels.shape != (len(images),):
            raise InputError(f"y has shape {labels.shape}: {len(images)} samples need labels of shape ({len(images)},)")
        self.n_features_in_ = images.shape[1]
        return images, labels

    def _learned(self, snapshot: Snapshot) -> None:
        self.options_ = options = read_model_state(snapshot.scalars).options
        self._threads = BlasThreads(1 if options.threads == AUTO else options.threads)
        self.network_ = restore(snapshot)
        self._config = snapshot.scalars["config"]


def _signature() -> Signature:
    """What `help` shows, and scikit-learn asks for."""
    options = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in PARAMETERS]
    return Signature([Parameter("self", Parameter.POSITIONAL_ONLY), *options, Parameter("options", Parameter.VAR_KEYWORD)])


vars(Classifier.__init__)["__signature__"] = _signature()


def _labels(labels: Any, classes: int) -> NDArray[Any]:
    """A file's class names, else their numbers."""
    if labels is None:
        return np.arange(classes)
    if not isinstance(labels, list) or len(labels) != classes or not all(isinstance(label, str | int | float) for label in labels):
        raise UserError(f"labels must be a list of {classes} texts or numbers")
    if max(len(str(label)) for label in labels) > LONGEST_LABEL:
        raise UserError(f"labels holds one of more than {LONGEST_LABEL:,} characters")
    array = np.array(labels)
    if array.dtype.kind not in "biufU" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise UserError("labels holds a number that is too large")
    return array


def _not_fitted() -> Exception:
    problem = "this Classifier has not learned anything yet; call fit with samples and labels first"
    if exceptions := sys.modules.get("sklearn.exceptions"):
        error: Exception = exceptions.NotFittedError(problem)
        return error
    return InputError(problem)


def _samples(x: ArrayLike) -> Images:
    array = np.asarray(x)
    if array.dtype.kind == "O":
        # A table of numbers that nobody has said to be numbers.
        try:
            array = array.astype(np.float64)
        except ValueError as error:
            raise InputError(f"x holds something that is no number: {error}") from error
    flat = np.ascontiguousarray(_rows(array))
    if flat.dtype.kind not in "uifb":
        raise InputError(f"x has shape {array.shape} of {array.dtype}", hint="numbers of shape (samples, …) are needed")
    return flat if flat.dtype == np.uint8 else flat.astype(np.float32)


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """Each sample as a row of numbers."""
    if array.ndim < 2:
        raise InputError(f"x has shape {array.shape}", hint="Reshape your data: numbers of shape (samples, …) are needed")
    return array.reshape(len(array), int(np.prod(array.shape[1:])))
