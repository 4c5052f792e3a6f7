"""Between polars string columns and the byte kernels: hash a column, sketch chosen rows."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from distillscan.profile import kernel


def _buffers(column: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
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
    hashes = pl.Series(column.name, kernel.hash_rows(*_buffers(column)), dtype=pl.UInt64)
    if column.null_count():
        return pl.select(pl.when(column.is_not_null()).then(hashes)).to_series().alias(column.name)
    return hashes


def hash_heads(column: pl.Series, head: int) -> pl.Series:
    """Return the hash of the first ``head`` bytes of every string (UInt64), null where it is null or shorter."""
    hashes = pl.Series(column.name, kernel.hash_rows(*_buffers(column), head), dtype=pl.UInt64)
    return pl.select(pl.when(hashes != 0).then(hashes)).to_series().alias(column.name)


def sketch_column(column: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """Sketch the strings at ``rows``.

    Returns:
        One row each, in order: ``normal`` (hash of the normalised tokens), ``tokens`` (how many), ``sketch`` (kept
        shingles, ascending).
    """
    starts, data = _buffers(column)
    normal, tokens, offsets, values = kernel.sketch_rows(starts, data, rows.to_numpy().astype(np.int64))
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(values, pa.uint64()))
    sketch = pl.Series("sketch", pl.from_arrow(lists), dtype=pl.List(pl.UInt64))
    return pl.DataFrame({"normal": normal, "tokens": tokens}).with_columns(sketch)


def hash_text(text: str) -> int:
    """Return the hash that ``hash_column`` gives for one string."""
    return int(hash_column(pl.Series([text], dtype=pl.String))[0])
