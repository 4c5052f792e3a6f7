"""An authorised reseller with many sub-accounts, declared as such."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clients import load_clients
from distillscan.simulate.networks import load_networks
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import NEVER, ONLY_API, make_accounts
from distillscan.simulate.traffic import make_traffic, route_through
from distillscan.simulate.world import Context, Part, Size


@dataclass(frozen=True, slots=True)
class Reseller:
    """One contract, one payer, one gateway, one organisation; behind it unrelated end customers."""

    #: Number of addresses of the gateway.
    gateways: int = 6

    kind: ClassVar[str] = "reseller"
    rate: ClassVar[float] = 1.5
    limits: ClassVar[tuple[int, int]] = (25, 50_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make sub-accounts of ``account_type`` reseller."""
        rng, networks, count = context.rng, load_networks(), size.accounts
        program = context.once("program", lambda: int(load_clients().pick(rng, "api", 1)[0]))
        people = make_accounts(context, count, "consumer", arrivals=0.3).with_columns(
            operator=pl.lit(context.name),
            org_id=pl.lit(context.once("org", lambda: context.mint_one("org"))),
            payment_id=pl.lit(context.once("payer", lambda: context.mint_one("pm"))),
            account_type=pl.lit("reseller"),
            plan=pl.lit("enterprise"),
            **ONLY_API,
            client_api=pl.lit(program, pl.Int64),
            upgrades=pl.lit(NEVER, pl.Int64),
        )
        lines = make_traffic(context, people, size.rows)
        hosts = context.once("hosts", lambda: np.full(self.gateways, rng.choice(networks.of("cloud"))))
        return finish(context, people, route_through(context, lines, hosts, by="request"))
