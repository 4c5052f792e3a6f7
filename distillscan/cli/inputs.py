"""What several commands read beside a log: standard input, and a saved report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from distillscan.errors import InputError, UsageError

if TYPE_CHECKING:
    from distillscan.result import Result


def standard_input() -> BinaryIO:
    """Return what ``-`` reads.

    Raises:
        UsageError: Standard input is closed.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed: nothing to read from -")
    return cast("BinaryIO", sys.stdin.buffer)


def read_report(report: str) -> "Result":
    """Return the result of a report saved as JSON; ``-`` is standard input.

    Raises:
        InputError: It cannot be read, or is no report.
        UsageError: Standard input is closed.
    """
    from distillscan.report.document import from_json, load

    if report != "-":
        return load(Path(report))
    try:
        return from_json(standard_input().read())
    except InputError as error:
        raise InputError(f"standard input: {error}") from error
