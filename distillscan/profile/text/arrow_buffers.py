"""Arrow arrays as polars series."""

from typing import Any

import polars as pl
import pyarrow as pa


class _Stream:
    """A chunked array as nothing but its C stream."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_stream__(requested_schema)


def as_series(array: Any) -> pl.Series:
    """Return an Arrow array, chunked or not, of a type that polars has as a series; text is not copied.

    It is handed over as a stream: given one of Arrow's own arrays, polars loads all of Arrow's functions first, which
    takes longer than to read a small log.
    """
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array], array.type)
    return pl.Series(_Stream(chunked)).rechunk()
