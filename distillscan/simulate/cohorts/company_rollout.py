"""A company that gives all its staff an account within days."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate import templates
from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import DAY
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import domains, make_accounts
from distillscan.simulate.traffic import make_traffic
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class CompanyRollout:
    """One organisation, one payer, one mail domain, one office address, everybody signed up in the same week."""

    #: Days over which the accounts are created.
    signup_days: float = 4.0
    #: Share of work done from home.
    home_office: float = 0.3
    #: Share of requests that come from a tool of the company, with the same instructions for everybody.
    tool: float = 0.0
    #: Whether the log names the organisation; otherwise only payer, mail domain and office address show it.
    declared: bool = True

    kind: ClassVar[str] = "company_rollout"
    rate: ClassVar[float] = 0.8
    limits: ClassVar[tuple[int, int]] = (25, 2_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make the employees of one company in one country."""
        rng, networks, count = context.rng, load_networks(), size.accounts
        people = make_accounts(context, count, "employee", country="DE", arrivals=0.0)
        joined = size.first + (rng.random(count) * self.signup_days * DAY).astype(np.int64)
        office = networks.of("office", "DE")[:1]
        at_desk = pl.Series(rng.random(count) >= self.home_office)
        people = people.with_columns(
            operator=pl.lit(context.name),
            org_id=pl.lit(context.once("org", lambda: context.mint_one("org")) if self.declared else None, pl.String),
            payment_id=pl.lit(context.once("payer", lambda: context.mint_one("pm"))),
            email_domain=pl.lit(context.once("domain", lambda: domains(rng, 1).item())),
            plan=pl.lit("enterprise"),
            account_type=pl.lit("business"),
            account_created_at=pl.Series(joined),
            first=pl.Series(joined),
            last=pl.lit(size.last, pl.Int64),
            office_ip=pl.when(at_desk).then(pl.lit(context.once("office", lambda: networks.draw(rng, office).item()))),
            office_net=pl.lit(office.item(), pl.Int64),
        )
        lines = make_traffic(context, people, size.rows)
        if self.tool:
            template = context.once("template", lambda: templates.wordings(rng, "plain", "system", 1, 6)[0])
            by_tool = pl.Series(rng.random(lines.height) < self.tool)
            lines = lines.with_columns(system_prompt=pl.when(by_tool).then(pl.lit(template.system)))
        return finish(context, people, lines)
