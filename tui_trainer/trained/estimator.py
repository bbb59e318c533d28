"""The network as an estimator with scikit-learn's conventions."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui_trainer.config.options import AUTO, Config
from tui_trainer.config.origins import KEY, MissingPluginError
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.spec import DataSpec, scale_of
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

    def __init__(self, **options: Any) -> None:
        self._plugins: Sequence[str | Path] = options.pop(KEY, ())
        self._options = options

    @property
    def n_features_in_(self) -> int:
        """Numbers per sample."""
        return self.spec_.features

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options as they were given."""
        return {**self._options, **({KEY: self._plugins} if self._plugins else {})}

    def set_params(self, **options: Any) -> "Classifier":
        """Change options for the next `fit`."""
        self._plugins = options.pop(KEY, self._plugins)
        self._options.update(options)
        return self

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
        for path in self._plugins:
            load_plugin(Path(path))
        images, labels = _samples(x), np.asarray(y)
        if labels.shape != (len(images),):
            raise UserError(f"y has shape {labels.shape}", hint=f"{len(images)} samples need labels of shape ({len(images)},)")
        self.classes_, encoded = np.unique(labels, return_inverse=True)
        self.spec_ = DataSpec(np.shape(x)[1:], max(len(self.classes_), 1), scale=scale_of(images.dtype))
        config = Config.parse({"validation": 0, "threads": 1, "batch_size": min(32, max(len(images), 1)), **self._options})
        data = Dataset("given", Split(images, encoded.astype(np.intp)), None, self.spec_)
        if config.threads == AUTO:
            config = config.model_copy(update={"threads": fastest_threads(config, data)})
        for event in Training(config, data).events(control or Control()):
            if isinstance(event, Ended) and event.snapshot is not None:
                self._learned(event.snapshot)
            yield event

    def predict_proba(self, x: ArrayLike) -> Array:
        """Probabilities of shape (samples, classes), float32, in the order of `classes_`."""
        images = _samples(x)
        if images.shape[1] != self.n_features_in_:
            raise UserError(f"x has {images.shape[1]} numbers per sample", hint=f"this network was trained on {self.n_features_in_}")
        parts = [np.empty((0, len(self.classes_)), np.float32)]
        with np.errstate(all="ignore"):
            for batch in BatchLoader(Split(images, np.zeros(len(images), np.intp))).all(self.network_):
                with self._threads:
                    batch.forward()
                parts.append(softmax(batch.logits))
        return np.concatenate(parts)

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """The most likely label of each sample (samples,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(x).argmax(axis=1)]
        return labels

    def score(self, x: ArrayLike, y: ArrayLike) -> float:
        """The accuracy on samples `x` with labels `y`."""
        return float(np.mean(self.predict(x) == np.asarray(y)))

    def save(self, path: str | Path) -> None:
        """Write weights and options to a safetensors file, atomically. Raises OSError."""
        scalars = {"config": self._config, **self.spec_.record(), "labels": self.classes_.tolist()}
        checkpoint.write(Path(path), Snapshot(self.network_.tensors, scalars))

    @classmethod
    def load(cls, path: str | Path, *, plugins: Sequence[str | Path] = ()) -> "Classifier":
        """Read what `save` wrote, or a run's checkpoint. Raises UserError when the file is neither, or needs other plugins."""
        for plugin in plugins:
            load_plugin(Path(plugin))
        snapshot = read_network(Path(path))
        state = read_model_state(snapshot.scalars)
        try:
            model = cls(**{name: value for name, value in state.config.items() if name != KEY})
            model.spec_ = state.spec
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

    def _learned(self, snapshot: Snapshot) -> None:
        options = read_model_state(snapshot.scalars).options
        self._threads = BlasThreads(1 if options.threads == AUTO else options.threads)
        self.network_ = restore(snapshot)
        self._config = snapshot.scalars["config"]


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


def _samples(x: ArrayLike) -> Images:
    array = np.asarray(x)
    if array.ndim < 2 or array.dtype.kind not in "uifb":
        raise UserError(f"x has shape {array.shape} of {array.dtype}", hint="numbers of shape (samples, …) are needed")
    flat = np.ascontiguousarray(array.reshape(len(array), -1))
    return flat if flat.dtype == np.uint8 else flat.astype(np.float32)
