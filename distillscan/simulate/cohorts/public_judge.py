"""Unrelated customers who run the same published judge prompts over their own answers."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class PublicJudge:
    """Companies with an organisation, a payer and a cloud each; grading and comparing as a known benchmark does."""

    #: Number of published judge prompts; every customer uses one or two of them.
    prompts: int = 3

    kind: ClassVar[str] = "public_judge"
    rate: ClassVar[float] = 8.0
    limits: ClassVar[tuple[int, int]] = (8, 400)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make one service account for each customer."""
        rng, writer, count = context.rng, context.world.writer, size.accounts
        people = make_accounts(context, count, "server").with_columns(
            org_id=context.mint("org", count), email_domain=domains(rng, count), volume=pl.col("volume").sqrt()
        )
        lines = make_traffic(context, people, size.rows, 0.3)
        library = context.once("library", lambda: self._library(context))
        first = rng.integers(0, self.prompts, count)[lines["person"].to_numpy()]
        which = (first + (rng.random(lines.height) < 0.3)) % self.prompts
        pieces = [writer.ask(rng, lines.height), *(writer.text(rng, "working", lines.height) for _ in range(2))]
        slot = ids.concatenate([pieces[0], "\n\nResponse A:\n", pieces[1], "\n\nResponse B:\n", pieces[2]])
        return finish(context, people, lines.with_columns(**templates.fill_templates(library, which, slot)))

    def _library(self, context: Context) -> list[templates.Template]:
        goals: tuple[templates.Goal, templates.Goal] = ("grading", "comparison")
        return [templates.wordings(context.rng, goals[at % 2], "last", 1, 3)[0] for at in range(self.prompts)]
