"""End users behind a pool: their conversations, and how a relay distributes them over its accounts."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from distillscan.simulate.campaigns.pool import Evasion
from distillscan.simulate.clients import CHANNELS, load_clients
from distillscan.simulate.grammar import LANGUAGES
from distillscan.simulate.harnesses import MOST, load_harnesses
from distillscan.simulate.people import make_accounts
from distillscan.simulate.replies import add_responses
from distillscan.simulate.traffic import draw_visits, prepend_history
from distillscan.simulate.world import Context, Ints, Size

#: Exponent of the popularity of harnesses: the k-th is used in proportion to k to the power of minus this.
_ZIPF: Final = 0.8


@dataclass(frozen=True, slots=True)
class RelayOptions(Evasion):
    """Options of campaigns that pass on the requests of other people."""

    #: End users behind each account.
    users_per_account: float = 6.0
    #: How many languages the end users speak, up to seven.
    languages: int = len(LANGUAGES)
    #: How many client harnesses (coding agents, chat front ends) the end users come with, up to six; 0: plain chats.
    harnesses: int = 0
    #: Share of end users who use one of the harnesses.
    equipped: float = 0.6
    #: Share of conversations that keep to one account (load balancers often make them sticky).
    sticky: float = 0.3
    #: Whether the requests are logged whole, so that the prompt holds the conversation so far.
    whole: bool = True
    #: Whether the user agent is that of the relay's own HTTP library or the end user's, passed on.
    agents: Literal["unified", "passed"] = "unified"


def draw_conversations(context: Context, accounts: int, size: Size, options: RelayOptions) -> pl.DataFrame:
    """Return the conversations of end users as visits, in order of turn within each conversation.

    ``person`` is the end user. Beside the columns of ``traffic.draw_visits`` each request has its ``prompt``,
    ``system_prompt`` and the user agent of the end user's program, ``program``; and ``response`` if the log holds it.
    """
    rng, world = context.rng, context.world
    count = max(2, round(accounts * options.users_per_account / size.blocks))
    users = make_accounts(context, count, "consumer", arrivals=0.0)
    users = users.with_columns(
        first=pl.lit(size.first, pl.Int64),
        last=pl.lit(size.last, pl.Int64),
        language=pl.col("language") % max(1, min(options.languages, len(LANGUAGES))),
    )
    counts = rng.multinomial(size.rows, np.full(count, 1 / count))
    when = draw_visits(context, users, counts)
    talker = when["person"].to_numpy()
    said = world.writer.ordinary(
        rng, users["language"].to_numpy()[talker], users["interest"].to_numpy()[talker], when["turn"].to_numpy()
    )
    lines = add_responses(context, when.with_columns(prompt=said, language=users["language"].gather(talker)))
    lines = prepend_history(lines, np.full(size.rows, options.whole)).drop("language")
    return lines.with_columns(**_programs(context, users, talker, options))


def _programs(context: Context, users: pl.DataFrame, talker: Ints, options: RelayOptions) -> dict[str, pl.Series]:
    """System prompt and user agent of each end user's program: a browser, an app, or a harness."""
    rng, clients, count = context.rng, load_clients(), users.height
    client = np.where(
        users["channel"].to_numpy() == CHANNELS.index("app"), users["client_app"], users["client_web"]
    )  # fmt: skip
    agent, system = clients.agent.gather(client), pl.Series([None] * count, dtype=pl.String)
    if number := min(options.harnesses, MOST):
        known = load_harnesses(context.world)
        weights = 1 / (np.arange(number) + 1.0) ** _ZIPF
        chosen = rng.choice(number, count, p=weights / weights.sum())
        has = pl.Series(rng.random(count) < options.equipped)
        agent = pl.select(pl.when(has).then(known.agent.gather(chosen)).otherwise(agent)).to_series()
        system = pl.select(pl.when(has).then(known.system.gather(chosen))).to_series()
    return {"program": agent.gather(talker), "system_prompt": system.gather(talker)}


def assign_accounts(rng: np.random.Generator, session: Ints, count: int, sticky: float) -> Ints:
    """Return which of ``count`` accounts (or seats) each request goes to; a share of conversations keep to one.

    Each account gets at least one request as long as there are enough.
    """
    rows, sessions = session.size, int(session.max(initial=-1)) + 1
    own = rng.integers(0, count, sessions)[session]
    dealt = np.where((rng.random(sessions) < sticky)[session], own, rng.integers(0, count, rows))
    least = min(count, rows)
    dealt[rng.choice(rows, least, replace=False)] = rng.permutation(count)[:least]
    return dealt


def pass_on_user_agents(lines: pl.DataFrame, options: RelayOptions) -> pl.DataFrame:
    """Show the end users' user agents if the relay passes them on; the TLS fingerprint is always the relay's."""
    if options.agents == "unified":
        return lines
    return lines.with_columns(user_agent=pl.coalesce("program", "user_agent"))
