"""Captured reasoning sent back in to be cleaned, completed and graded."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.campaigns.pool import Evasion, connect, enlist, hide, jobs, own_words
from distillscan.simulate.outcome import finish
from distillscan.simulate.replies import send_back
from distillscan.simulate.templates import Goal
from distillscan.simulate.world import Ints, Part, Size, Stage

_PIPELINES: Final = ("uf_critique", "uf_annotate_helpfulness", "ultrafeedback")
_GOALS: Final[tuple[Goal, ...]] = ("cleaning", "grading")
_SUBJECTS: Final = ("math", "code", "explain")


@dataclass(frozen=True, slots=True)
class Grader(Evasion):
    """A few hundred busy accounts over long texts: a question, its captured reasoning, and what to do with it."""

    #: Number of templates; cleaning and grading in turn.
    templates: int = 3
    #: Where the log holds answers: share of requests whose answers other accounts of the pool send back in.
    produced: float = 0.35

    kind: ClassVar[str] = "grader"
    rate: ClassVar[float] = 282.0
    limits: ClassVar[tuple[int, int]] = (25, 5_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """One pool, every request a piece of captured reasoning."""
        people = enlist(stage, size.accounts, size.first, self)
        lines = connect(stage, people, jobs(stage, people, size.rows, size.first, size.last, self), self)
        if stage.world.responses:
            lines, taken = send_back(stage, lines, self.produced)
            lines = lines.with_columns(**_recycled(stage, lines, taken, self))
        else:
            lines = lines.with_columns(**grading(stage, size.rows, self.templates, self))
        return finish(stage, people, hide(stage, lines, self))


def grading(stage: Stage, rows: int, count: int, options: Evasion) -> dict[str, pl.Series]:
    """``prompt`` and ``system_prompt`` of cleaning and grading work; with a corpus a public annotation pipeline's."""
    rng, writer = stage.rng, stage.world.writer
    if writer.corpus is not None and own_words(options):
        cards = writer.corpus.pipeline(*_PIPELINES).draw(rng, rows)
        return {"prompt": cards["prompt"], "system_prompt": cards["system"]}
    library = _library(stage, count, options)
    question = writer.ask(rng, rows, _SUBJECTS, options.language)
    written = "en" if options.language == "mixed" else options.language
    working = writer.text(rng, templates.spoken(written, "working"), rows)
    captured = ids.join([question, "\n\n", working])
    return templates.fill(library, np.asarray(rng.integers(0, len(library), rows)), captured)


def _library(stage: Stage, count: int, options: Evasion) -> list[templates.Template]:
    return [
        wording
        for at in range(count)
        for wording in templates.wordings(
            stage.rng, _GOALS[at % 2], "last" if at % 3 else "first", options.paraphrase, 2, options.language
        )
    ]


def _recycled(stage: Stage, lines: pl.DataFrame, taken: Ints, options: Grader) -> dict[str, pl.Series]:
    """Prompts of a pool that feeds on itself: reasoning is asked for, then comes back under the question it answers."""
    rng, rows = stage.rng, lines.height
    cleaning = _library(stage, options.templates, options)
    asking = templates.wordings(rng, "reasoning", "last", options.paraphrase, 2, options.language)
    question = stage.world.writer.ask(rng, rows, _SUBJECTS, options.language)
    source = np.maximum(taken, 0)
    back = ids.join([question.gather(source), "\n\n", lines["response"].gather(source)])
    slot = pl.select(pl.when(pl.Series(taken >= 0)).then(back).otherwise(question)).to_series()
    which = np.where(
        taken >= 0, rng.integers(0, len(cleaning), rows), len(cleaning) + rng.integers(0, len(asking), rows)
    )
    return templates.fill(cleaning + asking, which, slot)
