"""A translation product: one customer whose requests are in every language, from users all over the world."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_rows
from distillscan.simulate.grammar import LANGUAGES
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, domains, make_accounts
from distillscan.simulate.traffic import add_account_columns, draw_visits
from distillscan.simulate.world import Context, Part, Size
from distillscan.simulate.writer import INTERESTS


@dataclass(frozen=True, slots=True)
class TranslationProduct:
    """A paying company with one instruction and texts of its customers in every language, at all hours."""

    #: Number of the product's instructions.
    instructions: int = 2

    kind: ClassVar[str] = "translation_product"
    rate: ClassVar[float] = 300.0
    limits: ClassVar[tuple[int, int]] = (1, 3)

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Make service accounts of one organisation."""
        rng, writer, count = context.rng, context.world.writer, size.accounts
        people = context.once("people", lambda: _product(context, size))
        lines = add_account_columns(
            context, people, draw_visits(context, people, rng.multinomial(size.rows, np.full(count, 1 / count)))
        )
        rows = lines.height
        library = context.once("library", lambda: templates.wordings(rng, "plain", "system", self.instructions, 3))
        which = rng.integers(0, len(library), rows)
        said = writer.ordinary(
            rng,
            rng.integers(0, len(LANGUAGES), rows),
            np.full(rows, INTERESTS.index("write")),
            rng.integers(0, 2, rows),
        )
        return finish(context, people, lines.with_columns(**templates.fill_templates(library, which, said)))


def _product(context: Context, size: Size) -> pl.DataFrame:
    return make_accounts(context, size.accounts, "server", arrivals=0.0).with_columns(
        **ONLY_API,
        operator=pl.lit(context.name),
        org_id=pl.lit(context.mint_one("org")),
        payment_id=pl.lit(context.mint_one("pm")),
        email_domain=pl.lit(domains(context.rng, 1).item()),
        plan=pl.lit("enterprise"),
        last=pl.lit(size.last, pl.Int64),
    )
