"""The data sets that scikit-learn brings along, by name: `sklearn:iris`."""

from typing import Final

import numpy as np

from tui_trainer.datasets.reader import Contents
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError

PREFIX: Final = "sklearn:"

SETS: Final = ("breast_cancer", "digits", "iris", "wine")
"""Those with classes; what scikit-learn would fetch from elsewhere is none of them."""


def read_sklearn(data: str) -> Contents:
    """The set of this name. Raises UserError where there is none, or scikit-learn is not installed."""
    name = data.removeprefix(PREFIX)
    if name not in SETS:
        raise UserError("no such data set", option="--data", value=data, hint=f"there are {', '.join(PREFIX + each for each in SETS)}")
    try:
        from sklearn import datasets  # noqa: PLC0415 an extra, and slow to import
    except ModuleNotFoundError as error:
        raise UserError(
            f"needs a package that is missing here, {error.name}: pip install 'tui-trainer[sklearn]'",
            option="--data",
            value=data,
            colon=False,
        ) from None
    found = getattr(datasets, f"load_{name}")()
    names = tuple(str(each) for each in found.target_names)
    is_image = name == "digits"
    samples = (found.images if is_image else found.data).astype(np.float32)
    called = () if is_image else tuple(map(str, found.feature_names))
    spec = DataSpec(samples.shape[1:], 0, () if is_image else names, feature_names=called, is_table=not is_image)
    return Contents(spec, samples, found.target)
