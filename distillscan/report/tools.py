"""What the requests that were looked up for a cluster carried beside their words: tools and pictures."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

#: What :func:`carried` adds; not told where no words of prompts may be.
LOOKED_UP: Final = ("looked_up", "tools_looked_up")
#: Names of tools listed, the most shared first.
TOOLS_SHOWN: Final = 8


def carried(rows: pl.DataFrame, shared_by: int, redacted: Callable[[Sequence[str]], Sequence[str]]) -> dict[str, Any]:
    """Return what the requests behind a cluster's skeletons offered and sent, as part of its capabilities.

    These are the few requests a report reads again, at most nine a template: they say what its prompts are like, not
    how often. Names of tools are the customer's words: those that fewer than ``shared_by`` accounts have are left out,
    as in skeletons, and the others are ``redacted``.

    The rows have ``account``, ``pointer`` and, as far as the log has them, ``tools`` and ``images``.

    Returns:
        ``looked_up``: requests, and how many had tools and pictures (where the log tells); ``tools_looked_up``: names
        with the number of accounts. Empty if nothing is known of any request.
    """
    requests = rows.unique("pointer")
    counts = {}
    if "tools" in rows.columns and rows["tools"].null_count() < rows.height:
        counts["tools"] = int(requests["tools"].is_not_null().sum())
    if "images" in rows.columns and rows["images"].null_count() < rows.height:
        counts["pictures"] = int((requests["images"] > 0).sum())
    if not counts:
        return {}
    found: dict[str, Any] = {"looked_up": {"requests": requests.height, **counts}}
    if "tools" in counts:
        shared = (
            rows.select("account", tool=pl.col("tools").str.split(","))
            .explode("tool")
            .drop_nulls()
            .group_by("tool")
            .agg(accounts=pl.col("account").n_unique())
            .filter(pl.col("accounts") >= shared_by)
            .sort("accounts", "tool", descending=[True, False])
        )
        names = redacted(shared["tool"].head(TOOLS_SHOWN).to_list())
        top = [{"value": name, "accounts": n} for name, n in zip(names, shared["accounts"], strict=False)]
        found |= {"tools_looked_up": {"distinct": shared.height, "top": top}} if top else {}
    return found
