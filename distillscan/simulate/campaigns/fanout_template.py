"""Many accounts, few prompt templates: the shape of the campaigns disclosed in February 2026."""

from dataclasses import dataclass
from typing import ClassVar, Final

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
from distillscan.simulate.outcome import finish
from distillscan.simulate.templates import Aim, Goal, Template, Where
from distillscan.simulate.world import Context, Part, Size

_PLACES: Final[tuple[Where, ...]] = ("last", "first", "system", "middle")
_MIXED: Final[tuple[Goal, ...]] = ("reasoning", "synthesis", "reasoning", "grading")
_PIPELINES: Final = ("self_instruct", "alpaca_selfinstruct_batch", "oss_instruct")


@dataclass(frozen=True, slots=True)
class FanoutTemplate(Evasion):
    """Hundreds of accounts fill the slots of a few templates on one narrow capability, through shared proxies."""

    #: Number of templates; they differ in where the slot is.
    templates: int = 4
    #: What the templates ask for; "mixed" is reasoning, synthesis and grading.
    goal: Aim = "mixed"

    kind: ClassVar[str] = "fanout_template"
    rate: ClassVar[float] = 26.0
    limits: ClassVar[tuple[int, int]] = (25, 30_000)

    @by_time
    def build(self, context: Context, size: Size) -> Part:
        """Make a pool of accounts that fill the slots of its templates."""
        people = make_pool(context, size.accounts, size.first, self)
        lines = make_requests(context, people, draw_jobs(context, people, size.rows, size.first, size.last, self), self)
        lines = lines.with_columns(**template_prompts(context, lines.height, self.templates, self, self.goal))
        return finish(context, people, add_cover_traffic(context, lines, self))


def template_prompts(
    context: Context, rows: int, count: int, options: Evasion, goal: Aim = "mixed"
) -> dict[str, pl.Series]:
    """Return ``prompt`` and ``system_prompt`` made from ``count`` templates, each in ``options.paraphrase`` wordings.

    With a corpus the prompts of a public pipeline are taken instead; they bring their own templates, so a campaign
    that rewords its templates or writes them in another language only takes the contents of the slots from it.
    """
    rng, writer = context.rng, context.world.writer
    if writer.corpus is not None and keeps_corpus_wording(options):
        name = context.once("pipeline", lambda: _PIPELINES[int(rng.integers(0, len(_PIPELINES)))])
        cards = writer.corpus.pipeline(name, *_PIPELINES).draw(rng, rows)
        return {"prompt": cards["prompt"], "system_prompt": cards["system"]}
    library = context.once("library", lambda: _library(context, count, options, goal))
    which = rng.integers(0, len(library), rows)
    interests = context.once("subject", lambda: ("code", "math") if rng.random() < 0.5 else ("explain", "data"))
    return templates.fill_templates(library, np.asarray(which), writer.ask(rng, rows, interests, options.language))


def _library(context: Context, count: int, options: Evasion, goal: Aim) -> list[Template]:
    library: list[Template] = []
    for at in range(count):
        place, aim = _PLACES[at % len(_PLACES)], _MIXED[at % len(_MIXED)] if goal == "mixed" else goal
        library += templates.wordings(context.rng, aim, place, options.paraphrase, 2, options.language)
    return library
