"""Operations on columns of texts that the worlds have in common."""

import tomllib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Numbers: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


def load_texts(module: str) -> dict[str, Any]:
    """Read what is said in a world's logs: the file ``texts.toml`` beside a module."""
    return tomllib.loads(Path(module).with_name("texts.toml").read_text(encoding="utf-8"))


def choose(mask: Flags | pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    """Take ``yes`` where the mask is set and ``no`` elsewhere."""
    return pl.select(pl.when(pl.Series(mask)).then(yes).otherwise(no)).to_series()


def nulls(size: int) -> pl.Series:
    """Absent texts."""
    return pl.repeat(None, size, dtype=pl.String, eager=True)


def join(words: pl.Series, lengths: Numbers, between: str = " ") -> pl.Series:
    """Join runs of words that are laid end to end; the runs have the given lengths."""
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    lists = pa.LargeListArray.from_arrays(offsets, words.to_arrow().cast(pa.large_string()))
    return pl.Series(values=lists).list.join(between)


def grow(texts: pl.Series, turn: Numbers, between: str = "\n\n") -> pl.Series:
    """Flatten conversations: each text with the earlier ones of its conversation, whose rows follow each other.

    Args:
        texts: One text a request.
        turn: The place of each request in its conversation, from 0.
        between: What stands between two texts.
    """
    lengths = turn + 1
    first = np.arange(len(turn)) - turn
    ids = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(first, lengths)
    return join(texts.gather(ids), lengths, between)
