"""A popular application to which users bring their own key."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import ids, templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clients import fingerprint
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class PopularApp:
    """Unrelated people at home whose requests all begin with the application's fixed text and carry its user agent."""

    #: Name and version as the application sends them.
    agent: str = "NoteWeaver/3.2.1"
    #: What the application's text asks for, as in ``templates.Goal``; "reasoning" makes it a tutoring application.
    goal: templates.Goal = "plain"

    kind: ClassVar[str] = "popular_app"
    rate: ClassVar[float] = 0.7
    limits: ClassVar[tuple[int, int]] = (30, 1_000_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make consumers, each with a key."""
        people = make_accounts(context, size.accounts, "consumer").with_columns(
            **ONLY_API,
            plan=pl.lit("api"),
            payment_id=context.mint("pm", size.accounts),
            turns=pl.lit(1.6),
            output=pl.lit(6.6 if self.goal != "plain" else 5.6),
        )
        lines = make_traffic(context, people, size.rows)
        template = context.once("template", lambda: templates.wordings(context.rng, self.goal, "last", 1, 4)[0])
        lines = lines.with_columns(
            prompt=ids.concatenate([template.before, lines["prompt"]]),
            user_agent=pl.lit(self.agent),
            tls_fingerprint=pl.when(pl.col("tls_fingerprint").is_not_null()).then(pl.lit(fingerprint("electron", 2))),
        )
        return finish(context, people, lines)
