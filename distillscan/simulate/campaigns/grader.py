"""Captured reasoning sent back in to be cleaned, completed and graded."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.campaigns.pool import Evasion, connect, enlist, hide, jobs
from distillscan.simulate.outcome import finish
from distillscan.simulate.templates import Goal
from distillscan.simulate.world import Part, Size, Stage

_PIPELINES: Final = ("uf_critique", "uf_annotate_helpfulness", "ultrafeedback")


@dataclass(frozen=True, slots=True)
class Grader(Evasion):
    """A few hundred busy accounts over long texts: a question, its captured reasoning, and what to do with it."""

    #: Number of templates; cleaning and grading in turn.
    templates: int = 3

    kind: ClassVar[str] = "grader"
    rate: ClassVar[float] = 282.0
    limits: ClassVar[tuple[int, int]] = (25, 5_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """One pool, every request a piece of captured reasoning."""
        people = enlist(stage, size.accounts, size.first, self)
        lines = connect(stage, people, jobs(stage, people, size.rows, size.first, size.last, self), self)
        lines = lines.with_columns(**grading(stage, size.rows, self.templates, self.paraphrase))
        return finish(stage, people, hide(stage, lines, self))


def grading(stage: Stage, rows: int, count: int, paraphrase: int) -> dict[str, pl.Series]:
    """``prompt`` and ``system_prompt`` of cleaning and grading work; with a corpus a public annotation pipeline's."""
    rng, writer = stage.rng, stage.world.writer
    if writer.corpus is not None:
        cards = writer.corpus.pipeline(*_PIPELINES).draw(rng, rows)
        return {"prompt": cards["prompt"], "system_prompt": cards["system"]}
    goals: tuple[Goal, Goal] = ("cleaning", "grading")
    library = [
        wording
        for at in range(count)
        for wording in templates.wordings(rng, goals[at % 2], "last" if at % 3 else "first", paraphrase)
    ]
    question, working = writer.ask(rng, rows, ("math", "code", "explain")), writer.text(rng, "working", rows)
    captured = ids.join([question, "\n\n", working])
    return templates.fill(library, np.asarray(rng.integers(0, len(library), rows)), captured)
