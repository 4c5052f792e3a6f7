"""A prompt that went viral: unrelated people all try it within days."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import add_account_columns, add_prompts, divide_rows, draw_visits, move_conversations
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class ViralPrompt:
    """Ordinary consumers who each send the same text once."""

    #: Day (after the entry's start) on which the prompt is posted.
    posted_day: float = 6.0

    kind: ClassVar[str] = "viral_prompt"
    rate: ClassVar[float] = 0.25
    limits: ClassVar[tuple[int, int]] = (40, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Let each account begin its first conversation with the viral prompt, some time after the post."""
        rng, count = context.rng, size.accounts
        people = make_accounts(context, count, "consumer", arrivals=0.05)
        when = draw_visits(context, people, divide_rows(rng, people["volume"].to_numpy(), size.rows))
        heard = size.first + int(self.posted_day * DAY) + (rng.exponential(2.0, count) * DAY).astype(np.int64)
        heard = np.clip(heard, people["first"].to_numpy(), size.last)
        one = when.select(pl.int_range(pl.len()).over("person") == 0).to_series()
        when = move_conversations(context, when, one.to_numpy(), heard[when["person"].to_numpy()])
        lines = add_prompts(context, add_account_columns(context, people, when))
        text = context.once("text", lambda: str(context.world.writer.text(rng, "viral", 1).item()))
        return finish(context, people, lines.with_columns(prompt=pl.when(one).then(pl.lit(text)).otherwise("prompt")))
