"""Enthusiasts who move to a new model on its first day."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.clock import HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class EarlyAdopters:
    """Developers with nothing in common but curiosity."""

    #: Hours after the release within which they all have switched.
    within_hours: float = 20.0

    kind: ClassVar[str] = "early_adopters"
    rate: ClassVar[float] = 0.8
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Ordinary developers who adopt at once."""
        rng, count = stage.rng, size.accounts
        adopts = stage.world.lineup.release_us + (rng.random(count) * self.within_hours * HOUR).astype(np.int64)
        people = recruit(stage, count, "developer").with_columns(adopts=pl.Series(adopts))
        return finish(stage, people, live(stage, people, size.rows, 0.05))
