"""The Gaussian error linear unit."""

from math import erf, exp, pi, sqrt
from types import MappingProxyType
from typing import final

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Composed
from tui_trainer.nn.normal import AT_ONCE, cumulative, density

ROOT_HALF = sqrt(0.5)
PEAK = 1 / sqrt(2 * pi)


@final
class GELU(Activation):
    """f = z Φ(z), f' = Φ(z) + z φ(z), with Φ the normal distribution and φ its density (Hendrycks & Gimpel 2016).

    The exact form with the error function, as PyTorch's `approximate="none"`, and not that with tanh.
    """

    year = 2016
    summary = "z times the share of a normal distribution below z: a smooth ReLU"
    spelled = MappingProxyType(
        {
            "keras": 'layers.Activation("gelu")',
            "pytorch": "nn.GELU()",
            "numpy": "x * (0.5 + 0.5 * np.vectorize(math.erf)(x * math.sqrt(0.5)))",
        }
    )
    remark = "dips below 0, then fades"
    flat_below = 0.01

    def operator(self) -> Composed:
        # Gelu itself is an operator from opset 20 on.
        return Composed(
            ("Mul", ("x", ROOT_HALF), "scaled"),
            ("Erf", ("scaled",), "error"),
            ("Add", ("error", 1.0), "twice"),
            ("Mul", ("twice", 0.5), "share"),
            ("Mul", ("x", "share"), "out"),
        )

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        cumulative(x, scratch)
        np.multiply(x, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        rows = max(AT_ONCE // x.shape[1], 1)
        for start in range(0, len(x), rows):
            z, into = x[start : start + rows], slope[start : start + rows]
            peaks = np.empty_like(z)
            density(z, peaks)
            cumulative(z, into)
            np.add(into, np.clip(z, -100, 100) * peaks, out=into)

    @staticmethod
    def compiled_value(z: float) -> float:
        return z * (0.5 * (1 + erf(z * ROOT_HALF)))

    @staticmethod
    def compiled_derivative(z: float, f: float) -> float:
        return 0.5 * (1 + erf(z * ROOT_HALF)) + z * (exp(-0.5 * z * z) * PEAK)
