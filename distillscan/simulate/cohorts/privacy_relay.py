"""Users of a privacy relay: a fresh egress address for every connection, out of a few shared networks."""

from dataclasses import dataclass
from typing import ClassVar

from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import live, settle
from distillscan.simulate.world import Part, Size, Stage


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

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers whose every request leaves through a random address of the relay."""
        rng, networks = stage.rng, load_networks()
        people = recruit(stage, size.accounts, "consumer")
        lines = live(stage, people, size.rows)
        egress = rng.choice(networks.of("vpn")[-self.networks :], lines.height)
        return finish(stage, people, settle(lines, egress, networks.draw(rng, egress, self.v6)))
