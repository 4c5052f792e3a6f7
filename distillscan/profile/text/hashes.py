"""The texts of a polars column where they are in memory, and hashes, lines and sketches of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from distillscan.profile import kernels
from distillscan.profile.kernels.arrays import I64, U64, Bools
from distillscan.profile.kernels.texts import KEPT_MAX
from distillscan.profile.text.arrow_buffers import as_series

#: Of an Arrow string view: its bytes, then the text if it has at most twelve, else its first four and where it is.
_VIEW = np.dtype([("length", "<i4"), ("head", "<i4"), ("buffer", "<i4"), ("offset", "<i4")])
_INLINE = 12


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column, where they are in memory, without a copy.

    Attributes:
        addresses: Address of the first byte of each text.
        lengths: Bytes of each text, 0 where it is null.
        valid: Which are not null; ``None`` if all are.
        held: What keeps that memory alive.
    """

    addresses: I64
    lengths: I64
    valid: Bools | None
    held: Any

    def __len__(self) -> int:
        return self.addresses.size

    def take(self, rows: I64) -> "Texts":
        """Return the texts at some rows."""
        valid = None if self.valid is None else self.valid[rows]
        return Texts(self.addresses[rows], self.lengths[rows], valid, self.held)

    def hashes(self) -> U64:
        """Return the hash of each text; that of a null means nothing."""
        return _hash(self.addresses, self.lengths)

    def head_hashes(self, head: int) -> tuple[U64, Bools]:
        """Return the hash of the first ``head`` bytes of each text, and which texts are as long as that."""
        enough = self.lengths >= head
        return _hash(self.addresses, np.where(enough, head, 0)), enough

    def line_hashes(self, shortest: int) -> tuple[I64, U64]:
        """Hash the lines of at least so many bytes.

        Returns:
            The row of the text of each line, and the line's hash; see ``kernels.find_lines`` for what a line is.
        """
        most = int((self.lengths // shortest).sum())
        rows, starts, sizes = (np.empty(most, np.int64) for _ in range(3))
        count = kernels.find_lines(self.addresses, self.lengths, shortest, rows, starts, sizes)
        return rows[:count], _hash(starts[:count], sizes[:count])

    def sketches(self) -> pl.DataFrame:
        """Sketch the texts.

        Returns:
            One row each, in order: ``normal`` (UInt64, hash of the normalised tokens), ``tokens`` (UInt32, how many),
            ``sketch`` (list of UInt64, the kept shingles, ascending).
        """
        size = self.addresses.size
        values = np.empty(int(self.lengths.max(initial=0)) // 2 + 2, np.uint64)
        normal, tokens, ends = np.empty(size, np.uint64), np.empty(size, np.uint32), np.zeros(size + 1, np.int64)
        kept = np.empty((size + 1) * KEPT_MAX, np.uint64)
        kernels.sketch_texts(self.addresses, self.lengths, values, normal, tokens, ends[1:], kept)
        offsets, shingles = pa.array(ends, pa.int64()), pa.array(kept[: ends[-1]].copy(), pa.uint64())
        sketch = as_series(pa.LargeListArray.from_arrays(offsets, shingles)).alias("sketch").cast(pl.List(pl.UInt64))
        return pl.DataFrame({"normal": normal, "tokens": tokens}).with_columns(sketch)


def texts_of(column: pl.Series) -> Texts:
    """Return the texts of a column (String)."""
    held = [chunk.to_arrow(compat_level=pl.CompatLevel.newest()) for chunk in column.get_chunks()]
    parts = [_locate(array) for array in held if len(array)] or [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    addresses, lengths = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    if not column.null_count():
        return Texts(addresses, lengths, None, held)
    valid = column.is_not_null().to_numpy()
    lengths[~valid] = 0
    return Texts(addresses, lengths, valid, held)


def _locate(array: Any) -> tuple[I64, I64]:
    """Return the address and the length of each text of an Arrow array of string views."""
    _, memory, *data = array.buffers()
    views = np.frombuffer(memory, _VIEW)[array.offset : array.offset + len(array)]
    lengths = views["length"].astype(np.int64)
    inline = memory.address + 16 * np.arange(array.offset, array.offset + len(array)) + 4
    far = lengths > _INLINE
    if not far.any():
        return inline, lengths
    buffers = np.array([buffer.address for buffer in data], np.int64)
    return np.where(far, buffers[np.where(far, views["buffer"], 0)] + views["offset"], inline), lengths


def _hash(addresses: I64, lengths: I64) -> U64:
    hashes = np.empty(addresses.size, np.uint64)
    rows, starts, ends = np.empty((3, 2), np.int64)
    kernels.hash_texts(addresses, lengths, rows, starts, ends, np.empty(2, np.uint64), hashes)
    return hashes


def hash_column(column: pl.Series) -> pl.Series:
    """Return the 64-bit hash of every text (UInt64), null where the column is null."""
    hashes = pl.Series(column.name, texts_of(column).hashes(), dtype=pl.UInt64)
    if column.null_count():
        return pl.select(pl.when(column.is_not_null()).then(hashes)).to_series().alias(column.name)
    return hashes


def hash_text(text: str) -> int:
    """Return the hash that ``hash_column`` gives for one text."""
    return int(hash_column(pl.Series([text], dtype=pl.String))[0])
