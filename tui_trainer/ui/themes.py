"""The program's own themes, beside Textual's.

One colour stands for one state: `primary` for what is as it should be, `warning` for what fades, `error` for what is out of bounds,
`success` for what is done, `accent` for what the user changed.
"""

from typing import Final

from textual.theme import Theme

NIGHT: Final = Theme(
    "night",
    primary="#4c9bf0",
    secondary="#8fb8de",
    warning="#e8b339",
    error="#f4685c",
    success="#4cbf73",
    accent="#c792ea",
    foreground="#e4e9f0",
    background="#0e1218",
    surface="#151b23",
    panel="#202833",
    dark=True,
)

DAY: Final = Theme(
    "day",
    primary="#0b5cad",
    secondary="#33658a",
    warning="#9a5b00",
    error="#b3261e",
    success="#1d7a3c",
    accent="#7b3fa0",
    foreground="#1b222c",
    background="#eceff3",
    surface="#ffffff",
    panel="#dce3eb",
    dark=False,
)

HIGH_CONTRAST: Final = Theme(
    "high-contrast",
    primary="#6cb6ff",
    secondary="#a8d1ff",
    warning="#ffd400",
    error="#ff7a70",
    success="#5cff8f",
    accent="#ff9cf5",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    dark=True,
)

COLOUR_BLIND: Final = Theme(
    "colour-blind",
    primary="#56b4e9",
    secondary="#9fd2f2",
    warning="#f0e442",
    error="#ff7f2a",
    success="#2fc79b",
    accent="#e08fc0",
    foreground="#e8ecf1",
    background="#0f1318",
    surface="#161b22",
    panel="#222a34",
    dark=True,
)
"""After Okabe and Ito's palette (2008): told apart with any kind of colour vision."""

THEMES: Final = (NIGHT, DAY, HIGH_CONTRAST, COLOUR_BLIND)
