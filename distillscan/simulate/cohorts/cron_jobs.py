"""Scheduled jobs of unrelated customers, all of which fire at the full hour."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.background import production_prompts
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import HOUR, SECOND
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import add_account_columns
from distillscan.simulate.world import Context, Part, Size

#: Hours between two runs of a job, and how common each is.
_EVERY: Final = ((1, 0.3), (3, 0.1), (6, 0.2), (12, 0.15), (24, 0.25))


@dataclass(frozen=True, slots=True)
class CronJobs:
    """Companies with an organisation, a payer and a template each, which have only the clock in common."""

    #: Typical delay after the hour, in seconds.
    delay_seconds: float = 6.0

    kind: ClassVar[str] = "cron_jobs"
    rate: ClassVar[float] = 4.0
    limits: ClassVar[tuple[int, int]] = (25, 5_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make one service account for each customer; a run sends one request or a few."""
        rng, count, rows = context.rng, size.accounts, size.rows
        people = make_accounts(context, count, "server", arrivals=0.0).with_columns(
            org_id=context.mint("org", count), email_domain=domains(rng, count), last=pl.lit(size.last, pl.Int64)
        )
        every = rng.choice([hours for hours, _ in _EVERY], count, p=[share for _, share in _EVERY])
        phase = (rng.random(count) * every).astype(np.int64)
        person = np.concatenate([np.arange(min(count, rows)), rng.integers(0, count, max(0, rows - count))])
        runs = np.maximum(1, ((size.last - size.first) // HOUR - phase) // every)
        run = (rng.random(rows) * runs[person]).astype(np.int64)
        hour = -(-size.first // HOUR) + phase[person] + run * every[person]
        time = hour * HOUR + (rng.exponential(self.delay_seconds, rows) * SECOND).astype(np.int64)
        when = pl.DataFrame(
            {"person": person, "session": np.arange(rows), "turn": np.zeros(rows, np.int64), "time": time}
        )
        lines = add_account_columns(context, people, when.with_columns(pl.col("time").clip(size.first, size.last)))
        return finish(context, people, lines.with_columns(**production_prompts(context, person, count)))
