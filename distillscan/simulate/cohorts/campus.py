"""A university: thousands of students behind the campus network."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Campus:
    """Students with one mail domain and a few campus addresses, who signed up in the same weeks of term."""

    #: Number of public addresses of the campus.
    exits: int = 3
    #: Share of conversations held on campus.
    on_campus: float = 0.6

    kind: ClassVar[str] = "campus"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 50_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make students of one university, who pay for themselves or not at all."""
        rng, networks, count = context.rng, load_networks(), size.accounts
        term = context.world.first - 180 * DAY
        people = make_accounts(context, count, "student", country="GB", arrivals=0.0).with_columns(
            account_created_at=pl.Series(term + (rng.random(count) * 45 * DAY).astype(np.int64)),
            email_domain=pl.lit(context.once("domain", lambda: f"students.{domains(rng, 1).item()}")),
        )
        lines = make_traffic(context, people, size.rows)
        exits = np.full(self.exits, networks.of("campus", "GB")[0])
        inside = route_through(context, lines, exits, by="session")
        session = lines["session"].to_numpy()
        there = pl.Series((rng.random(int(session.max(initial=-1)) + 1) < self.on_campus)[session])
        place = ("ip", "asn", "country")
        lines = lines.with_columns(pl.when(there).then(inside[name]).otherwise(name).alias(name) for name in place)
        return finish(context, people, lines)
