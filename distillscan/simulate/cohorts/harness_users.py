"""Users of the public client harnesses: coding agents and chat front ends, one or several each."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.harnesses import MOST, load_harnesses
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class HarnessUsers:
    """Developers who have only the programs in common, with their user agents, fingerprints and system prompts."""

    #: Share of people who use more than one harness, another for each conversation.
    several: float = 0.3

    kind: ClassVar[str] = "harness_users"
    rate: ClassVar[float] = 1.0
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make ordinary developers, each with a key."""
        rng, count = context.rng, size.accounts
        people = make_accounts(context, count, "developer").with_columns(**ONLY_API, plan=pl.lit("api"))
        people = people.with_columns(payment_id=context.mint("pm", count))
        lines = make_traffic(context, people, size.rows, 0.1, 40)
        person, session = lines["person"].to_numpy(), lines["session"].to_numpy()
        sessions = int(session.max(initial=-1)) + 1
        weights = 1 / (np.arange(MOST) + 1.0)
        usual, other = (rng.choice(MOST, count, p=weights / weights.sum())[person] for _ in range(2))
        changes = (rng.random(count) < self.several)[person] & (rng.random(sessions) < 0.4)[session]
        used, known = np.where(changes, other, usual), load_harnesses(context.world)
        seen = pl.col("tls_fingerprint").is_not_null()
        lines = lines.with_columns(
            user_agent=known.agent.gather(used),
            system_prompt=known.system.gather(used),
            tls_fingerprint=pl.when(seen).then(known.tls.gather(used)),
        )
        return finish(context, people, lines)
