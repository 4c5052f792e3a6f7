"""A relay: a lab passes on the requests of its own users through a pool of accounts, and keeps the answers."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.pool import add_cover_traffic, make_pool, make_requests
from distillscan.simulate.campaigns.serving import (
    RelayOptions,
    assign_accounts,
    draw_conversations,
    pass_on_user_agents,
)
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Relay(RelayOptions):
    """Diverse prompts of many end users, distributed by request: one conversation goes on through several accounts."""

    distinct_payments: bool = True
    staggered: bool = True
    #: Share of requests that go to the one wanted model.
    one_model: float = 0.97

    kind: ClassVar[str] = "relay"
    rate: ClassVar[float] = 5.6
    limits: ClassVar[tuple[int, int]] = (30, 50_000)

    @by_time
    def build(self, context: Context, size: Size) -> Part:
        """Draw the conversations of end users, then distribute their requests over the pool."""
        rng, world, count = context.rng, context.world, size.accounts
        people = make_pool(context, count, size.first, self).with_columns(
            model=pl.lit(world.lineup.models[0]), whole=pl.lit(self.whole)
        )
        when = draw_conversations(context, count, size, self)
        dealt = assign_accounts(rng, when["session"].to_numpy(), count, self.sticky)
        lines = pass_on_user_agents(
            make_requests(context, people, when.with_columns(person=pl.Series(dealt)), self), self
        )
        wanted = pl.Series(rng.random(size.rows) < self.one_model)
        model = pl.when(wanted).then("model").otherwise(world.lineup.pick(rng, size.rows))
        return finish(context, people, add_cover_traffic(context, lines.with_columns(model=model), self))
