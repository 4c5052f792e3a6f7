"""Read lines of plain text with a schema's regular expression, whose named groups become columns."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

import polars as pl

from distillscan.read.formats.chunks import Chunk, Unit
from distillscan.read.formats.record_texts import Texts
from distillscan.read.schema.resolve import Resolution, SourceColumn
from distillscan.read.values.text import decode, to_json


class LinesReader:
    """A record on each line; lines that do not match are malformed records.

    The regular expressions are polars', which take time linear in the text whatever the text is.
    """

    def __init__(self, texts: Texts, pattern: str) -> None:
        self._texts, self._pattern = texts, pattern
        self.rows: int | None = None
        self.remarks: tuple[str, ...] = ()
        groups = pl.Series([""]).str.extract_groups(pattern).struct.fields
        self.columns = tuple(SourceColumn(name) for name in groups)

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return everything as one unit; ``records`` keeps the lines."""
        yield Unit(0, None, self._texts.size, partial(self._read, resolution, records))

    def _read(self, resolution: Resolution, keep: bool) -> Iterator[Chunk]:
        row = 0
        for block in self._texts.blocks():
            lines = decode(pl.Series(block.texts, dtype=pl.Binary)).str.strip_suffix("\r")
            found = lines.str.extract_groups(self._pattern).struct.unnest()
            good = pl.select(pl.any_horizontal(column.is_not_null() for column in found)).to_series()
            numbers = pl.int_range(row, row + len(lines), dtype=pl.UInt64, eager=True)
            rows = found.filter(good)
            yield Chunk(
                numbers.filter(good),
                {name: rows[path.column] for name, path in resolution.paths.items()},
                pl.DataFrame({"row": numbers.filter(~good), "record": to_json(lines.filter(~good))}),
                to_json(lines.filter(good)) if keep else None,
                block.bytes,
                block.remarks,
                block.damage,
                block.left_out,
            )
            row += len(lines)


def first_text(texts: Texts) -> str:
    """Return the first text without blanks around it; empty if there is none."""
    first = next(islice(texts.sample(), 1), None) or b""
    return first.decode("utf-8", "replace").strip()


def matches(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern of polars."""
    return bool(pl.Series([text]).str.contains(pattern)[0])
