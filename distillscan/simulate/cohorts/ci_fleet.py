"""A fleet of build machines on one key: hundreds of cloud addresses around the clock."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate.blocks import by_rows
from distillscan.simulate.clock import rhythm
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size
from distillscan.simulate.writer import INTERESTS


@dataclass(frozen=True, slots=True)
class CiFleet:
    """One account whose agents run on fresh machines for every job."""

    #: Number of addresses the machines come from.
    addresses: int = 400
    #: Size of the agents' system prompt in bytes.
    system_bytes: int = 3_000

    kind: ClassVar[str] = "ci_fleet"
    rate: ClassVar[float] = 500.0
    limits: ClassVar[tuple[int, int]] = (1, 1)

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Make one business account with requests day and night."""
        rng, networks = context.rng, load_networks()
        people = context.once("people", lambda: _fleet(context, size))
        lines = make_traffic(context, people, size.rows, 1.0, 15)
        machines = context.once("machines", lambda: rng.choice(networks.of("cloud")[:3], self.addresses))
        manual = context.once("manual", lambda: context.world.writer.agent_prompt(rng, self.system_bytes))
        lines = route_through(context, lines.with_columns(system_prompt=pl.lit(manual)), machines, by="request")
        return finish(context, people, lines)


def _fleet(context: Context, size: Size) -> pl.DataFrame:
    return make_accounts(context, size.accounts, "developer", arrivals=0.0).with_columns(
        **ONLY_API,
        plan=pl.lit("enterprise"),
        account_type=pl.lit("business"),
        org_id=pl.lit(context.mint_one("org")),
        rhythm=pl.lit(rhythm("always"), pl.Int64),
        interest=pl.lit(INTERESTS.index("code"), pl.Int64),
        interest_b=pl.lit(INTERESTS.index("code"), pl.Int64),
        last=pl.lit(size.last, pl.Int64),
        turns=pl.lit(6.0),
    )
