"""People on the road, with and without a VPN: another address, network and country every time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, set_addresses
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Travellers:
    """Unrelated people whose conversations come from hotels, hot spots, mobile networks and VPN exits."""

    #: Share of conversations held through a VPN.
    vpn: float = 0.3

    kind: ClassVar[str] = "travellers"
    rate: ClassVar[float] = 0.6
    limits: ClassVar[tuple[int, int]] = (25, 100_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers with a fresh address for every conversation."""
        rng, networks = context.rng, load_networks()
        people = make_accounts(context, size.accounts, "consumer")
        lines = make_traffic(context, people, size.rows)
        session = lines["session"].to_numpy()
        count = int(session.max(initial=-1)) + 1
        guests = np.concatenate([networks.of("home"), networks.of("mobile"), networks.of("office")])
        place = np.where(rng.random(count) < self.vpn, rng.choice(networks.of("vpn"), count), rng.choice(guests, count))
        addresses = networks.draw(rng, place, 0.2)
        return finish(context, people, set_addresses(lines, place[session], addresses.gather(session)))
