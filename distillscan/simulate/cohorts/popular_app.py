"""A popular application to which users bring their own key."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.clients import fingerprint
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, recruit
from distillscan.simulate.traffic import live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class PopularApp:
    """Unrelated people at home whose requests all begin with the application's fixed text and carry its agent."""

    #: Name and version as the application sends them.
    agent: str = "NoteWeaver/3.2.1"
    #: What the application's text asks for, as in ``templates.Goal``; "reasoning" makes it a tutoring application.
    goal: templates.Goal = "plain"

    kind: ClassVar[str] = "popular_app"
    rate: ClassVar[float] = 0.7
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    def build(self, stage: Stage, size: Size) -> Part:
        """Consumers with a key of their own."""
        people = recruit(stage, size.accounts, "consumer").with_columns(
            **ONLY_API,
            plan=pl.lit("api"),
            payment_id=stage.mint("pm", size.accounts),
            turns=pl.lit(1.6),
            output=pl.lit(6.6 if self.goal != "plain" else 5.6),
        )
        lines = live(stage, people, size.rows)
        template = templates.wordings(stage.rng, self.goal, "last", 1, 4)[0]
        lines = lines.with_columns(
            prompt=ids.join([template.before, lines["prompt"]]),
            user_agent=pl.lit(self.agent),
            tls_fingerprint=pl.when(pl.col("tls_fingerprint").is_not_null()).then(pl.lit(fingerprint("electron", 2))),
        )
        return finish(stage, people, lines)
