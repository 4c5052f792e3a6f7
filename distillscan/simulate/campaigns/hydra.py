"""A proxy network: campaign traffic mixed with customers' requests, every stopped account replaced at once."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.campaigns.fanout_template import work
from distillscan.simulate.campaigns.pool import connect, enlist, forbid, hide, jobs
from distillscan.simulate.campaigns.serving import Serving, deal, passed_on, talk
from distillscan.simulate.clock import DAY, HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Ints, Part, Size, Stage

_NOTICE: Final = 14 * HOUR


@dataclass(frozen=True, slots=True)
class Hydra(Serving):
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

    def build(self, stage: Stage, size: Size) -> Part:
        """Seats first, then the accounts that fill them one after the other."""
        rng, count = stage.rng, size.accounts
        people = enlist(stage, count, size.first, self).with_columns(whole=pl.lit(self.whole))
        seats = max(1, count // self.succession)
        when = self._requests(stage, people.head(seats), size)
        seat, begins = _turns(rng, count, seats, size)
        person = _sitting(seat, begins, when["person"].to_numpy(), when["time"].to_numpy())
        when = when.with_columns(person=pl.Series(person))
        fresh = pl.Series(begins - (rng.random(count) * _NOTICE).astype(np.int64))
        later = pl.Series(begins > size.first)
        people = people.with_columns(account_created_at=pl.when(later).then(fresh).otherwise("account_created_at"))
        lines = passed_on(connect(stage, people, when, self), self)
        theirs = lines["program"].is_not_null()
        lines = lines.with_columns(
            model=pl.when(theirs).then(stage.world.lineup.pick(rng, lines.height)).otherwise("model")
        )
        ends = lines.select(pl.col("time") == pl.col("time").max().over("person")).to_series()
        replaced = pl.Series(np.isin(person, _replaced(seat, begins)))
        return finish(stage, people, forbid(hide(stage, lines, self), ends & replaced))

    def _requests(self, stage: Stage, seated: pl.DataFrame, size: Size) -> pl.DataFrame:
        """Campaign prompts and customers' conversations side by side; ``person`` is the seat."""
        ours = min(size.rows, max(seated.height, round(size.rows * self.harvested)))
        when = jobs(stage, seated, ours, size.first, size.last, self)
        when = when.with_columns(**work(stage, ours, self.templates, self))
        theirs = talk(stage, size.accounts, replace(size, rows=size.rows - ours), self)
        dealt = deal(stage.rng, theirs["session"].to_numpy(), seated.height, self.sticky)
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


def _replaced(seat: Ints, begins: Ints) -> Ints:
    """Accounts after which another one took the seat."""
    order = np.lexsort((begins, seat))
    followed = np.append(seat[order][1:] == seat[order][:-1], False)
    account: Ints = order[followed]
    return account
