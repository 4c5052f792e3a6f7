"""Enthusiasts who move to a new model on its first day."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class EarlyAdopters:
    """Developers with nothing in common but curiosity."""

    #: Hours after the release within which they all have switched.
    within_hours: float = 20.0

    kind: ClassVar[str] = "early_adopters"
    rate: ClassVar[float] = 0.8
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make ordinary developers who turn to the new model at once."""
        rng, count = context.rng, size.accounts
        adopts = context.world.lineup.release_us + (rng.random(count) * self.within_hours * HOUR).astype(np.int64)
        people = make_accounts(context, count, "developer").with_columns(adopts=pl.Series(adopts))
        return finish(context, people, make_traffic(context, people, size.rows, 0.05))
