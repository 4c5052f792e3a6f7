"""Between polars string columns and the byte kernels: where strings are in memory, hashes and sketches of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from distillscan.profile.text import kernel
from distillscan.profile.text.arrow_buffers import as_series
from distillscan.profile.text.kernel import I64, U64

_VIEW = pl.CompatLevel.newest()


@dataclass(frozen=True, slots=True)
class Texts:
    """The strings of a column where they lie in memory, without a copy.

    Attributes:
        addresses: Address of the first byte of each string.
        lengths: Bytes of each string, 0 where it is null.
        valid: Which are not null; ``None`` if all are.
        held: What keeps that memory alive.
    """

    addresses: I64
    lengths: I64
    valid: npt.NDArray[np.bool_] | None
    held: Any

    def __len__(self) -> int:
        return self.addresses.size

    def take(self, rows: I64) -> "Texts":
        """Return the strings at some rows."""
        valid = None if self.valid is None else self.valid[rows]
        return Texts(self.addresses[rows], self.lengths[rows], valid, self.held)

    def hashes(self) -> U64:
        """Return the hash of each string; what it is for a null says nothing."""
        return kernel.hash_texts(self.addresses, self.lengths)

    def head_hashes(self, head: int) -> tuple[U64, npt.NDArray[np.bool_]]:
        """Return the hash of the first ``head`` bytes of each string, and which strings are as long as that."""
        enough = self.lengths >= head
        return kernel.hash_texts(self.addresses, np.where(enough, head, 0)), enough

    def line_hashes(self, least: int) -> tuple[I64, U64]:
        """Return the lines of at least so many bytes (``kernel.find_lines``): which strings they are of, and hashes."""
        rows, addresses, lengths = kernel.find_lines(self.addresses, self.lengths, least)
        return rows, kernel.hash_texts(addresses, lengths)

    def sketches(self) -> pl.DataFrame:
        """Sketch the strings.

        Returns:
            One row each, in order: ``normal`` (hash of the normalised tokens), ``tokens`` (how many), ``sketch`` (kept
            shingles, ascending).
        """
        normal, tokens, offsets, values = kernel.sketch_texts(self.addresses, self.lengths)
        lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(values, pa.uint64()))
        sketch = as_series(lists).alias("sketch").cast(pl.List(pl.UInt64))
        return pl.DataFrame({"normal": normal, "tokens": tokens}).with_columns(sketch)


def texts_of(column: pl.Series) -> Texts:
    """Find the strings of a column in memory."""
    held = [chunk.to_arrow(compat_level=_VIEW) for chunk in column.get_chunks()]
    addresses, lengths = np.empty(len(column), np.int64), np.empty(len(column), np.int64)
    start = 0
    for array in held:
        _, views, *data = array.buffers()
        end = start + len(array)
        if end > start:
            first = 16 * array.offset
            kernel.locate(
                np.frombuffer(views, np.uint32)[first // 4 :],
                views.address + first,
                np.array([buffer.address for buffer in data], np.int64),
                addresses[start:end],
                lengths[start:end],
            )
        start = end
    if not column.null_count():
        return Texts(addresses, lengths, None, held)
    valid = column.is_not_null().to_numpy()
    lengths[~valid] = 0
    return Texts(addresses, lengths, valid, held)


def _buffers(column: pl.Series) -> tuple[I64, npt.NDArray[np.uint8]]:
    """Offsets and bytes of a string column; a null has no bytes."""
    array = column.rechunk().to_arrow()
    if not pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    first = array.offset
    starts = np.frombuffer(offsets, np.int64)[first : first + len(array) + 1] if len(array) else np.zeros(1, np.int64)
    bytes_ = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    return starts, bytes_


def hash_column(column: pl.Series) -> pl.Series:
    """Return the 64-bit hash of every string (UInt64), null where the column is null."""
    hashes = pl.Series(column.name, texts_of(column).hashes(), dtype=pl.UInt64)
    if column.null_count():
        return pl.select(pl.when(column.is_not_null()).then(hashes)).to_series().alias(column.name)
    return hashes


def hash_text(text: str) -> int:
    """Return the hash that ``hash_column`` gives for one string."""
    return int(hash_column(pl.Series([text], dtype=pl.String))[0])
