"""People with two accounts, who try on the second what the first refused or was too busy for."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from distillscan.simulate.blocks import by_accounts
from distillscan.simulate.clock import MINUTE
from distillscan.simulate.outcome import finish
from distillscan.simulate.people import free_mail, make_accounts
from distillscan.simulate.traffic import add_account_columns, add_prompts, divide_rows, draw_visits
from distillscan.simulate.world import Context, Part, Size

_OWN: Final = ("operator", "country", "language", "offset", "home_net", "ip_a", "ip_b", "ip_c", "lease", "mobile_net")
_HABITS: Final = ("device_a", "device_b", "client_web", "client_app", "rhythm", "interest", "interest_b", "upgrades")


@dataclass(frozen=True, slots=True)
class SecondAccount:
    """A paid and a free account of one person: the same home and device, another payer and mail domain."""

    #: Share of requests that repeat on the second account what the first one sent.
    repeated: float = 0.15
    #: Share of the repeated requests whose first attempt got a 429.
    limited: float = 0.5

    kind: ClassVar[str] = "second_account"
    rate: ClassVar[float] = 0.4
    limits: ClassVar[tuple[int, int]] = (24, 100_000)

    @by_accounts
    def build(self, context: Context, size: Size) -> Part:
        """Make first accounts, then as many second ones of the same people, in the same order."""
        rng, half = context.rng, max(1, size.accounts // 2)
        people = make_accounts(context, half, "consumer", arrivals=0.0)
        twin = make_accounts(context, half, "consumer", arrivals=0.0).with_columns(
            *(people[name] for name in (*_OWN, *_HABITS)),
            plan=pl.lit("free"),
            payment_id=pl.lit(None, pl.String),
            email_domain=free_mail(rng, half),
        )
        people = pl.concat([people, twin]).with_columns(last=pl.lit(size.last, pl.Int64))
        extra = round(size.rows * self.repeated)
        when = draw_visits(context, people, divide_rows(rng, people["volume"].to_numpy(), size.rows - extra))
        tried = np.flatnonzero(when["person"].to_numpy() < half)
        source = rng.choice(tried, extra, replace=extra > tried.size)
        later = (rng.exponential(4, extra) * MINUTE).astype(np.int64) + MINUTE // 2
        again = when[source].with_columns(
            person=pl.col("person") + half,
            session=pl.Series(np.arange(extra)) + pl.lit(when["session"].max()) + 1,
            time=np.minimum(when["time"].to_numpy()[source] + later, size.last),
        )
        lines = add_prompts(context, add_account_columns(context, people, pl.concat([when, again])))
        origin = np.concatenate([np.arange(when.height), source])
        busy = np.zeros(lines.height, np.bool_)
        busy[source[rng.random(extra) < self.limited]] = True
        return finish(
            context,
            people,
            lines.with_columns(
                lines["prompt"].gather(origin), status_code=pl.when(pl.Series(busy)).then(pl.lit(429, pl.Int64))
            ),
        )
