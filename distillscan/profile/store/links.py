"""The entities that accounts touched: a sample for each account and kind, and the values of those that may be shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.profile.kernels.arrays import I64, U64, Bools
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.samples import Samples
from distillscan.profile.tables import ENTITIES, KIND, KINDS, LINKS, LINKS_KEPT, PRIVATE_KINDS

_ROW_BYTES = 40


class Links:
    """Samples of entities, by kind; accounts are given by number, entities by hash."""

    def __init__(self) -> None:
        self._samples: dict[str, Samples] = {}
        self._values: dict[str, Facts] = {}

    def add(
        self, kind: str, accounts: I64, wanted: Bools | None, entities: U64, requests: I64, first: I64, last: I64
    ) -> I64:
        """Add rows, each a use of an entity.

        Args:
            kind: The kind of the entities.
            accounts: The account of each row.
            wanted: Which rows count; ``None`` if all do.
            entities: The entity of each row.
            requests: The requests it stands for.
            first: When the first of them was, in microseconds since 1970.
            last: When the last of them was.

        Returns:
            The rows whose entity has a value that is not known yet: the caller has to ``put_values`` it later.
        """
        self._begin(kind)
        new = self._samples[kind].add(accounts, wanted, entities, requests, first, last)
        return new[:0] if kind in PRIVATE_KINDS else new[self._values[kind].claim(entities[new])]

    def put_values(self, kind: str, entities: U64, values: pl.Series) -> None:
        """Store the values of entities that ``add`` asked for."""
        self._values[kind].put(pl.DataFrame([pl.Series("key", entities), values.alias("value")]))

    def absorb_values(self, kind: str, entities: pl.DataFrame) -> None:
        """Store values (``ENTITIES``) of a kind that are not known yet; ``add`` does not ask for them any more."""
        self._begin(kind)
        self._values[kind].put_unknown(entities.rename({"entity": "key"}))

    def _begin(self, kind: str) -> None:
        if kind not in self._samples:
            self._samples[kind] = Samples(LINKS_KEPT)
            self._values[kind] = Facts(pl.Schema({"value": pl.String()}))

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
        tables = [self._samples[kind].table(order) for kind in kinds]
        who = np.concatenate([np.zeros(0, np.int64), *(table.who for table in tables)])
        # Rows of a kind are in the order of the accounts already, and ascending by entity.
        places = np.argsort(who, kind="stable")

        def column(parts: Sequence[npt.NDArray[Any]]) -> pl.Series:
            return pl.Series(np.concatenate([np.zeros(0, np.int64 if not parts else parts[0].dtype), *parts])[places])

        codes = [
            np.full(table.who.size, KINDS.index(kind), np.uint8) for kind, table in zip(kinds, tables, strict=True)
        ]
        columns = {
            "account": accounts.gather(who[places]),
            "kind": column(codes).cast(pl.UInt8).cat.to(KIND),
            "entity": column([table.member for table in tables]),
            "requests": column([table.requests for table in tables]),
            "first": column([table.low for table in tables]),
            "last": column([table.high for table in tables]),
        }
        return pl.DataFrame(columns).cast(LINKS)

    def entity_table(self, links: pl.DataFrame) -> pl.DataFrame:
        """Return the values (``ENTITIES``) of the entities in ``links``."""
        parts = [ENTITIES.to_frame()]
        for kind in KINDS:
            if kind in self._samples and kind not in PRIVATE_KINDS:
                keys = links.filter(pl.col("kind") == kind).select(key=pl.col("entity").unique().sort())
                known = self._values[kind].of(keys)
                parts.append(known.select(pl.lit(kind, KIND).alias("kind"), entity="key", value="value"))
        return pl.concat(parts)
