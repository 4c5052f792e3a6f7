"""The entities that accounts touched: a sample for each account and kind, and the values of those that may be shown."""

from collections import defaultdict
from functools import partial

import polars as pl

from distillscan.compiled import I64, U64, Bools
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.samples import Samples
from distillscan.profile.tables import ENTITIES, KIND, KINDS, LINKS, LINKS_KEPT, PRIVATE_KINDS

_ROW_BYTES = 32


class Links:
    """Samples of entities, by kind; accounts are given by number, entities by hash."""

    def __init__(self) -> None:
        self._samples: dict[str, Samples] = defaultdict(partial(Samples, LINKS_KEPT))
        self._values: dict[str, Facts] = defaultdict(partial(Facts, pl.Schema({"value": pl.String()})))

    def add(self, kind: str, accounts: I64, wanted: Bools | None, entities: U64, requests: I64, first: I64) -> I64:
        """Add the rows that are wanted (None: all): uses of an entity, so many requests from ``first`` on.

        Returns:
            The rows whose entity has a value that is not known yet: the caller has to ``put_values`` it later.
        """
        new = self._samples[kind].add(accounts, wanted, entities, requests, first)
        return new[:0] if kind in PRIVATE_KINDS else new[self._values[kind].claim(entities[new])]

    def put_values(self, kind: str, entities: U64, values: pl.Series) -> None:
        """Store the values of entities that ``add`` asked for."""
        self._values[kind].put(pl.DataFrame([pl.Series("key", entities), values.alias("value")]))

    def absorb_values(self, kind: str, entities: pl.DataFrame) -> None:
        """Store values (``ENTITIES``) of a kind that are not known yet; ``add`` does not ask for them any more."""
        self._values[kind].put_unknown(entities.rename({"entity": "key"}))

    def evict(self, accounts: int) -> None:
        """Drop values that no sample of the first ``accounts`` accounts needs any more."""
        for kind, values in self._values.items():
            if values.crowded:
                values.retain(self.entities(kind, accounts))

    def entities(self, kind: str, accounts: int) -> U64:
        """Return the entities of a kind in the samples of the first ``accounts`` accounts, with repeats."""
        return self._samples[kind].members(accounts)

    @property
    def bytes(self) -> int:
        """The bytes that the tables would take about."""
        rows = sum(sample.used for sample in self._samples.values())
        return rows * _ROW_BYTES + sum(values.bytes for values in self._values.values())

    def table(self, order: I64, accounts: pl.Series) -> pl.DataFrame:
        """Return the links (``LINKS``) of accounts, given by number in ``order`` and by hash in ``accounts``."""
        kinds = [kind for kind in KINDS if kind in self._samples]
        if not kinds:
            return LINKS.to_frame()
        parts = [self._samples[kind].table(order).with_columns(kind=pl.lit(kind, KIND)) for kind in kinds]
        # Rows of a kind are in the order of the accounts already, and ascending by entity.
        rows = pl.concat(parts).sort("who", maintain_order=True)
        rows = rows.with_columns(accounts.gather(rows["who"]).alias("account"))
        return rows.rename({"member": "entity", "low": "first"}).select(list(LINKS)).cast(LINKS)

    def entity_table(self, links: pl.DataFrame) -> pl.DataFrame:
        """Return the values (``ENTITIES``) of the entities in ``links``."""
        parts = [ENTITIES.to_frame()]
        for kind in KINDS:
            if kind in self._samples and kind not in PRIVATE_KINDS:
                keys = links.filter(pl.col("kind") == kind).select(key=pl.col("entity").unique().sort())
                known = self._values[kind].of(keys)
                parts.append(known.select(pl.lit(kind, KIND).alias("kind"), entity="key", value="value"))
        return pl.concat(parts)
