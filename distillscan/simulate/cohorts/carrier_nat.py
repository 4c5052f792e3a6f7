"""Customers of one mobile carrier, all behind a few shared addresses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class CarrierNat:
    """Unrelated people who have nothing in common but a carrier-grade NAT."""

    #: Number of exit addresses.
    exits: int = 4
    #: Country of the carrier.
    country: str = "IN"

    kind: ClassVar[str] = "carrier_nat"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers of one country; each conversation has another exit address."""
        networks = load_networks()
        people = make_accounts(context, size.accounts, "consumer", country=self.country)
        lines = make_traffic(context, people, size.rows)
        carrier = np.full(self.exits, networks.of("mobile", self.country)[0])
        return finish(context, people, route_through(context, lines, carrier, by="session"))
