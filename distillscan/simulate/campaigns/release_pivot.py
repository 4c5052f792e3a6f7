"""A campaign on agentic coding that turns to a new model within a day of its release."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.pool import (
    Evasion,
    add_cover_traffic,
    draw_jobs,
    keeps_corpus_wording,
    make_pool,
    make_requests,
)
from distillscan.simulate.clock import HOUR
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import NEVER
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class ReleasePivot(Evasion):
    """Half of the traffic moves to the new model within 24 hours; the accounts share an agent's system prompt."""

    #: Share of the traffic that moves within the first 24 hours.
    moved: float = 0.5
    #: Hours over which the switch is rolled out.
    rollout_hours: float = 6.0

    kind: ClassVar[str] = "release_pivot"
    rate: ClassVar[float] = 30.0
    limits: ClassVar[tuple[int, int]] = (25, 20_000)

    @by_time
    def build(self, context: Context, size: Size) -> Part:
        """Make one pool with its own agent harness."""
        rng, world = context.rng, context.world
        people = make_pool(context, size.accounts, size.first, self).with_columns(adopts=pl.lit(NEVER, pl.Int64))
        lines = make_requests(context, people, draw_jobs(context, people, size.rows, size.first, size.last, self), self)
        wait = context.once("rollout", lambda: rng.random(people.height) * self.rollout_hours * HOUR)
        start = world.lineup.release_us + wait.astype(np.int64)
        time = lines["time"].to_numpy()
        # The rollout leaves the old model in use for some hours, so a little more than the share moves after it.
        moves = (time >= start[lines["person"].to_numpy()]) & (rng.random(lines.height) < min(1.0, self.moved * 1.1))
        lines = lines.with_columns(
            model=pl.when(pl.Series(moves)).then(pl.lit(world.lineup.released)).otherwise("model")
        )
        lines = lines.with_columns(**self._work(context, lines.height))
        return finish(context, people, add_cover_traffic(context, lines, self))

    def _work(self, context: Context, rows: int) -> dict[str, pl.Series]:
        rng, writer = context.rng, context.world.writer
        if writer.corpus is not None and keeps_corpus_wording(self):
            cards = writer.corpus.pipeline("codealpaca_batch", "oss_instruct", "self_instruct").draw(rng, rows)
            return {"prompt": cards["prompt"], "system_prompt": cards["system"]}
        library = context.once("library", lambda: self._library(context))
        which = rng.integers(0, len(library), rows)
        return templates.fill_templates(library, np.asarray(which), writer.ask(rng, rows, ("code",), self.language))

    def _library(self, context: Context) -> list[templates.Template]:
        return [
            *templates.wordings(context.rng, "synthesis", "system", self.paraphrase, 6, self.language),
            *templates.wordings(context.rng, "reasoning", "last", self.paraphrase, 3, self.language),
        ]
