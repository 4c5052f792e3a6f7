"""The output formats, one module or package each: every one is a function of the result document and nothing else.

A format is added by a module of its name with a function ``to_NAME`` from a ``Result`` to text, its name in ``Format``
and the suffixes of its files in ``SUFFIXES``. ``shared`` holds what several formats show in the same way.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
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
    module, function = ("terminal.report", "to_text") if name == "table" else (name, f"to_{name}")
    write: Callable[[Result], str] = getattr(import_module(f"{__name__}.{module}"), function)
    return write
