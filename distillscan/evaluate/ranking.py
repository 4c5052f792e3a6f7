"""Average precision of a ranking with ties."""

import numpy as np
import polars as pl


def average_precision(ranked: pl.DataFrame) -> float | None:
    """Return the expected average precision when accounts of equal score stand in random order.

    Average precision is the mean, over the accounts of campaigns, of the precision among all accounts down to each of
    them. In a tie of n accounts, r of them relevant, after N accounts with R relevant, the account at place j is
    relevant with probability r/n, and then R + 1 + (j-1)(r-1)/(n-1) of N + j are expected to be.

    Args:
        ranked: One row an account: ``score`` (null ranks last) and ``guilty``.

    Returns:
        A share; None when nobody is guilty.
    """
    ties = ranked.group_by("score").agg(pl.len().alias("n"), pl.col("guilty").sum().alias("r"))
    total, before, relevant = 0.0, 0, 0
    for n, r in ties.sort("score", descending=True, nulls_last=True).select("n", "r").iter_rows():
        if r:
            place = np.arange(n)
            others = place * ((r - 1) / max(n - 1, 1))
            total += r / n * float(np.sum((relevant + 1 + others) / (before + place + 1)))
        before, relevant = before + n, relevant + r
    return total / relevant if relevant else None
