"""The file of rows that could not be used."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from distillscan.files import writing
from distillscan.read import LogFile

Shown = Callable[[Sequence[str]], Sequence[str]]


def write_rejects(
    path: Path, rejects: pl.DataFrame, inputs: Sequence[LogFile], shown: Shown = list, *, records: bool = True
) -> None:
    """Write rejected rows (``read.REJECTS``) as NDJSON: ``path``, ``row`` (from 0), ``reason``, ``record``.

    ``shown`` says how paths may be shown; without ``records`` what the rows hold is null.

    Raises:
        UsageError: The file cannot be written.
    """
    paths = shown([file.path for file in inputs])
    # A file name may hold bytes that are no text, which many JSON parsers refuse.
    readable = [name.encode("utf-8", "backslashreplace").decode() for name in paths]
    names = dict(zip([file.source for file in inputs], readable, strict=True))
    with writing(path) as out:
        for source, row, reason, record in rejects.select("source", "row", "reason", "record").iter_rows():
            line = {"path": names[source], "row": row, "reason": reason, "record": record if records else None}
            out.write(json.dumps(line).encode() + b"\n")
