"""A hackathon: everybody signs up within hours, at one venue, with one promotion code, on one theme."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import ids
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY, HOUR
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Hackathon:
    """Strangers in one hall for a weekend, who paste the same challenge and then build different things."""

    #: Hours over which the accounts are created.
    signup_hours: float = 5.0
    #: Length of the event in days.
    event_days: float = 2.0
    #: Share of conversations that begin with the challenge.
    challenge: float = 0.35

    kind: ClassVar[str] = "hackathon"
    rate: ClassVar[float] = 3.0
    limits: ClassVar[tuple[int, int]] = (25, 800)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make developers whose accounts are used for the event only."""
        rng, count = context.rng, size.accounts
        opening = size.first + 9 * HOUR
        joined = opening + (rng.random(count) * self.signup_hours * HOUR).astype(np.int64)
        people = make_accounts(context, count, "developer", country="US", arrivals=0.0).with_columns(
            account_created_at=pl.Series(joined),
            first=pl.Series(joined),
            plan=pl.lit("api"),
            last=pl.lit(min(opening + int(self.event_days * DAY), context.world.last), pl.Int64),
            payment_id=pl.lit(context.once("payer", lambda: context.mint_one("pm"))),
            rhythm=pl.lit(3, pl.Int64),
        )
        lines = make_traffic(context, people, size.rows)
        theme = context.once("theme", lambda: str(context.world.writer.text(rng, "challenge_text", 1).item()))
        opens = (lines["turn"].to_numpy() == 0) & (rng.random(lines.height) < self.challenge)
        pasted = ids.concatenate([theme, "\n\n", lines["prompt"]])
        lines = lines.with_columns(
            prompt=pl.when(pl.Series(opens)).then(pasted).otherwise("prompt"),
        )
        venue = load_networks().of("office", "US")[:1]
        return finish(context, people, route_through(context, lines, venue, by="request"))
