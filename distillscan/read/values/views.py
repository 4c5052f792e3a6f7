"""Where the texts of a column are in memory, and what each begins with, without touching the texts."""

from typing import Final

import numpy as np
import polars as pl

#: Of an Arrow string view: its bytes, then the text if it has at most twelve, else its first four and where it is.
VIEW: Final = np.dtype([("length", "<i4"), ("head", "<i4"), ("buffer", "<i4"), ("offset", "<i4")])
#: What white space begins with in UTF-8, that of Unicode included (``\\s`` of polars' expressions).
SPACES: Final = b"\t\n\v\f\r \xc2\xe1\xe2\xe3"


def begins_with_one_of(text: pl.Series, beginnings: bytes) -> pl.Series:
    """Return whether the first byte of each text is one of some (Boolean; false for null and for no text).

    Use it before a regular expression that is anchored at the beginning: on most columns nothing is left to search.
    """
    wanted = np.zeros(256, np.bool_)
    wanted[list(beginnings)] = True
    parts = [np.zeros(0, np.bool_)]
    for chunk in text.get_chunks():
        array = chunk.to_arrow(compat_level=pl.CompatLevel.newest())
        if len(array):
            views = np.frombuffer(array.buffers()[1], VIEW)[array.offset : array.offset + len(array)]
            parts.append(wanted[views["head"] & 0xFF] & (views["length"] > 0))
    return pl.Series(np.concatenate(parts)) & text.is_not_null()
