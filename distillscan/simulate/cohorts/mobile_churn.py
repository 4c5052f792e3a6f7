"""Mobile users whose address changes with nearly every request: shared IPv4 exits and short-lived IPv6."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import live, settle
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class MobileChurn:
    """Customers of one country's mobile carriers who are always on the move."""

    #: Country of the carriers.
    country: str = "US"
    #: Shared IPv4 exit addresses of each carrier.
    exits: int = 24
    #: Share of requests over IPv6, with an address used once.
    v6: float = 0.5

    kind: ClassVar[str] = "mobile_churn"
    rate: ClassVar[float] = 0.5
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers; each keeps to its carrier and to nothing else."""
        rng, networks = stage.rng, load_networks()
        people = recruit(stage, size.accounts, "consumer", country=self.country)
        lines = live(stage, people, size.rows)
        carrier = people["mobile_net"].to_numpy()[lines["person"].to_numpy()]
        known, position = np.unique(carrier, return_inverse=True)
        exits = networks.draw(rng, np.repeat(known, self.exits))
        shared = exits.gather(position * self.exits + rng.integers(0, self.exits, lines.height))
        once = pl.Series((rng.random(lines.height) < self.v6) & (networks.v6_free[carrier] > 0))
        own = networks.draw(rng, carrier, 1.0)
        addresses = pl.select(pl.when(once).then(own).otherwise(shared)).to_series()
        return finish(stage, people, settle(lines, carrier, addresses))
