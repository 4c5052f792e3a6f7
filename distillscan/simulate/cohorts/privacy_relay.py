"""Users of a privacy relay: a fresh egress address for every connection, out of a few shared networks."""

from dataclasses import dataclass
from typing import ClassVar

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic, set_addresses
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class PrivacyRelay:
    """Strangers whose operating system hides their address from everybody."""

    #: How many networks the relay leaves through, up to four.
    networks: int = 2
    #: Share of connections over IPv6, where a network has it.
    v6: float = 0.4

    kind: ClassVar[str] = "privacy_relay"
    rate: ClassVar[float] = 0.5
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers whose every request has a random address of the relay."""
        rng, networks = context.rng, load_networks()
        people = make_accounts(context, size.accounts, "consumer")
        lines = make_traffic(context, people, size.rows)
        egress = rng.choice(networks.of("vpn")[-self.networks :], lines.height)
        return finish(context, people, set_addresses(lines, egress, networks.draw(rng, egress, self.v6)))
