"""A prompt that went viral: unrelated people all try it within days."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.clock import DAY
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import finish, live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class ViralPrompt:
    """Consumers who otherwise do what they always do; each sends the same text once."""

    #: Day (after the entry's start) on which the prompt is posted.
    posted_day: float = 6.0

    kind: ClassVar[str] = "viral_prompt"
    rate: ClassVar[float] = 0.25
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Each account's first conversation opener becomes the viral prompt, at its own time after the post."""
        rng, count = stage.rng, size.accounts
        people = recruit(stage, count, "consumer", arrivals=0.05)
        lines = live(stage, people, size.rows)
        text = str(stage.world.writer.text(rng, "viral", 1).item())
        heard = size.first + int(self.posted_day * DAY) + (rng.exponential(2.0, count) * DAY).astype(np.int64)
        heard = np.clip(heard, people["first"].to_numpy(), size.last)
        one = pl.Series(lines.select(pl.int_range(pl.len()).over("person") == 0).to_series())
        lines = lines.with_columns(
            prompt=pl.when(one).then(pl.lit(text)).otherwise("prompt"),
            time=pl.when(one).then(pl.Series(heard[lines["person"].to_numpy()])).otherwise("time"),
        )
        return finish(stage, people, lines)
