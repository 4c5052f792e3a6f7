"""One production account with one template and a huge volume."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_rows
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import make_accounts
from distillscan.simulate.traffic import add_account_columns, draw_visits
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class ProductionGiant:
    """A single paying client that classifies documents day and night."""

    #: What the template asks for, as in ``templates.Goal``.
    goal: templates.Goal = "plain"

    kind: ClassVar[str] = "production_giant"
    rate: ClassVar[float] = 1_000.0
    limits: ClassVar[tuple[int, int]] = (1, 1)

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Make one account with one template and one place."""
        rng, writer = context.rng, context.world.writer
        people = context.once("people", lambda: make_accounts(context, size.accounts, "server", arrivals=0.0))
        people = people.with_columns(last=pl.lit(size.last, pl.Int64))
        counts = np.full(size.accounts, size.rows // size.accounts)
        counts[0] += size.rows - int(counts.sum())
        lines = add_account_columns(context, people, draw_visits(context, people, counts))
        template = context.once("template", lambda: templates.wordings(rng, self.goal, "last", 1, 3))
        slot = writer.text(rng, "article", lines.height)
        return finish(
            context,
            people,
            lines.with_columns(**templates.fill_templates(template, np.zeros(lines.height, np.int64), slot)),
        )
