"""Users of a commercial VPN or private relay."""

from dataclasses import dataclass
from typing import ClassVar

from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import behind, live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class VpnUsers:
    """Strangers who come from the same few exits, another one for each conversation."""

    #: Exit addresses per hundred accounts.
    exits: float = 8.0

    kind: ClassVar[str] = "vpn_users"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers whose every conversation leaves through a random exit."""
        rng, networks = stage.rng, load_networks()
        people = recruit(stage, size.accounts, "consumer")
        lines = live(stage, people, size.rows)
        count = max(3, round(size.accounts * self.exits / 100))
        exits = rng.choice(networks.of("vpn"), count)
        return finish(stage, people, behind(stage, lines, exits, by="session", v6_share=0.2))
