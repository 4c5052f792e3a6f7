"""A storm of 429 that hits many accounts in the same hour; then some come back, some leave, and others begin."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import HOUR, MINUTE
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import add_account_columns, add_prompts, divide_rows, draw_visits, move_conversations
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Strangers who have an outage in common; it looks like one pool that stops and another that takes over."""

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

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Put each account's first conversation into the storm, and its second soon after if the account stays."""
        rng, count = context.rng, size.accounts
        starts = size.first + int(min(self.storm_day * 24 * HOUR, (size.last - size.first) / 2))
        ends = starts + int(self.hours * HOUR)
        fate = rng.random(count)
        leaves, begins = fate < self.leave, fate >= 1 - self.begin
        people = make_accounts(context, count, "consumer", arrivals=0.0)
        born = ends + (rng.exponential(3, count) * HOUR).astype(np.int64)
        people = people.with_columns(
            account_created_at=pl.when(pl.Series(begins)).then(pl.Series(born)).otherwise("account_created_at"),
            first=pl.when(pl.Series(begins)).then(pl.Series(born)).otherwise("first"),
            last=pl.when(pl.Series(leaves)).then(pl.lit(ends, pl.Int64)).otherwise(pl.lit(size.last, pl.Int64)),
        )
        when = draw_visits(context, people, divide_rows(rng, people["volume"].to_numpy(), size.rows))
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
        when = move_conversations(context, when, stormy | second, np.where(stormy, into, soon))
        time = when["time"].to_numpy()
        shut = (time >= starts) & (time < ends) & (rng.random(when.height) < self.limited)
        lines = add_prompts(context, add_account_columns(context, people, when))
        return finish(
            context, people, lines.with_columns(status_code=pl.when(pl.Series(shut)).then(pl.lit(429, pl.Int64)))
        )
