"""Users of a commercial VPN or private relay."""

from dataclasses import dataclass
from typing import ClassVar

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class VpnUsers:
    """Strangers who come from the same few exits, another one for each conversation."""

    #: Exit addresses per hundred accounts.
    exits: float = 8.0

    kind: ClassVar[str] = "vpn_users"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers whose every conversation has a random exit address."""
        rng, networks = context.rng, load_networks()
        people = make_accounts(context, size.accounts, "consumer")
        lines = make_traffic(context, people, size.rows)
        count = max(3, round(size.accounts * self.exits / 100))
        exits = rng.choice(networks.of("vpn"), count)
        return finish(context, people, route_through(context.apart(), lines, exits, by="session", v6_share=0.2))
