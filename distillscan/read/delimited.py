"""Read CSV (comma, semicolon, tab or bar) in a stream; a record with too few or too many fields costs itself only."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from distillscan.errors import InputError
from distillscan.read.arrow import as_series
from distillscan.read.chunks import MALFORMED, Chunk, Unit
from distillscan.read.formats import ByteStream
from distillscan.read.jsontext import dig_json
from distillscan.read.options import Compression
from distillscan.read.resolve import Resolution, SourceColumn
from distillscan.read.values import decode, to_json_objects

#: A record must fit into one block.
_BLOCK: Final = 16 << 20
_HEADER: Final = 1 << 20
_SEPARATORS: Final = (",", "\t", ";", "|")
#: Blank lines, then a record: fields in quotation marks may hold line ends.
_FIRST_RECORD: Final = re.compile(rb'(?:\xef\xbb\xbf)?[\r\n]*+(?:[^"\r\n]++|"[^"]*+")*+(?:\r\n|\r|\n|$)')
_QUOTED: Final = re.compile(r'"[^"]*"')


class CsvReader:
    """One CSV file with a header.

    Raises:
        InputError: If it cannot be opened or has no header.
    """

    def __init__(self, path: Path, label: str, compression: Compression | None) -> None:
        self._path, self._label, self._compression = path, label, compression
        self._size = path.stat().st_size
        with ByteStream(path, label, compression) as stream:
            head = stream.read(_HEADER)
        header = _FIRST_RECORD.match(head)
        if header is None or not header[0].strip() or (header.end() == len(head) == _HEADER):
            raise InputError(f"{label} has no CSV header: the first line must name the columns")
        self._body = header.end()
        text = header[0].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip("\r\n")
        self._separator = _separator(text)
        names = next(csv.reader(io.StringIO(text, newline=""), delimiter=self._separator))
        self._names = [name.strip() for name in names]
        self.rows: int | None = None
        self.columns = tuple(SourceColumn(name) for name in self._names)
        twice = sorted({name for name in self._names if self._names.count(name) > 1})
        self.remarks = tuple(f"{label}: there are two columns {name}; the first is read" for name in twice)

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file as one unit; ``records`` keeps every column, for the source rows."""
        yield Unit(0, None, self._size, partial(self._read, resolution, records))

    def _read(self, resolution: Resolution, records: bool) -> Iterator[Chunk]:
        used = {path.column for path in resolution.paths.values() if not path.partition}
        wanted = [
            at for at, name in enumerate(self._names) if records or (name in used and self._names.index(name) == at)
        ]
        broken: list[tuple[int, str]] = []
        row = consumed = 0
        with ByteStream(self._path, self._label, self._compression) as stream:
            stream.read(self._body)
            body = _Body(stream)
            for batch in self._batches(body, wanted, broken):
                rows, malformed, row = _number(batch.num_rows, row, broken)
                columns = {
                    self._names[at]: decode(as_series(batch.column(place)))
                    for place, at in reversed([*enumerate(wanted)])
                }
                found = {
                    name: dig_json(columns[path.column], path.keys) if path.keys else columns[path.column]
                    for name, path in resolution.paths.items()
                    if not path.partition
                }
                # Arrow reads ahead on a thread of its own: the position moves even now.
                position = stream.consumed
                yield Chunk(rows, found, malformed, _records(columns) if records else None, position - consumed)
                consumed = position
            yield self._rest(resolution, body, broken, records, stream.consumed - consumed)

    def _batches(self, body: "_Body", wanted: list[int], broken: list[tuple[int, str]]) -> Iterator[Any]:
        """Record batches of the wanted columns as bytes; records with a wrong number of fields go to ``broken``."""

        def keep(record: Any) -> str:
            broken.append((record.number - 1, record.text))
            return "skip"

        names = [f"c{at}" for at in range(len(self._names))]
        try:
            yield from pacsv.open_csv(
                pa.PythonFile(body, mode="r"),
                # Only without threads does Arrow know the number of a broken record.
                read_options=pacsv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._separator, newlines_in_values=True, invalid_row_handler=keep
                ),
                convert_options=pacsv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, pa.binary()),
                    include_columns=[names[at] for at in wanted],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise InputError(
                f"{self._label}: a record is longer than {_BLOCK >> 20} MB, or a quotation mark is never closed "
                f"({error}): look for the unbalanced quotation mark, or export the log as Parquet"
            ) from error

    def _rest(
        self, resolution: Resolution, body: "_Body", broken: list[tuple[int, str]], records: bool, size: int
    ) -> Chunk:
        """What remains at the end: broken records after the last good one, and what the end tells about the whole."""
        rows, malformed, _ = _number(0, 2**63, broken)
        columns = {
            name: pl.Series([], dtype=pl.String) for name, path in resolution.paths.items() if not path.partition
        }
        remarks: tuple[str, ...] = ()
        if body.quotes % 2:
            text = "has an odd number of quotation marks: one may never be closed, and hide the records after it"
            remarks = (f"{self._label} {text}",)
        return Chunk(rows, columns, malformed, pl.Series([], dtype=pl.String) if records else None, size, remarks)


class _Body(io.RawIOBase):
    """A byte stream as Arrow wants it, which counts quotation marks on the way."""

    def __init__(self, stream: ByteStream) -> None:
        super().__init__()
        self._stream = stream
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.quotes += data.count(b'"')
        return data


def _number(good: int, row: int, broken: list[tuple[int, str]]) -> tuple[pl.Series, pl.DataFrame, int]:
    """Number ``good`` records from ``row`` on, leaving out the broken ones, which are taken from the list.

    Returns:
        The numbers, the malformed records among them, and the number of the next record.
    """
    numbers = (
        pl.int_range(row, row + good + len(broken), dtype=pl.UInt64, eager=True)
        if good
        else pl.Series([], dtype=pl.UInt64)
    )
    if broken and good:
        numbers = numbers.filter(~numbers.is_in([number for number, _ in broken]))
    numbers = numbers.head(good)
    end = int(numbers[-1]) + 1 if good else row
    passed = [(number, json.dumps(text, ensure_ascii=False)) for number, text in broken if number < end]
    broken[:] = [one for one in broken if one[0] >= end]
    return numbers, pl.DataFrame(passed, schema=MALFORMED, orient="row"), end


def _records(columns: Mapping[str, pl.Series]) -> pl.Series:
    return to_json_objects(pl.DataFrame(list(columns.values()), schema=list(columns)).select(list(columns)[::-1]))


def _separator(header: str) -> str:
    bare = _QUOTED.sub("", header)
    return max(_SEPARATORS, key=bare.count)
