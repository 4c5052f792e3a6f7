"""A translation product: one account through which the whole world speaks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.grammar import LANGUAGES
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import ONLY_API, domains, recruit
from distillscan.simulate.traffic import dress, visits
from distillscan.simulate.world import Part, Size, Stage
from distillscan.simulate.writer import INTERESTS


@dataclass(frozen=True, slots=True)
class TranslationProduct:
    """A paying company with one instruction and texts of its customers in every language, at all hours."""

    #: Number of the product's instructions.
    instructions: int = 2

    kind: ClassVar[str] = "translation_product"
    rate: ClassVar[float] = 300.0
    limits: ClassVar[tuple[int, int]] = (1, 3)

    def build(self, stage: Stage, size: Size) -> Part:
        """Service accounts of one organisation."""
        rng, writer, count = stage.rng, stage.world.writer, size.accounts
        people = recruit(stage, count, "server", arrivals=0.0).with_columns(
            **ONLY_API,
            operator=pl.lit(stage.name),
            org_id=pl.lit(stage.mint_one("org")),
            payment_id=pl.lit(stage.mint_one("pm")),
            email_domain=pl.lit(domains(rng, 1).item()),
            plan=pl.lit("enterprise"),
            last=pl.lit(size.last, pl.Int64),
        )
        lines = dress(stage, people, visits(stage, people, rng.multinomial(size.rows, np.full(count, 1 / count))))
        rows = lines.height
        library = templates.wordings(rng, "plain", "system", self.instructions, 3)
        which = rng.integers(0, len(library), rows)
        said = writer.ordinary(
            rng,
            rng.integers(0, len(LANGUAGES), rows),
            np.full(rows, INTERESTS.index("write")),
            rng.integers(0, 2, rows),
        )
        return finish(stage, people, lines.with_columns(**templates.fill(library, which, said)))
