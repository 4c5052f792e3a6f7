"""Read lines of plain text with a schema's regular expression, whose named groups become columns."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from distillscan.read.formats.chunks import Chunk, Unit
from distillscan.read.formats.record_texts import cut_lines, oddities
from distillscan.read.inputs.stream import ByteStream
from distillscan.read.options import Compression
from distillscan.read.schema.resolve import Resolution, SourceColumn
from distillscan.read.values.text import decode, to_json

_HEAD: Final = 64 << 10


class LinesReader:
    """One text file, a record on each line; lines that do not match are malformed records.

    The regular expressions are polars', which take time linear in the text whatever the text is.
    """

    def __init__(self, path: Path, label: str, compression: Compression | None, pattern: str) -> None:
        self._path, self._label, self._compression, self._pattern = path, label, compression, pattern
        self._size = path.stat().st_size
        self.rows: int | None = None
        self.remarks: tuple[str, ...] = ()
        groups = pl.Series([""]).str.extract_groups(pattern).struct.fields
        self.columns = tuple(SourceColumn(name) for name in groups)

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file as one unit; ``records`` keeps the lines."""
        yield Unit(0, None, self._size, partial(self._read, resolution, records))

    def _read(self, resolution: Resolution, keep: bool) -> Iterator[Chunk]:
        row = consumed = 0
        with ByteStream(self._path, self._label, self._compression) as stream:
            for texts in cut_lines(stream):
                lines = decode(pl.Series(texts, dtype=pl.Binary)).str.strip_suffix("\r")
                found = lines.str.extract_groups(self._pattern).struct.unnest()
                good = pl.select(pl.any_horizontal(column.is_not_null() for column in found)).to_series()
                numbers = pl.int_range(row, row + len(lines), dtype=pl.UInt64, eager=True)
                rows = found.filter(good)
                yield Chunk(
                    numbers.filter(good),
                    {name: rows[path.column] for name, path in resolution.paths.items()},
                    pl.DataFrame({"row": numbers.filter(~good), "record": to_json(lines.filter(~good))}),
                    to_json(lines.filter(good)) if keep else None,
                    stream.consumed - consumed,
                    tuple(oddities(texts, self._label)),
                )
                row += len(lines)
                consumed = stream.consumed


def matches(path: Path, label: str, compression: Compression | None, pattern: str) -> bool:
    """Return whether the first line of a file that has one matches a pattern."""
    with ByteStream(path, label, compression) as stream:
        head = stream.read(_HEAD)
    first = next((line for line in head.split(b"\n") if line.strip()), b"")
    text = first.decode("utf-8", "replace").strip()
    return bool(pl.Series([text]).str.contains(pattern)[0])
