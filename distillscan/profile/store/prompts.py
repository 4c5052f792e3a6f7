"""The prompts of accounts (a sample for each) and system prompts: where each stands first, and facts of its text."""

import numpy as np
import polars as pl

from distillscan.compiled import I64, U64, Bools
from distillscan.profile.store.accounts import NO_MINIMUM
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.index import Index
from distillscan.profile.store.samples import Samples
from distillscan.profile.tables import PROMPTS, PROMPTS_KEPT, SYSTEMS, TEXT

_TEXT = pl.Schema({"normal": SYSTEMS["normal"], **TEXT})
_ROW_BYTES = 32


class Prompts:
    """Samples of prompts, by account (by number)."""

    def __init__(self) -> None:
        self._samples = Samples(PROMPTS_KEPT)
        self.facts = Facts(_TEXT)

    def add(self, accounts: I64, wanted: Bools | None, prompts: U64, requests: I64, pointers: I64) -> I64:
        """Add rows; return those whose prompt (given by hash) is to be described."""
        new = self._samples.add(accounts, wanted, prompts, requests, pointers)
        return new[self.facts.claim(prompts[new])]

    def evict(self, accounts: int) -> None:
        """Drop facts that no sample of the first ``accounts`` accounts needs any more."""
        if self.facts.crowded:
            self.facts.retain(self._samples.members(accounts))

    @property
    def bytes(self) -> int:
        """The bytes that ``table`` would take about."""
        return self._samples.used * _ROW_BYTES + self.facts.bytes

    def table(self, order: I64, accounts: pl.Series) -> pl.DataFrame:
        """Return the prompts (``PROMPTS``) of accounts, given by number in ``order`` and by hash in ``accounts``."""
        table = self._samples.table(order)
        rows = table.select("requests", key="member", pointer="low")
        rows = rows.with_columns(accounts.gather(table["who"]).alias("account"))
        return _with_schema(self.facts.of(rows).rename({"key": "prompt"}), PROMPTS)


class Systems:
    """System prompts of the whole log."""

    def __init__(self) -> None:
        self.facts = Facts(_TEXT)
        self._index = Index()
        self._pointers: I64 = np.zeros(0, np.int64)

    def add(self, systems: U64, wanted: Bools | None, pointers: I64) -> I64:
        """Add rows; return those whose system prompt (given by hash) is to be described."""
        numbers, new = self._index.add(systems, wanted)
        self._pointers = np.concatenate([self._pointers, np.full(new.size, NO_MINIMUM, np.int64)])
        rows = slice(None) if wanted is None else wanted
        np.minimum.at(self._pointers, numbers[rows], pointers[rows])
        return new

    def retain(self, used: U64) -> None:
        """Evict the system prompts that are not in ``used``."""
        self.facts.retain(used)
        kept = np.flatnonzero(np.isin(self._index.keys, used))
        keys, self._pointers, self._index = self._index.keys[kept], self._pointers[kept], Index()
        self._index.add(keys)

    def table(self, used: pl.Series) -> pl.DataFrame:
        """Return those in ``used`` (``SYSTEMS``)."""
        known = pl.DataFrame({"key": self._index.keys, "pointer": self._pointers})
        keys = known.filter(pl.col("key").is_in(used.unique().implode())).sort("key")
        return _with_schema(self.facts.of(keys).rename({"key": "system_prompt"}), SYSTEMS)


def _with_schema(table: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return table.select(schema.names()).cast(schema)
