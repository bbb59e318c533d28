"""The standard normal distribution on arrays: NumPy has no error function."""

from math import pi, sqrt
from typing import Final

import numpy as np

from tui_trainer.nn.arrays import Array

SERIES: Final = (
    *(-0.6513268598908547, 0.6419697923564901, 0.01947647320418562, -0.0095615147868086, -0.0009465953444820302, 0.0003668394978526031),
    *(4.2523324806928254e-05, -2.0278578112606934e-05, -1.6242900046740978e-06, 1.3036558355664102e-06, 1.562644176428992e-08),
    *(-8.52380959770993e-08, 6.5290543523270874e-09, 5.059343466858141e-09, -9.913640917947454e-10, -2.27365189967066e-10),
    *(9.646797883102669e-11, 2.3940589742357794e-12, -6.886089513206701e-12, 8.946150874862757e-13, 3.130956486007198e-13),
    *(-1.1266441133807262e-13, 3.0218923365849546e-16, 7.113476950464008e-15, -1.6264031350417366e-15),
)
"""Chebyshev coefficients of ln(erfc(x) / t) + x² over 2t - 1, with t = 1 / (1 + x/2), as in Numerical Recipes (Press et al. 2007)."""

AT_ONCE: Final = 1024
"""Numbers whose intermediate results are kept at a time, so that they take no memory to speak of."""

FAR: Final = 40.0
"""Beyond it the distribution is 0 or 1 to the last bit."""


def cumulative(z: Array, out: Array) -> None:
    """Write Φ(z) into `out`, both of shape (samples, units) and maybe the same, to the last bits of their type."""
    rows = max(AT_ONCE // z.shape[1], 1)
    series = SERIES if z.dtype == np.float64 else SERIES[:12]
    for start in range(0, len(z), rows):
        part = z[start : start + rows]
        x = np.abs(part)
        np.minimum(x, FAR, out=x)
        np.multiply(x, sqrt(0.5), out=x)
        t = 1 / (1 + 0.5 * x)
        u = 4 * t - 2
        here, before, next_one = np.zeros_like(x), np.zeros_like(x), np.empty_like(x)
        for coefficient in reversed(series[1:]):
            np.multiply(u, here, out=next_one)
            np.subtract(next_one, before, out=next_one)
            np.add(next_one, coefficient, out=next_one)
            here, before, next_one = next_one, here, before
        np.multiply(u, 0.5, out=u)
        np.multiply(u, here, out=u)
        np.subtract(u, before, out=u)
        np.multiply(x, x, out=x)
        np.subtract(u, x, out=u)
        np.add(u, series[0], out=u)
        np.exp(u, out=u)
        np.multiply(t, u, out=t)
        np.multiply(t, 0.5, out=t)
        np.subtract(1, t, out=t, where=part > 0)
        np.copyto(out[start : start + rows], t)


def density(z: Array, out: Array) -> None:
    """Write the density φ(z) into `out`."""
    np.clip(z, -FAR, FAR, out=out)
    np.multiply(out, out, out=out)
    np.multiply(out, -0.5, out=out)
    np.exp(out, out=out)
    np.multiply(out, 1 / sqrt(2 * pi), out=out)
