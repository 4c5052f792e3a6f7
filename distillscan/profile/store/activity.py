"""How many requests each account made of each model in each hour: counted in place while a log is read."""

import numpy as np
import polars as pl

from distillscan.compiled import I64, U64
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.index import SMALLEST, Index, enlarged
from distillscan.profile.tables import ACTIVITY, MODELS

_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ROW_BYTES = 24


class Activity:
    """Requests by account (by number), model and hour, and the names of the models."""

    def __init__(self) -> None:
        self.names = Facts(pl.Schema({"name": pl.String()}))
        self._models = Index()
        self._uses = Index()  # model (by number) and hour, 32 bits each
        self._cells = Index()  # account and use, 32 bits each
        self._requests: I64 = np.zeros(SMALLEST, np.int64)

    def add(self, accounts: I64, models: U64, hours: I64, requests: I64) -> None:
        """Count rows; models are given by hash, 0 where there is none."""
        numbers = self._models.add(models)[0].view(np.uint64)
        uses = self._uses.add(numbers << _32 | hours.view(np.uint64) & _LOW)[0]
        cells = self._cells.add((accounts << 32 | uses).view(np.uint64))[0]
        self._requests = enlarged(self._requests, self._cells.count)
        np.add.at(self._requests, cells, requests)

    @property
    def bytes(self) -> int:
        """The bytes that ``table`` would take about."""
        return self._cells.count * _ROW_BYTES

    def table(self, accounts: U64) -> pl.DataFrame:
        """Return the counts (``ACTIVITY``) of accounts, given by hash in the order of their numbers."""
        keys = self._cells.keys
        account, use = keys >> _32, keys & _LOW
        models = self._models.keys[self._uses.keys >> _32]
        hours = (self._uses.keys & _LOW).astype(np.uint32).view(np.int32)
        order = np.argsort(_ranks(np.argsort(accounts))[account] << 32 | _ranks(np.lexsort((hours, models)))[use])
        account, use = account[order], use[order]
        columns = accounts[account], models[use], hours[use], self._requests[order]
        return pl.DataFrame(dict(zip(ACTIVITY, columns, strict=True))).cast(ACTIVITY)

    def model_table(self) -> pl.DataFrame:
        """Return the names of the models (``MODELS``)."""
        keys = pl.Series("key", self._models.keys).sort().to_frame()
        return self.names.of(keys).drop_nulls().select(model="key", name="name").cast(MODELS)


def _ranks(order: I64) -> I64:
    """The place of each element in an order."""
    ranks = np.empty(order.size, np.int64)
    ranks[order] = np.arange(order.size)
    return ranks
