"""What is known of things that are named by hash, such as the sketch of a prompt: stated once, dropped when unused."""

import numpy as np
import polars as pl

from distillscan.profile.store.index import Bools, Index
from distillscan.profile.text.kernel import I64, U64

#: Facts kept before it is worth to look for those that nothing needs any more.
_KEPT_ANYWAY = 1 << 17


class Facts:
    """Rows of facts by key (``key``, UInt64, and whatever columns they have)."""

    def __init__(self, schema: pl.Schema) -> None:
        self._schema = pl.Schema({"key": pl.UInt64(), **schema})
        self._known = Index()
        self._parts: list[pl.DataFrame] = []
        self._rows = 0
        self.bytes = 0  # of all that was put and not forgotten
        self._kept = 0

    def claim(self, keys: U64, asked: Bools) -> I64:
        """Return the rows at which a key stands of which nothing is known; the caller has to ``put`` it later."""
        return self._known.add(keys, asked)[1]

    def put(self, facts: pl.DataFrame) -> None:
        """State what was claimed."""
        self._parts.append(facts.select(self._schema.names()))
        self._rows += facts.height
        self.bytes += int(facts.estimated_size())

    @property
    def crowded(self) -> bool:
        """Whether there is so much more than after the last ``retain`` that it should be called."""
        return self._rows > 2 * self._kept + _KEPT_ANYWAY

    def retain(self, used: U64) -> None:
        """Forget everything but the keys in ``used`` (every one of which was claimed)."""
        keys = pl.Series("key", used, pl.UInt64).unique()
        self._known = Index()
        # A key that was claimed and dropped may be put once more when it is claimed again: the facts are the same.
        self._known.add(keys.to_numpy(writable=True), np.ones(keys.len(), np.bool_))
        kept = self._table().filter(pl.col("key").is_in(keys.implode()))
        self._parts, self._rows, self._kept = [kept], kept.height, kept.height
        self.bytes = int(kept.estimated_size())

    def _table(self) -> pl.DataFrame:
        return pl.concat([self._schema.to_frame(), *self._parts]).unique("key", keep="any")

    def of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return ``keys`` (with a column ``key``) with the facts added, in the same order."""
        return keys.join(self._table(), on="key", how="left", maintain_order="left")
