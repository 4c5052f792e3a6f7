"""Opaque identifiers, hexadecimal text, and columns joined or masked."""

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl


@cache
def hex_table() -> pl.Series:
    """Return all four-digit hexadecimal numbers in order, to be gathered from."""
    return pl.Series([f"{value:04x}" for value in range(65_536)])


def mint(rng: np.random.Generator, prefix: str, count: int) -> pl.Series:
    """Draw distinct identifiers such as ``acct_9f0c...`` of 64 random bits."""
    bits = rng.integers(0, 65_536, (4, count))
    return pl.select(
        pl.concat_str([pl.lit(f"{prefix}_"), *(hex_table().gather(column) for column in bits)])
    ).to_series()


def concatenate(pieces: list[pl.Series | str], name: str = "") -> pl.Series:
    """Concatenate columns and constants row by row; null where any piece is null."""
    columns = [pl.lit(piece) if isinstance(piece, str) else piece.alias(str(at)) for at, piece in enumerate(pieces)]
    return pl.select(pl.concat_str(columns).alias(name)).to_series()


def null_unless(values: pl.Series, where: npt.NDArray[np.bool_]) -> pl.Series:
    """Return the values where the mask holds, null elsewhere."""
    return pl.select(pl.when(pl.Series(where)).then(values)).to_series()
