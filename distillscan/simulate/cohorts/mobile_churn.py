"""Mobile users whose address changes with nearly every request: shared IPv4 exits and short-lived IPv6."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, set_addresses
from distillscan.simulate.world import Context, Part, Size


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

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers whose carrier stays the same and whose address does not."""
        rng, networks = context.rng, load_networks()
        people = make_accounts(context, size.accounts, "consumer", country=self.country)
        lines = make_traffic(context, people, size.rows)
        carrier = people["mobile_net"].to_numpy()[lines["person"].to_numpy()]
        known = networks.of("mobile", self.country)
        position = np.searchsorted(known, carrier)
        exits = context.once("exits", lambda: networks.draw(rng, np.repeat(known, self.exits)))
        shared = exits.gather(position * self.exits + rng.integers(0, self.exits, lines.height))
        once = pl.Series((rng.random(lines.height) < self.v6) & (networks.v6_free[carrier] > 0))
        own = networks.draw(rng, carrier, 1.0)
        addresses = pl.select(pl.when(once).then(own).otherwise(shared)).to_series()
        return finish(context, people, set_addresses(lines, carrier, addresses))
