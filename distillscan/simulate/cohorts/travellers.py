"""People on the road, with and without a VPN: another address, network and country every time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import live, settle
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class Travellers:
    """Unrelated people whose conversations come from hotels, hot spots, mobile networks and VPN exits."""

    #: Share of conversations held through a VPN.
    vpn: float = 0.3

    kind: ClassVar[str] = "travellers"
    rate: ClassVar[float] = 0.6
    limits: ClassVar[tuple[int, int]] = (25, 100_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers with a fresh address for every conversation."""
        rng, networks = stage.rng, load_networks()
        people = recruit(stage, size.accounts, "consumer")
        lines = live(stage, people, size.rows)
        session = lines["session"].to_numpy()
        count = int(session.max(initial=-1)) + 1
        guests = np.concatenate([networks.of("home"), networks.of("mobile"), networks.of("office")])
        place = np.where(rng.random(count) < self.vpn, rng.choice(networks.of("vpn"), count), rng.choice(guests, count))
        addresses = networks.draw(rng, place, 0.2)
        return finish(stage, people, settle(lines, place[session], addresses.gather(session)))
