"""Serve and harvest: the requests of a lab's own users relayed through a pool of accounts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.campaigns.pool import Evasion, connect, enlist, hide
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import flatten, visits
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class Relay(Evasion):
    """Diverse prompts of many end users, dealt out by request: one conversation runs on through several accounts."""

    distinct_payments: bool = True
    staggered: bool = True
    #: End users behind each account.
    users_per_account: float = 6.0
    #: Share of conversations that keep to one account (load balancers often make them sticky).
    sticky: float = 0.3
    #: Whether the requests are logged whole, so that the prompt holds the conversation so far.
    whole: bool = True
    #: Share of requests that go to the one wanted model.
    one_model: float = 0.97

    kind: ClassVar[str] = "relay"
    rate: ClassVar[float] = 5.6
    limits: ClassVar[tuple[int, int]] = (30, 50_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """End users talk first; then their requests are dealt to the pool."""
        rng, world, count = stage.rng, stage.world, size.accounts
        people = enlist(stage, count, size.first, self).with_columns(
            model=pl.lit(world.lineup.models[0]), whole=pl.lit(self.whole)
        )
        users = recruit(stage, max(2, round(count * self.users_per_account)), "consumer", arrivals=0.0).with_columns(
            first=pl.lit(size.first, pl.Int64), last=pl.lit(size.last, pl.Int64)
        )
        counts = rng.multinomial(size.rows, np.full(users.height, 1 / users.height))
        when = visits(stage, users, counts)
        talker, session = when["person"].to_numpy(), when["session"].to_numpy()
        turn, sessions = when["turn"].to_numpy(), int(session.max(initial=-1)) + 1
        own = rng.integers(0, count, sessions)[session]
        dealt = np.where((rng.random(sessions) < self.sticky)[session], own, rng.integers(0, count, size.rows))
        dealt[: min(count, size.rows)] = rng.permutation(count)[: size.rows]
        lines = connect(stage, people, when.with_columns(person=pl.Series(dealt)), self)
        said = world.writer.ordinary(
            rng, users["language"].to_numpy()[talker], users["interest"].to_numpy()[talker], turn
        )
        lines = lines.with_columns(prompt=said, system_prompt=pl.lit(None, pl.String))
        lines = flatten(lines, np.full(size.rows, self.whole))
        wanted = pl.Series(rng.random(size.rows) < self.one_model)
        model = pl.when(wanted).then("model").otherwise(world.lineup.pick(rng, size.rows))
        return finish(stage, people, hide(stage, lines.with_columns(model=model), self))
