"""An evaluation team: a language model as judge, with rubrics, every night."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_rows
from distillscan.simulate.clock import DAY, rhythm
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.replies import feed_back_answers
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size

_ANSWERED: Final = "\n\nResponse:\n"


@dataclass(frozen=True, slots=True)
class EvalHarness:
    """A few accounts of one organisation that grade answers by rubric and try every new model on release day."""

    #: Number of rubrics.
    rubrics: int = 3
    #: Where the log holds answers: share of requests whose answers the team judges later.
    answers: float = 0.4

    kind: ClassVar[str] = "eval_harness"
    rate: ClassVar[float] = 12.0
    limits: ClassVar[tuple[int, int]] = (3, 6)

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Make service accounts with one payer that send question after question every night."""
        rng, writer = context.rng, context.world.writer
        people = context.once("people", lambda: _team(context, size))
        lines = make_traffic(context, people, size.rows)
        library = context.once(
            "rubrics", lambda: [templates.wordings(rng, "grading", "last", 1, 3)[0] for _ in range(self.rubrics)]
        )
        which = rng.integers(0, self.rubrics, lines.height)
        question = writer.ask(rng, lines.height)
        answer = writer.text(rng, "working", lines.height)
        if context.world.responses:
            return finish(context, people, self._judge(context, lines, library, question))
        columns = templates.fill_templates(library, which, ids.concatenate([question, _ANSWERED, answer]))
        return finish(context, people, lines.with_columns(**columns))

    def _judge(
        self, context: Context, lines: pl.DataFrame, library: list[templates.Template], question: pl.Series
    ) -> pl.DataFrame:
        """Prompts of a log that holds answers: one account of the team produces an answer, another judges it."""
        lines, taken = feed_back_answers(context, lines, self.answers)
        source = np.maximum(taken, 0)
        which = context.rng.integers(0, self.rubrics, lines.height)
        judged = templates.fill_templates(
            library, which, ids.concatenate([question.gather(source), _ANSWERED, lines["response"].gather(source)])
        )
        back = pl.Series(taken >= 0)
        return lines.with_columns(
            prompt=pl.when(back).then(judged["prompt"]).otherwise(question),
            system_prompt=pl.when(back).then(judged["system_prompt"]),
        )


def _team(context: Context, size: Size) -> pl.DataFrame:
    rng, count = context.rng, size.accounts
    return make_accounts(context, count, "server", arrivals=0.0).with_columns(
        operator=pl.lit(context.name),
        org_id=pl.lit(context.mint_one("org")),
        payment_id=pl.lit(context.mint_one("pm")),
        email_domain=pl.lit(domains(rng, 1).item()),
        rhythm=pl.lit(rhythm("nightly"), pl.Int64),
        last=pl.lit(size.last, pl.Int64),
        volume=pl.lit(1.0),
        plan=pl.lit("enterprise"),
        adopts=pl.Series(context.world.lineup.release_us + (rng.random(count) * DAY / 2).astype(np.int64)),
    )
