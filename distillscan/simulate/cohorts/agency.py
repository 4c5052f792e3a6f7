"""An agency that runs an account for each of its clients."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_rows
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


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

    @by_rows
    def build(self, context: Context, size: Size) -> Part:
        """Make the accounts of one declared operator: they share the organisation."""
        rng = context.rng
        people = context.once("people", lambda: self._clients(context, size.accounts))
        lines = make_traffic(context, people, size.rows)
        house = context.once("house", lambda: templates.private_templates(rng, self.templates))
        which = rng.integers(0, self.templates, lines.height)
        filled = templates.fill_templates(house, which, lines["prompt"])
        used = pl.Series(rng.random(lines.height) < self.templated)
        lines = lines.with_columns(
            prompt=pl.when(used).then(filled["prompt"]).otherwise("prompt"),
            system_prompt=pl.when(used).then(filled["system_prompt"]),
        )
        office = load_networks().of("office", "US")[1:2]
        return finish(context, people, route_through(context, lines, office, by="request"))

    def _clients(self, context: Context, count: int) -> pl.DataFrame:
        return make_accounts(context, count, "employee", country="US", arrivals=0.1).with_columns(
            operator=pl.lit(context.name),
            org_id=pl.lit(context.mint_one("org") if self.declared else None, pl.String),
            payment_id=pl.lit(context.mint_one("pm")),
            email_domain=domains(context.rng, count),
            plan=pl.lit("team"),
        )
