"""The language of the users' texts, chosen at the program's start by option, variable or locale.

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
    """The available languages: English, in which the texts are written, and those with a catalogue."""
    return [ENGLISH, *sorted(path.parents[1].name for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


def choose(option: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The language of the option, else the variable, else the locale. Raises UserError for an unknown language."""
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
    """The present language."""
    return _chosen.info().get("language", ENGLISH)


def speak(language: str) -> None:
    """Change the language of all texts."""
    global _chosen  # noqa: PLW0603 a process speaks one language
    _chosen = ORIGINAL if language == ENGLISH else translation(DOMAIN, LOCALES, [language])


@contextmanager
def in_english() -> Iterator[None]:
    """A context manager in which texts are English: what scripts read does not depend on the language."""
    token = _overridden.set(ORIGINAL)
    try:
        yield
    finally:
        _overridden.reset(token)


def _(text: str) -> str:
    """The text in the present language."""
    # The translation of an empty text is the catalogue's head.
    return (_overridden.get() or _chosen).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The text for a number, in the present language."""
    return (_overridden.get() or _chosen).ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 gettext's usual name
    """Mark a text that is translated where it is shown."""
    return text
