"""A popular coding agent: one long system prompt from thousands of unrelated users."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clients import fingerprint
from distillscan.simulate.clock import DAY, HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import NEVER, ONLY_API, make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size
from distillscan.simulate.writer import INTERESTS


@dataclass(frozen=True, slots=True)
class CodingClient:
    """Users of one client: all their system prompts change on upgrade day, the default model on release day."""

    #: Size of the system prompt in bytes.
    system_bytes: int = 9_000
    #: Day of the log on which the next version comes out.
    upgrade_day: float = 10.0
    #: Share of users whose default model moves on release day.
    moved: float = 0.75

    kind: ClassVar[str] = "coding_client"
    rate: ClassVar[float] = 1.2
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make ordinary developers who have only the client in common."""
        rng, world = context.rng, context.world
        count = size.accounts
        people = make_accounts(context, count, "developer", arrivals=0.1)
        default = rng.random(count) < self.moved
        adopts = world.lineup.release_us + (rng.random(count) * 20 * HOUR).astype(np.int64)
        people = people.with_columns(
            **ONLY_API,
            model=pl.lit(world.lineup.models[0]),
            interest=pl.lit(INTERESTS.index("code"), pl.Int64),
            interest_b=pl.lit(INTERESTS.index("code"), pl.Int64),
            turns=pl.col("turns") * 3,
            plan=pl.Series(rng.choice(["plus", "pro", "api"], count, p=[0.4, 0.3, 0.3])),
            adopts=pl.when(pl.Series(default)).then(pl.Series(adopts)).otherwise(pl.lit(NEVER, pl.Int64)),
        )
        lines = make_traffic(context, people, size.rows, 0.05, 40)
        moment = world.day(self.upgrade_day) + (rng.exponential(0.6, count) * DAY).astype(np.int64)
        newer = pl.Series(lines["time"].to_numpy() >= moment[lines["person"].to_numpy()])
        versions = context.once("versions", lambda: self._versions(context))
        lines = lines.with_columns(
            system_prompt=versions.gather(newer.cast(pl.UInt32)),  # refers to two texts instead of copying them
            user_agent=pl.when(newer).then(pl.lit("forge-cli/2.5.0 (cli)")).otherwise(pl.lit("forge-cli/2.4.3 (cli)")),
            tls_fingerprint=pl.when(pl.col("tls_fingerprint").is_not_null()).then(pl.lit(fingerprint("node", 7))),
        )
        return finish(context, people, lines)

    def _versions(self, context: Context) -> pl.Series:
        first, other = (context.world.writer.agent_prompt(context.rng, self.system_bytes) for _ in range(2))
        return pl.Series([first, _revise(first, other)])


def _revise(text: str, other: str) -> str:
    """The next version of a prompt: the same text with its last fifth rewritten."""
    keep = len(text) * 4 // 5
    return text[:keep] + other[keep:]
