"""A proxy network: campaign traffic mixed with customers' requests, every stopped account replaced at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.fanout_template import template_prompts
from distillscan.simulate.campaigns.pool import add_cover_traffic, ban, draw_jobs, make_pool, make_requests
from distillscan.simulate.campaigns.serving import (
    RelayOptions,
    assign_accounts,
    draw_conversations,
    pass_on_user_agents,
)
from distillscan.simulate.clock import DAY, HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Context, Ints, Part, Size

_NOTICE: Final = 14 * HOUR


@dataclass(frozen=True, slots=True)
class Hydra(RelayOptions):
    """Seats that are always taken: when one account is banned, a new one continues through the same proxies."""

    #: Share of requests that belong to the campaign; the rest are customers'.
    harvested: float = 0.4
    #: Accounts that take turns in one seat.
    succession: int = 3
    #: Number of templates of the campaign.
    templates: int = 3

    kind: ClassVar[str] = "hydra"
    rate: ClassVar[float] = 15.0
    limits: ClassVar[tuple[int, int]] = (30, 50_000)

    def build(self, context: Context, size: Size) -> Iterator[Part]:
        """Draw the requests of each seat, then the accounts that hold it one after the other."""
        return self._stretch(context, size, size)

    @by_time
    def _stretch(self, context: Context, size: Size, whole: Size) -> Part:
        """The requests of one stretch of the whole time."""
        rng, count = context.rng, size.accounts
        people = make_pool(context, count, whole.first, self).with_columns(whole=pl.lit(self.whole))
        seats = max(1, count // self.succession)
        when = self._requests(context, people.head(seats), size)
        seat, begins = context.once("turns", lambda: _turns(rng, count, seats, whole))
        person = _sitting(seat, begins, when["person"].to_numpy(), when["time"].to_numpy())
        when = when.with_columns(person=pl.Series(person))
        notice = context.once("notice", lambda: (rng.random(count) * _NOTICE).astype(np.int64))
        fresh, later = pl.Series(begins - notice), pl.Series(begins > whole.first)
        people = people.with_columns(account_created_at=pl.when(later).then(fresh).otherwise("account_created_at"))
        lines = pass_on_user_agents(make_requests(context, people, when, self), self)
        theirs = lines["program"].is_not_null()
        lines = lines.with_columns(
            model=pl.when(theirs).then(context.world.lineup.pick(rng, lines.height)).otherwise("model")
        )
        ends = lines.select(pl.col("time") == pl.col("time").max().over("person")).to_series()
        replaced = pl.Series(np.isin(person, _replaced(seat, begins, size.last)))
        return finish(context, people, ban(add_cover_traffic(context, lines, self), ends & replaced))

    def _requests(self, context: Context, seated: pl.DataFrame, size: Size) -> pl.DataFrame:
        """Campaign prompts and conversations of customers; ``person`` is the seat."""
        ours = min(size.rows, max(seated.height, round(size.rows * self.harvested)))
        when = draw_jobs(context, seated, ours, size.first, size.last, self)
        when = when.with_columns(**template_prompts(context, ours, self.templates, self))
        theirs = draw_conversations(context, size.accounts, replace(size, rows=size.rows - ours), self)
        dealt = assign_accounts(context.rng, theirs["session"].to_numpy(), seated.height, self.sticky)
        theirs = theirs.with_columns(person=pl.Series(dealt), session=pl.col("session") + ours)
        return pl.concat([when, theirs], how="diagonal")


def _turns(rng: np.random.Generator, count: int, seats: int, size: Size) -> tuple[Ints, Ints]:
    """Seat of each account and when it takes it: the first accounts at the start, the others at random times."""
    seat = np.arange(count) % seats
    begins = size.first + DAY + (rng.random(count) * (size.last - size.first - DAY)).astype(np.int64)
    begins[:seats] = size.first
    return seat, begins


def _sitting(seat: Ints, begins: Ints, wanted: Ints, time: Ints) -> Ints:
    """The account in each wanted seat at each time."""
    order = np.lexsort((begins, seat))
    span = np.int64(2**50)
    keys = seat[order] * span + (begins[order] - begins.min())
    found = np.searchsorted(keys, wanted * span + (time - begins.min()), side="right") - 1
    account: Ints = order[np.maximum(found, 0)]
    return account


def _replaced(seat: Ints, begins: Ints, last: int) -> Ints:
    """The accounts that another one has followed in the seat by ``last``."""
    order = np.lexsort((begins, seat))
    followed = np.append((seat[order][1:] == seat[order][:-1]) & (begins[order][1:] <= last), False)
    account: Ints = order[followed]
    return account
