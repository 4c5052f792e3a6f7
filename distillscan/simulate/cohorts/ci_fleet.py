"""A fleet of build machines on one key: hundreds of cloud addresses around the clock."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate.clock import rhythm
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, recruit
from distillscan.simulate.traffic import behind, live
from distillscan.simulate.world import Part, Size, Stage
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

    def build(self, stage: Stage, size: Size) -> Part:
        """One business account at work day and night."""
        rng, networks = stage.rng, load_networks()
        people = recruit(stage, size.accounts, "developer", arrivals=0.0).with_columns(
            **ONLY_API,
            plan=pl.lit("enterprise"),
            account_type=pl.lit("business"),
            org_id=pl.lit(stage.mint_one("org")),
            rhythm=pl.lit(rhythm("always"), pl.Int64),
            interest=pl.lit(INTERESTS.index("code"), pl.Int64),
            interest_b=pl.lit(INTERESTS.index("code"), pl.Int64),
            last=pl.lit(size.last, pl.Int64),
            turns=pl.lit(6.0),
        )
        lines = live(stage, people, size.rows, 1.0, 15)
        machines = rng.choice(networks.of("cloud")[:3], self.addresses)
        manual = stage.world.writer.manual(rng, self.system_bytes)
        lines = behind(stage, lines.with_columns(system_prompt=pl.lit(manual)), machines, by="request")
        return finish(stage, people, lines)
