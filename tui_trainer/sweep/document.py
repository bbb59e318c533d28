"""A document of headings, paragraphs, tables and pictures, written as HTML or Markdown. All texts are escaped."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote

from tui_trainer.sweep.pictures import alone
from tui_trainer.system.folders import printable

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --faint: #d0d7de; --shade: #f6f8fa }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #30363d; --shade: #161b22 } }
@media print { :root { --ink: #000; --paper: #fff; --faint: #bbb; --shade: #fff } figure, tr { break-inside: avoid } }
body { max-width: 68rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif }
body { color: var(--ink); background: var(--paper) }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--faint); text-align: left; vertical-align: top }
.n { text-align: right; white-space: nowrap }
pre { padding: .8rem; background: var(--shade); overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
figure { margin: 1.5rem 0 } figcaption { margin-bottom: .5rem }
svg { max-width: 100%; height: auto }
"""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser that shows the page fetches and runs nothing."""


@dataclass(frozen=True)
class Heading:
    """A section's heading."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Code:
    """A command line or a file, as is."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Collection[int] = ()
    """Columns that are aligned to the right."""


@dataclass(frozen=True)
class Picture:
    """An SVG from pictures.py."""

    name: str
    svg: str
    caption: str


Block = Heading | Paragraph | Points | Code | Table | Picture


@dataclass(frozen=True)
class Document:
    """A title and the blocks below it."""

    title: str
    blocks: Sequence[Block]

    @property
    def pictures(self) -> list[Picture]:
        """The pictures, in order."""
        return [block for block in self.blocks if isinstance(block, Picture)]


def html(document: Document) -> str:
    """The document as a self-contained HTML page."""
    title = _safe(document.title)
    head = (
        "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    )
    return "\n".join([head, *map(_html, document.blocks), "</body>\n</html>\n"])


def markdown(document: Document, stem: str | None) -> str:
    """The document as Markdown, with pictures in files whose names begin with `stem`; without `stem` they are left out."""
    blocks = [_markdown(block, stem) for block in document.blocks if stem or not isinstance(block, Picture)]
    return "\n\n".join([f"# {_plain(document.title)}", *blocks]) + "\n"


def picture_files(document: Document, stem: str) -> dict[str, str]:
    """The pictures of the Markdown, by file name."""
    return {f"{stem}-{picture.name}.svg": alone(picture.svg) for picture in document.pictures}


def _html(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{_safe(text)}</h2>"
        case Paragraph(text):
            return f"<p>{_safe(text)}</p>"
        case Points(texts):
            return "<ul>\n" + "".join(f"<li>{_safe(text)}</li>\n" for text in texts) + "</ul>"
        case Code(text):
            return f"<pre><code>{escape(_spelled(text))}</code></pre>"
        case Table(heads, rows, numbers):
            kinds = [" class='n'" if index in numbers else "" for index in range(len(heads))]
            lines = ["".join(f"<th{kind}>{_safe(cell)}</th>" for kind, cell in zip(kinds, heads, strict=True))]
            lines += ["".join(f"<td{kind}>{_safe(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) for row in rows]
            return "<div class='wide'><table>\n" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table></div>"
        case Picture(_, svg, caption):
            return f"<figure><figcaption>{_safe(caption)}</figcaption>\n<div class='wide'>{svg}</div></figure>"


def _markdown(block: Block, stem: str | None) -> str:
    match block:
        case Heading(text):
            return f"## {_plain(text)}"
        case Paragraph(text):
            return _plain(text)
        case Points(texts):
            return "\n".join(f"- {_plain(text)}" for text in texts)
        case Code(text):
            fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
            return f"{fence}\n{_spelled(text)}\n{fence}"
        case Table(heads, rows, numbers):
            rule = ["---:" if index in numbers else "---" for index in range(len(heads))]
            cells = [[_plain(cell) for cell in heads], rule, *([_plain(cell) for cell in row] for row in rows)]
            return "\n".join("| " + " | ".join(row) + " |" for row in cells)
        case Picture(name, _, caption):
            return f"{_plain(caption)}\n\n![{_plain(caption)}]({quote(f'{stem}-{name}.svg')})"


def _safe(text: str) -> str:
    return escape(printable(text))


def _plain(text: str) -> str:
    """The text, escaped for Markdown and HTML."""
    return re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", _safe(text).replace("&#x27;", "'").replace("&quot;", '"'))


def _spelled(text: str) -> str:
    """The lines without control characters."""
    return "\n".join(map(printable, text.rstrip().splitlines()))
