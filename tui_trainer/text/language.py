"""The language of what people read: chosen when the program starts, by option, variable or locale.

Texts are written in English where they are used, marked for gettext, and looked up when they are shown. What scripts read is never marked.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Final

from tui_trainer.errors import UserError

DOMAIN: Final = "tui_trainer"
LOCALES: Final = Path(__file__).parents[1] / "locale"
ENGLISH: Final = "en"
AUTO: Final = "auto"
VARIABLE: Final = "TUI_TRAINER_LANGUAGE"

ORIGINAL: Final = NullTranslations()
_chosen: NullTranslations = ORIGINAL
_overridden: ContextVar[NullTranslations | None] = ContextVar("overridden", default=None)


def languages() -> list[str]:
    """The languages there are: English, in which the texts are written, and those that have a catalogue."""
    return [ENGLISH, *sorted(path.parents[1].name for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


def choose(option: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The language that the option names, else the variable, else the locale. Raises UserError where there is no such language."""
    for source, wanted in (("--language", option), (VARIABLE, environment.get(VARIABLE))):
        if wanted and wanted not in (known := [*languages(), AUTO]):
            raise UserError(f"must be one of {', '.join(known)}, not {wanted!r}", option=source, colon=False)
        if wanted and wanted != AUTO:
            return wanted
    return _of_locale(environment)


def _of_locale(environment: Mapping[str, str]) -> str:
    """The language of the locale's messages, where its characters can be written; else English."""
    name = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    place, _dot, encoding = name.partition("@")[0].partition(".")
    language = place.partition("_")[0]
    writable = encoding.lower().replace("-", "") == "utf8"
    return language if writable and language in languages() else ENGLISH


def spoken() -> str:
    """The language that texts are shown in."""
    return _chosen.info().get("language", ENGLISH)


def speak(language: str) -> None:
    """Show all texts in this language from now on."""
    global _chosen  # noqa: PLW0603 a process speaks one language
    _chosen = ORIGINAL if language == ENGLISH else translation(DOMAIN, LOCALES, [language])


@contextmanager
def in_english() -> Iterator[None]:
    """Show texts as they are written while inside: what scripts read does not depend on who runs them."""
    token = _overridden.set(ORIGINAL)
    try:
        yield
    finally:
        _overridden.reset(token)


def _(text: str) -> str:
    """The text in the language that was chosen."""
    # The translation of nothing is the catalogue's head.
    return (_overridden.get() or _chosen).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The text for so many, in the language that was chosen."""
    return (_overridden.get() or _chosen).ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 gettext's usual name
    """Mark a text of a table, which is looked up when it is shown."""
    return text
