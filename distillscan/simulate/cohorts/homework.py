"""Classes whose students paste the same assignment."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import ids
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY, HOUR, MINUTE
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import (
    add_account_columns,
    add_prompts,
    divide_rows,
    draw_visits,
    move_conversations,
    route_through,
)
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Homework:
    """Pupils at home; on the evenings before the deadline they all ask about the same text."""

    #: Students in a class.
    class_size: int = 30
    #: Share of conversations in which the assignment is pasted.
    pasted: float = 0.4
    #: A course instead of pupils at home: one school network, one mail domain, everybody signed up on its first days.
    classroom: bool = False

    kind: ClassVar[str] = "homework"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (30, 20_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make students, class by class, each with an account."""
        rng, world, count = context.rng, context.world, size.accounts
        people = make_accounts(context, count, "student", arrivals=0.05)
        people = self._enrol(context, people, size) if self.classroom else people
        classes = max(1, round(count / self.class_size))
        taught = rng.integers(0, classes, count)
        texts = world.writer.text(rng, "assignment", classes)
        due = size.first + (rng.random(classes) * max(DAY, size.last - size.first - 3 * DAY)).astype(np.int64) + 2 * DAY
        when = draw_visits(context, people, divide_rows(rng, people["volume"].to_numpy(), size.rows))
        person = when["person"].to_numpy()
        opens = (when["turn"].to_numpy() == 0) & (rng.random(when.height) < self.pasted)
        evening = due[taught[person]] - (rng.exponential(14, when.height) * HOUR).astype(np.int64)
        earliest = np.maximum(people["account_created_at"].to_numpy()[person] + MINUTE, world.first)
        when = move_conversations(context, when, opens, np.maximum(evening, earliest))
        lines = add_prompts(context, add_account_columns(context, people, when))
        pasted = ids.concatenate([texts.gather(taught[person]), "\n\n", lines["prompt"]])
        lines = lines.with_columns(prompt=pl.when(pl.Series(opens)).then(pasted).otherwise("prompt"))
        if self.classroom:
            lines = route_through(context, lines, load_networks().of("campus", "NL")[:1], by="request")
        return finish(context, people, lines)

    @staticmethod
    def _enrol(context: Context, people: pl.DataFrame, size: Size) -> pl.DataFrame:
        joined = pl.Series(size.first + (context.rng.random(people.height) * 3 * DAY).astype(np.int64))
        domain = context.once("domain", lambda: str(domains(context.rng, 1).item()))
        return people.with_columns(
            account_created_at=joined, first=joined, last=pl.lit(size.last, pl.Int64), email_domain=pl.lit(domain)
        )
