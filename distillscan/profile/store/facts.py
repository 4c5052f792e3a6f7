"""Attributes keyed by content hash, stored once, evicted when no sample refers to them."""

import polars as pl

from distillscan.compiled import I64, U64, Bools
from distillscan.profile.store.index import Index

#: Rows kept before it is worth looking for those that no sample refers to any more.
_KEPT_ANYWAY = 1 << 17


class Facts:
    """Rows of attributes by key (``key``, UInt64, and whatever columns they have)."""

    def __init__(self, schema: pl.Schema) -> None:
        self._schema = pl.Schema({"key": pl.UInt64(), **schema})
        self._known = Index()
        self._parts: list[pl.DataFrame] = []
        self._rows = 0
        self._kept = 0
        self.bytes = 0  # of all that was put and not evicted

    def claim(self, keys: U64, wanted: Bools | None = None) -> I64:
        """Return the rows at which a key stands of which nothing is known; the caller has to ``put`` it later."""
        return self._known.add(keys, wanted)[1]

    def put(self, facts: pl.DataFrame) -> None:
        """Store what was claimed."""
        if facts.is_empty():
            return
        self._parts.append(facts.select(self._schema.names()))
        self._rows += facts.height
        self.bytes += int(facts.estimated_size())

    def put_unknown(self, facts: pl.DataFrame) -> None:
        """Store what is not known yet."""
        self.put(facts[self.claim(facts["key"].to_numpy(writable=True))])

    @property
    def crowded(self) -> bool:
        """Whether there is so much more than after the last ``retain`` that it should be called."""
        return self._rows > 2 * self._kept + _KEPT_ANYWAY

    def retain(self, used: U64) -> None:
        """Evict everything but the keys in ``used`` (every one of which was claimed)."""
        keys = pl.Series("key", used, pl.UInt64).unique()
        self._known = Index()
        # A key that was claimed and evicted may be put once more when it is claimed again: the facts are the same.
        self._known.add(keys.to_numpy(writable=True))
        kept = self._table().filter(pl.col("key").is_in(keys.implode()))
        self._parts, self._rows, self._kept = [kept], kept.height, kept.height
        self.bytes = int(kept.estimated_size())

    def _table(self) -> pl.DataFrame:
        table = pl.concat([self._schema.to_frame(), *self._parts])
        first = Index().add(table["key"].to_numpy(writable=True))[1]
        return table if first.size == table.height else table[first]

    def of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return ``keys`` (with a column ``key``) with the facts added, in the same order."""
        return keys.join(self._table(), on="key", how="left", maintain_order="left")
