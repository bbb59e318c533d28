"""e^x and tanh x in float32 as polynomials without branches, so that a processor computes sixteen at a time.

Within 2 units of the last place of the exact value. The polynomials are those of Cephes (Moshier 1992).
"""

from typing import Any, TypeAlias

import numpy as np

from tui_trainer.engine.native import bits_of, float_of, inlined

Number: TypeAlias = Any
"""A float32."""

ZERO, ONE, TWO, HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)

_LOWEST, _HIGHEST = np.float32(-87.3), np.float32(88.3)
"""Between these e^x is a normal number."""

_LOG2_E = np.float32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ROUNDER = np.float32(12582912.0)
"""1.5 · 2²³: adding and subtracting it rounds to an integer, which then stands in the sum's last bits."""
_ROUNDER_BITS = np.int32(0x4B400000)
_E0, _E1, _E2 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
_E3, _E4 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1)
_T0, _T1, _T2 = np.float32(-5.70498872745e-3), np.float32(2.06390887954e-2), np.float32(-5.37397155531e-2)
_T3, _T4 = np.float32(1.33314422036e-1), np.float32(-3.33332819422e-1)
_NEAR = np.float32(0.625)
_FAR = np.float32(9.0)
_CLOSE = np.float32(-0.34657359)
"""-ln 2 / 2."""


@inlined
def exp(x: Number) -> Number:
    """e^x, for x up to 88.3; 1e-38 for what is below the normal numbers. A NaN stays NaN."""
    x = _LOWEST if x < _LOWEST else x
    x = _HIGHEST if x > _HIGHEST else x
    shifted = x * _LOG2_E + _ROUNDER
    power = shifted - _ROUNDER
    r = (x - power * _LN2_HIGH) - power * _LN2_LOW
    series = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + HALF
    return (series * (r * r) + r + ONE) * float_of((bits_of(shifted) - _ROUNDER_BITS + np.int32(127)) << np.int32(23))


@inlined
def expm1(x: Number) -> Number:
    """e^x - 1 for x ≤ 0, exact near 0 as well."""
    r = _CLOSE if x < _CLOSE else x
    series = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + HALF
    near = series * (r * r) + r
    return near if x > _CLOSE else exp(x) - ONE


@inlined
def tanh(x: Number) -> Number:
    """Exact near 0 as well."""
    size = -x if x < ZERO else x
    square = x * x
    near = ((((_T0 * square + _T1) * square + _T2) * square + _T3) * square + _T4) * (square * x) + x
    far = ONE - TWO / (exp(TWO * (_FAR if size > _FAR else size)) + ONE)
    far = -far if x < ZERO else far
    return near if size < _NEAR else far
