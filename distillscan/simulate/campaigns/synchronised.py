"""Accounts in step: batches distributed evenly, so that together they look like one load-balanced client."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.grader import grading_prompts
from distillscan.simulate.campaigns.pool import Evasion, add_cover_traffic, make_pool, make_requests
from distillscan.simulate.clock import HOUR, MINUTE, SECOND
from distillscan.simulate.outcome import finish
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Synchronised(Evasion):
    """Rubric grading and reasoning behind finished answers, in batches that start together on shared payments."""

    #: Number of templates.
    templates: int = 4
    #: Minutes within which all accounts of a batch have sent their request.
    step_minutes: float = 4.0

    kind: ClassVar[str] = "synchronised"
    rate: ClassVar[float] = 20.0
    limits: ClassVar[tuple[int, int]] = (25, 10_000)

    @by_time
    def build(self, context: Context, size: Size) -> Part:
        """Draw batches of one request per account at times common to all."""
        rng, count, rows = context.rng, size.accounts, size.rows
        people = make_pool(context, count, size.first, self)
        batches = -(-rows // count)
        latest = size.last - HOUR
        begins = np.sort(size.first + (rng.random(batches) * (latest - size.first)).astype(np.int64))
        person = np.concatenate([rng.permutation(count) for _ in range(batches)])[:rows]
        delay = (rng.random(rows) * self.step_minutes * MINUTE).astype(np.int64)
        noise = (rng.exponential(self.jitter * 60, rows) * SECOND).astype(np.int64)
        time = np.minimum(np.repeat(begins, count)[:rows] + delay + noise, size.last)
        when = pl.DataFrame(
            {"person": person, "session": np.arange(rows), "turn": np.zeros(rows, np.int64), "time": time}
        )
        lines = make_requests(context, people, when, self)
        lines = lines.with_columns(**grading_prompts(context, rows, self.templates, self))
        return finish(context, people, add_cover_traffic(context, lines, self))
