"""Read CSV (comma, semicolon, tab or bar) in a stream; a record with too few or too many fields costs itself only."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from distillscan.errors import InputError
from distillscan.read.formats.arrow import to_series
from distillscan.read.formats.chunks import MALFORMED, Chunk, Unit, no_rows
from distillscan.read.formats.csv_dialect import LETTERS, Style, read_dialect
from distillscan.read.formats.csv_records import RANGE, Range, RecordCounter, cut_ranges
from distillscan.read.inputs.outcome import Damage
from distillscan.read.inputs.stream import ByteStream, what_went_wrong
from distillscan.read.options import Compression
from distillscan.read.schema.names import shown_name
from distillscan.read.schema.resolve import Resolution, SourceColumn
from distillscan.read.values.jsontext import Level, to_text_column
from distillscan.read.values.text import as_utf8, decode_bytes, to_json_objects

_BLOCK: Final = 16 << 20
#: A longer record is taken for one that a quotation mark keeps open.
_LONGEST: Final = 256 << 20
_HEADER: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"
#: What is said of files that are not written as most are.
_SAID: Final[dict[Style, str]] = {
    "spark": "quotation marks are escaped with backslashes, and read so",
    "mysql": "special characters are escaped with backslashes, and read so",
    "letters": "tabs and line ends are written as letters behind backslashes, and read so",
    "cloudsql": 'the sign "N is read as nothing',
}


class CsvReader:
    """One CSV file.

    Raises:
        InputError: If it cannot be opened, or has no header and ``columns`` does not name its columns.
    """

    def __init__(self, path: Path, label: str, compression: Compression | None, columns: Sequence[str] = ()) -> None:
        self._path, self._label, self._compression = path, label, compression
        self._size = path.stat().st_size
        with ByteStream(path, label, compression) as stream:
            head = stream.read(_HEADER)
        endless = len(head) == _HEADER and not re.search(rb"[\r\n]", head)
        if endless or not head.removeprefix(_BOM).strip():
            raise InputError(f"{label} has no CSV header: the first line must name the columns")
        self._dialect = read_dialect(head, label, columns)
        self._names = self._dialect.names
        self._count = RecordCounter(self._dialect.separator, self._dialect.style)
        self._ranges: list[Range] = []
        self.rows: int | None = None
        self.columns = tuple(SourceColumn(name) for name in self._names)
        twice = sorted({name for name in self._names if self._names.count(name) > 1})
        self.remarks = tuple(f"{label}: there are two columns {shown_name(name)}; the first is read" for name in twice)
        if self._dialect.style in _SAID:
            self.remarks += (f"{label}: {_SAID[self._dialect.style]}",)

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file in ranges (a compressed one as a whole); ``records`` keeps every column."""
        for one in self._cut():
            size = one.end - one.start
            yield Unit(one.first_row, one.end_row, size, partial(self._read, one, resolution, records))

    def _cut(self) -> Iterator[Range]:
        if self._compression is not None or self._size <= RANGE:
            yield Range(0, self._size, 0, None)
        elif self._ranges:
            yield from self._ranges
        else:
            found = []
            with ByteStream(self._path, self._label, None, 0, self._size) as stream:
                for one in cut_ranges(stream.read_at, self._dialect.body, self._size, self._count, RANGE):
                    found.append(one)
                    yield one
            self._ranges = found

    def _read(self, part: Range, resolution: Resolution, records: bool) -> Iterator[Chunk]:
        used = {path.column for path in resolution.paths.values()}
        wanted = [
            at for at, name in enumerate(self._names) if records or (name in used and self._names.index(name) == at)
        ]
        row, consumed = part.first_row, 0
        end = None if self._compression else part.end
        with ByteStream(self._path, self._label, self._compression, part.start, end) as stream:
            if part.start == 0:
                stream.read(self._dialect.body)
            for block, closed in self._blocks(stream, part):
                chunk, count = (
                    self._chunk(block, row, resolution, wanted, records)
                    if closed
                    else (self._unclosed(block, row, resolution), 1)
                )
                yield replace(chunk, bytes=stream.consumed - consumed)
                row += count
                consumed = stream.consumed
            if row == part.first_row:
                yield replace(no_rows(resolution.paths), bytes=stream.consumed)

    def _blocks(self, stream: ByteStream, part: Range) -> Iterator[tuple[bytes, bool]]:
        """The body in blocks of whole records; at its end perhaps the beginning of a record that never ends."""
        if part.end_row is not None:
            # Ranges were cut where records end. A file that was cut off since then may have nothing here.
            if data := stream.read(part.end - part.start):
                yield data, True
            return
        carry = b""
        while data := stream.read(_BLOCK):
            carry = carry + data if carry else data
            _, end = self._count(carry)
            if end:
                yield carry[:end], True
                carry = carry[end:]
            elif len(carry) > _LONGEST:
                raise InputError(
                    f"{self._label}: a record is longer than {_LONGEST >> 20} MB, or a quotation mark is never closed: "
                    "look for the unbalanced quotation mark, or export the log as Parquet"
                )
        if carry:
            # With a line end after it, a closing quotation mark at the very end is seen to close.
            _, end = self._count(carry + b"\n")
            yield carry, end > len(carry)

    def _chunk(
        self, block: bytes, row: int, resolution: Resolution, wanted: Sequence[int], records: bool
    ) -> tuple[Chunk, int]:
        """The records of a block, the first of which is number ``row``, and how many there are, broken ones too."""
        broken: list[tuple[int, str]] = []
        # Of a broken record Arrow tells nothing if it is not UTF-8, so the block is made so before.
        block, odd = as_utf8(self._dialect.plain(block))
        table = self._parse(block, wanted, broken)
        count = table.num_rows + len(broken)
        rows = pl.int_range(row, row + count, dtype=pl.UInt64, eager=True)
        if broken:
            rows = rows.filter(pl.Series([True]).new_from_index(0, count).scatter([at for at, _ in broken], False))
        columns = {self._names[at]: to_series(table.column(place)) for place, at in reversed([*enumerate(wanted)])}
        if self._dialect.style == "letters":
            columns = {name: values.str.replace_many(LETTERS) for name, values in columns.items()}
        paths = resolution.paths
        levels = {path.column: Level(columns[path.column].to_list()) for path in paths.values() if path.keys}
        found = {
            name: to_text_column(levels[path.column].at(path.keys)) if path.keys else columns[path.column]
            for name, path in paths.items()
        }
        malformed = [(row + at, json.dumps(text, ensure_ascii=False)) for at, text in self._whole(broken)]
        remarks = (f"{self._label} is not UTF-8 throughout: other bytes are read as Windows-1252",) if odd else ()
        chunk = Chunk(
            rows,
            found,
            pl.DataFrame(malformed, schema=MALFORMED, orient="row"),
            _records(columns) if records else None,
            0,
            remarks,
        )
        return chunk, count

    def _whole(self, broken: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        """Broken records put together from the pieces into which line ends inside of them cut them."""
        begins = self._dialect.begins_record
        whole: list[tuple[int, str]] = []
        last = -1
        for at, text in broken:
            if whole and at == last + 1 and begins(whole[-1][1]) and not begins(text):
                whole[-1] = (whole[-1][0], f"{whole[-1][1]}\n{text}")
            else:
                whole.append((at, text))
            last = at
        return whole

    def _parse(self, block: bytes, wanted: Sequence[int], broken: list[tuple[int, str]]) -> Any:
        """The wanted columns as bytes; records with a wrong number of fields go to ``broken``, with their place."""

        def keep(record: Any) -> str:
            broken.append((record.number - 1, record.text))
            return "skip"

        names = [f"c{at}" for at in range(len(self._names))]
        options = {
            # Only without threads does Arrow know the number of a broken record.
            "read_options": pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            "parse_options": pacsv.ParseOptions(
                delimiter=self._dialect.separator,
                quote_char=False if self._dialect.style == "letters" else '"',
                escape_char="\\" if self._dialect.style == "mysql" else False,
                newlines_in_values=True,
                invalid_row_handler=keep,
            ),
            "convert_options": pacsv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.binary()),
                include_columns=[names[at] for at in wanted],
                strings_can_be_null=False,
            ),
        }
        try:
            return pacsv.read_csv(pa.BufferReader(block), **options)
        except pa.ArrowInvalid as error:
            reason = what_went_wrong(error).partition(":")[0]  # what follows may quote the record
            raise InputError(f"{self._label} cannot be read as CSV here ({reason})") from error

    def _unclosed(self, block: bytes, row: int, resolution: Resolution) -> Chunk:
        """A record that the end of the file cuts off inside quotation marks."""
        reason = (
            f"{self._label} ends inside quotation marks that record {row:,} opens: it is not complete, and may hold "
            "records that came after it; look for the unbalanced quotation mark"
        )
        text = json.dumps(decode_bytes(block), ensure_ascii=False)
        malformed = pl.DataFrame([(row, text)], schema=MALFORMED, orient="row")
        return replace(no_rows(resolution.paths), malformed=malformed, damage=(Damage(row, reason),))


def _records(columns: Mapping[str, pl.Series]) -> pl.Series:
    # Names have no blanks around them, so one without a name cannot be taken for another.
    named = [values.alias(name or " ") for name, values in columns.items()]
    return to_json_objects(pl.DataFrame(named[::-1]))
