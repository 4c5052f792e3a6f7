"""Serve and harvest: the requests of a lab's own users relayed through a pool of accounts."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate.campaigns.pool import connect, enlist, hide
from distillscan.simulate.campaigns.serving import Serving, deal, passed_on, talk
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class Relay(Serving):
    """Diverse prompts of many end users, dealt out by request: one conversation runs on through several accounts."""

    distinct_payments: bool = True
    staggered: bool = True
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
        when = talk(stage, count, size, self)
        dealt = deal(rng, when["session"].to_numpy(), count, self.sticky)
        lines = passed_on(connect(stage, people, when.with_columns(person=pl.Series(dealt)), self), self)
        wanted = pl.Series(rng.random(size.rows) < self.one_model)
        model = pl.when(wanted).then("model").otherwise(world.lineup.pick(rng, size.rows))
        return finish(stage, people, hide(stage, lines.with_columns(model=model), self))
