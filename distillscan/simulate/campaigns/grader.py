"""Captured reasoning sent back in to be cleaned, completed and graded."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_time
from distillscan.simulate.campaigns.pool import (
    Evasion,
    add_cover_traffic,
    draw_jobs,
    keeps_corpus_wording,
    make_pool,
    make_requests,
)
from distillscan.simulate.outcome import finish
from distillscan.simulate.replies import feed_back_answers
from distillscan.simulate.templates import Goal
from distillscan.simulate.world import Context, Ints, Part, Size

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

    @by_time
    def build(self, context: Context, size: Size) -> Part:
        """Make one pool; every request carries a piece of captured reasoning."""
        people = make_pool(context, size.accounts, size.first, self)
        lines = make_requests(context, people, draw_jobs(context, people, size.rows, size.first, size.last, self), self)
        if context.world.responses:
            lines, taken = feed_back_answers(context, lines, self.produced)
            lines = lines.with_columns(**_recycled(context, lines, taken, self))
        else:
            lines = lines.with_columns(**grading_prompts(context, size.rows, self.templates, self))
        return finish(context, people, add_cover_traffic(context, lines, self))


def grading_prompts(context: Context, rows: int, count: int, options: Evasion) -> dict[str, pl.Series]:
    """Return ``prompt`` and ``system_prompt`` of cleaning and grading; of a public pipeline if there is a corpus."""
    rng, writer = context.rng, context.world.writer
    if writer.corpus is not None and keeps_corpus_wording(options):
        cards = writer.corpus.pipeline(*_PIPELINES).draw(rng, rows)
        return {"prompt": cards["prompt"], "system_prompt": cards["system"]}
    library = context.once("library", lambda: _library(context, count, options))
    question = writer.ask(rng, rows, _SUBJECTS, options.language)
    written = "en" if options.language == "mixed" else options.language
    working = writer.text(rng, templates.symbol_name(written, "working"), rows)
    captured = ids.concatenate([question, "\n\n", working])
    return templates.fill_templates(library, np.asarray(rng.integers(0, len(library), rows)), captured)


def _library(context: Context, count: int, options: Evasion) -> list[templates.Template]:
    return [
        wording
        for at in range(count)
        for wording in templates.wordings(
            context.rng, _GOALS[at % 2], "last" if at % 3 else "first", options.paraphrase, 2, options.language
        )
    ]


def _recycled(context: Context, lines: pl.DataFrame, taken: Ints, options: Grader) -> dict[str, pl.Series]:
    """Prompts that ask for reasoning, and later ones that hold the answer of another account under its question."""
    rng, rows = context.rng, lines.height
    cleaning = context.once("library", lambda: _library(context, options.templates, options))
    asking = context.once(
        "asking", lambda: templates.wordings(rng, "reasoning", "last", options.paraphrase, 2, options.language)
    )
    question = context.world.writer.ask(rng, rows, _SUBJECTS, options.language)
    source = np.maximum(taken, 0)
    back = ids.concatenate([question.gather(source), "\n\n", lines["response"].gather(source)])
    slot = pl.select(pl.when(pl.Series(taken >= 0)).then(back).otherwise(question)).to_series()
    which = np.where(
        taken >= 0, rng.integers(0, len(cleaning), rows), len(cleaning) + rng.integers(0, len(asking), rows)
    )
    return templates.fill_templates(cleaning + asking, which, slot)
