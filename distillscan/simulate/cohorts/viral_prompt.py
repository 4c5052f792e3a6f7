"""A prompt that went viral: unrelated people all try it within days."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.clock import DAY
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import recruit
from distillscan.simulate.traffic import converse, dress, reschedule, share_out, visits
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
        when = visits(stage, people, share_out(rng, people["volume"].to_numpy(), size.rows))
        heard = size.first + int(self.posted_day * DAY) + (rng.exponential(2.0, count) * DAY).astype(np.int64)
        heard = np.clip(heard, people["first"].to_numpy(), size.last)
        one = when.select(pl.int_range(pl.len()).over("person") == 0).to_series()
        when = reschedule(stage, when, one.to_numpy(), heard[when["person"].to_numpy()])
        lines = converse(stage, dress(stage, people, when))
        text = str(stage.world.writer.text(rng, "viral", 1).item())
        return finish(stage, people, lines.with_columns(prompt=pl.when(one).then(pl.lit(text)).otherwise("prompt")))
