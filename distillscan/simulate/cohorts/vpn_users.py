"""Users of a commercial VPN or private relay."""

from dataclasses import dataclass
from typing import ClassVar

from distillscan.simulate.networks import load_networks
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import finish, live, locate
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
        addresses = networks.draw(rng, exits, 0.2)
        session = lines["session"].to_numpy()
        used = rng.integers(0, count, int(session.max(initial=-1)) + 1)[session]
        return finish(stage, people, lines.with_columns(**locate(exits[used], addresses.gather(used))))
