"""Customers of one mobile carrier, all behind a few shared addresses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import behind, live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class CarrierNat:
    """Unrelated people who have nothing in common but the carrier-grade NAT they sit behind."""

    #: Number of exit addresses.
    exits: int = 4
    #: Country of the carrier.
    country: str = "IN"

    kind: ClassVar[str] = "carrier_nat"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers of one country; the exit changes from conversation to conversation."""
        networks = load_networks()
        people = recruit(stage, size.accounts, "consumer", country=self.country)
        lines = live(stage, people, size.rows)
        carrier = np.full(self.exits, networks.of("mobile", self.country)[0])
        return finish(stage, people, behind(stage, lines, carrier, by="session"))
