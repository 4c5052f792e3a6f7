"""A storm of 429 that hits many accounts in the same hour; then some come back, some leave, and others begin."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.clock import HOUR, MINUTE
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import converse, dress, reschedule, share_out, visits
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Strangers who have an outage in common: no pool stopped, and no pool took over."""

    #: Day (after the entry's start) of the storm.
    storm_day: float = 8.4
    #: How long it lasts, in hours.
    hours: float = 1.0
    #: Share of requests in the storm that are turned away.
    limited: float = 0.85
    #: Share of accounts that never come back.
    leave: float = 0.2
    #: Share of accounts that are new: made within hours after the storm.
    begin: float = 0.3

    kind: ClassVar[str] = "rate_limits"
    rate: ClassVar[float] = 0.6
    limits: ClassVar[tuple[int, int]] = (30, 100_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Each account's first conversation meets the storm, and its second follows soon after, if it stays."""
        rng, count = stage.rng, size.accounts
        starts = size.first + int(min(self.storm_day * 24 * HOUR, (size.last - size.first) / 2))
        ends = starts + int(self.hours * HOUR)
        fate = rng.random(count)
        leaves, begins = fate < self.leave, fate >= 1 - self.begin
        people = recruit(stage, count, "consumer", arrivals=0.0)
        born = ends + (rng.exponential(3, count) * HOUR).astype(np.int64)
        people = people.with_columns(
            account_created_at=pl.when(pl.Series(begins)).then(pl.Series(born)).otherwise("account_created_at"),
            first=pl.when(pl.Series(begins)).then(pl.Series(born)).otherwise("first"),
            last=pl.when(pl.Series(leaves)).then(pl.lit(ends, pl.Int64)).otherwise(pl.lit(size.last, pl.Int64)),
        )
        when = visits(stage, people, share_out(rng, people["volume"].to_numpy(), size.rows))
        person = when["person"].to_numpy()
        opens = when["turn"].to_numpy() == 0
        number = when.select(pl.col("session") - pl.col("session").min().over("person")).to_series().to_numpy()
        stormy = opens & (number == 0)
        into = np.where(
            begins[person],
            born[person] + MINUTE,
            starts + (rng.random(when.height) * self.hours * HOUR).astype(np.int64),
        )
        soon = ends + (rng.exponential(2, when.height) * HOUR).astype(np.int64)
        second = opens & (number == 1) & ~leaves[person] & ~begins[person]
        when = reschedule(stage, when, stormy | second, np.where(stormy, into, soon))
        time = when["time"].to_numpy()
        shut = (time >= starts) & (time < ends) & (rng.random(when.height) < self.limited)
        lines = converse(stage, dress(stage, people, when))
        return finish(
            stage, people, lines.with_columns(status_code=pl.when(pl.Series(shut)).then(pl.lit(429, pl.Int64)))
        )
