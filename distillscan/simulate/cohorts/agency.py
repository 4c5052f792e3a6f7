"""An agency that runs an account for each of its clients."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, recruit
from distillscan.simulate.traffic import behind, live
from distillscan.simulate.world import Part, Size, Stage


@dataclass(frozen=True, slots=True)
class Agency:
    """One office, one payer, one set of house templates, some forty accounts named after clients; one organisation."""

    #: Share of requests that use a house template.
    templated: float = 0.5
    #: Number of house templates.
    templates: int = 6
    #: Whether the log knows the organisation.
    declared: bool = True

    kind: ClassVar[str] = "agency"
    rate: ClassVar[float] = 0.8
    limits: ClassVar[tuple[int, int]] = (40, 40)

    def build(self, stage: Stage, size: Size) -> Part:
        """Accounts of one operator, openly so: they share the organisation."""
        rng, count = stage.rng, size.accounts
        people = recruit(stage, count, "employee", country="US", arrivals=0.1).with_columns(
            operator=pl.lit(stage.name),
            org_id=pl.lit(stage.mint_one("org") if self.declared else None, pl.String),
            payment_id=pl.lit(stage.mint_one("pm")),
            email_domain=domains(rng, count),
            plan=pl.lit("team"),
        )
        lines = live(stage, people, size.rows)
        house = templates.private(rng, self.templates)
        which = rng.integers(0, self.templates, lines.height)
        filled = templates.fill(house, which, lines["prompt"])
        used = pl.Series(rng.random(lines.height) < self.templated)
        lines = lines.with_columns(
            prompt=pl.when(used).then(filled["prompt"]).otherwise("prompt"),
            system_prompt=pl.when(used).then(filled["system_prompt"]),
        )
        office = load_networks().of("office", "US")[1:2]
        return finish(stage, people, behind(stage, lines, office, by="request"))
