"""The output formats, one module or package each: every one is a function of the result document and nothing else.

A format is added by a module with a function from a ``Result`` to text, its name in ``Format``, the suffixes of its
files in ``SUFFIXES`` and a line in ``formatter``. ``shared`` holds what several formats show in the same way.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from distillscan.result import Result

Format = Literal["table", "json", "jsonl", "csv", "markdown", "html"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

#: Suffix of a report's file to its format.
SUFFIXES: Final[Mapping[str, Format]] = {
    ".txt": "table",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}


def formatter(name: Format) -> "Callable[[Result], str]":
    """Return the function that writes a result in a format; its module is loaded now, and no other.

    The table can also be fitted to a terminal: see ``terminal.report.to_text``.
    """
    match name:
        case "table":
            from distillscan.report.views.terminal.report import to_text

            return to_text
        case "json":
            from distillscan.report.views.json import to_json

            return to_json
        case "jsonl":
            from distillscan.report.views.jsonl import to_jsonl

            return to_jsonl
        case "csv":
            from distillscan.report.views.csv import to_csv

            return to_csv
        case "markdown":
            from distillscan.report.views.markdown import to_markdown

            return to_markdown
        case "html":
            from distillscan.report.views.html import to_html

            return to_html
