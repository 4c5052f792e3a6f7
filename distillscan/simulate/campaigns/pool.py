"""Account pools of campaigns: sign-up, payment, addresses, schedule, and what a campaign does to evade detection."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from distillscan.simulate.clients import CHANNELS, load_clients
from distillscan.simulate.clock import DAY, HOUR
from distillscan.simulate.networks import load_networks
from distillscan.simulate.people import NEVER, ONLY_API, domains, free_mail, make_accounts
from distillscan.simulate.templates import Tongue
from distillscan.simulate.traffic import add_account_columns, route_through, set_addresses
from distillscan.simulate.world import Context, Ints, Size

_ACCOUNTS_PER_WAVE: Final = 60
_WAVE_SPREAD: Final = 3 * HOUR
_LEAD_DAYS: Final = 9
_DOMAINS_PER_POOL: Final = 5
_ACCOUNTS_PER_CARD: Final = 8
_ACCOUNTS_PER_PROXY: Final = 5
#: Log of the typical output in tokens: whole reasoning is asked for.
_LONG_OUTPUT: Final = float(np.log(1_100))


@dataclass(frozen=True, slots=True)
class Evasion:
    """What every campaign can do to evade detection; by default nothing but some jitter."""

    #: A fresh consumer address for every request instead of a pool of data-centre proxies.
    residential: bool = False
    #: Only consumer addresses of the account's own country, as proxies with a choice of country sell them.
    own_country: bool = False
    #: One payment instrument for each account instead of shared cards.
    distinct_payments: bool = False
    #: Accounts created over a year instead of in waves just before the start.
    staggered: bool = False
    #: Free-mail addresses instead of a handful of catch-all domains.
    free_mail: bool = False
    #: Number of wordings of every template or instruction.
    paraphrase: int = 1
    #: Share of requests that are ordinary prompts, sent to look like a customer.
    cover: float = 0.0
    #: 0: jobs are dealt to accounts strictly in turn; 1: at random with unequal shares.
    jitter: float = 0.3
    #: How many different programs (user agent and TLS fingerprint) the accounts use.
    programs: int = 1
    #: Accounts of every type over every pathway (web, app, api, third-party cloud) instead of API accounts only.
    mixed_pathways: bool = False
    #: Language of templates and instructions; "mixed" takes all.
    language: Tongue = "en"


def make_pool(context: Context, count: int, start: int, options: Evasion) -> pl.DataFrame:
    """Return the accounts of a pool, the same in all blocks; their operator has the name of the campaign."""
    return context.once("pool", lambda: _make_pool(context, count, start, options))


def _make_pool(context: Context, count: int, start: int, options: Evasion) -> pl.DataFrame:
    rng, world = context.rng, context.world
    clients = load_clients()
    api = np.flatnonzero(clients.channel == CHANNELS.index("api"))
    used = rng.choice(api[: max(options.programs, 12)], options.programs, replace=False)
    program = used[rng.integers(0, used.size, count)]
    kinds = rng.choice(["individual", "education", "business"], count, p=[0.75, 0.12, 0.13])
    people = make_accounts(context, count, "developer").with_columns(
        operator=pl.lit(context.name),
        campaign=pl.lit(context.name),
        account_created_at=pl.Series(_created(context, count, start, options)),
        plan=pl.lit("api"),
        account_type=pl.Series(kinds),
        payment_id=_payments(context, count, options),
        email_domain=_mail(context, count, options),
        **ONLY_API,
        client_api=pl.Series(program),
        upgrades=pl.lit(NEVER, pl.Int64),
        model=pl.lit(world.lineup.models[0]),
        first=pl.lit(start, pl.Int64),
        output=pl.lit(_LONG_OUTPUT),
    )
    if not options.mixed_pathways:
        return people
    channel = rng.choice(len(CHANNELS), count, p=[0.3, 0.15, 0.4, 0.15])
    plan = pl.Series(["plus", "pro", "api", "enterprise"]).gather(channel)
    return people.with_columns(channel=pl.Series(channel), channel_b=pl.Series(channel), plan=plan)


def keeps_corpus_wording(options: Evasion) -> bool:
    """Return whether templates stay as a corpus has them: neither reworded nor in another language."""
    return options.paraphrase == 1 and options.language == "en"


def _created(context: Context, count: int, start: int, options: Evasion) -> Ints:
    rng = context.rng
    if options.staggered:
        return (start - DAY - rng.random(count) * 360 * DAY).astype(np.int64)
    waves = max(1, round(count / _ACCOUNTS_PER_WAVE))
    begins = start - DAY - (rng.random(waves) * _LEAD_DAYS * DAY).astype(np.int64)
    return begins[rng.integers(0, waves, count)] + (rng.random(count) * _WAVE_SPREAD).astype(np.int64)


def _payments(context: Context, count: int, options: Evasion) -> pl.Series:
    own = context.mint("pm", count)
    if options.distinct_payments:
        return own
    shared = context.shared("pm", count, _ACCOUNTS_PER_CARD)
    return pl.select(pl.when(pl.Series(context.rng.random(count) < 0.8)).then(shared).otherwise(own)).to_series()


def _mail(context: Context, count: int, options: Evasion) -> pl.Series:
    public = free_mail(context.rng, count)
    if options.free_mail:
        return public
    caught = domains(context.rng, _DOMAINS_PER_POOL).gather(context.rng.integers(0, _DOMAINS_PER_POOL, count))
    return pl.select(pl.when(pl.Series(context.rng.random(count) < 0.7)).then(caught).otherwise(public)).to_series()


def draw_jobs(
    context: Context, people: pl.DataFrame, rows: int, first: int, last: int, options: Evasion
) -> pl.DataFrame:
    """Return when each request of a pool happens: in runs of some hours around the clock, account after account.

    Columns as of ``traffic.draw_visits``; every request is a conversation. Each account gets at least one.
    """
    rng, count = context.rng, people.height
    hours = max(1, (last - first) // HOUR)
    busy = np.repeat(rng.random(hours // 6 + 1) < 0.8, 6)[:hours]
    busy[0] = True
    hour = rng.choice(np.flatnonzero(busy), rows)
    time = np.sort(np.minimum(first + hour * HOUR + (rng.random(rows) * HOUR).astype(np.int64), last))
    turns = [rng.permutation(count) for _ in range(rows // count + 1)]
    person = np.concatenate(turns)[:rows]
    weights = context.once("weights", lambda: rng.lognormal(0, 0.5, count))
    loose = rng.random(rows) < options.jitter
    loose[:count] = False
    person[loose] = rng.choice(count, int(loose.sum()), p=weights / weights.sum())
    return pl.DataFrame({"person": person, "session": np.arange(rows), "turn": np.zeros(rows, np.int64), "time": time})


def make_requests(context: Context, people: pl.DataFrame, when: pl.DataFrame, options: Evasion) -> pl.DataFrame:
    """Return requests of a pool without their prompts: through proxies, without devices and sessions."""
    rng, networks, rows = context.rng, load_networks(), when.height
    lines = add_account_columns(context, people, when)
    if options.residential:
        if options.own_country:
            homes = networks.pick(rng, "home", people["country"].gather(when["person"]))
        else:
            homes = rng.choice(networks.of("home"), rows)
        return set_addresses(lines, homes, networks.draw(rng, homes, 0.1))
    size = max(4, people.height // _ACCOUNTS_PER_PROXY)
    hosts = context.once("proxies", lambda: rng.choice(rng.choice(networks.of("cloud"), 3, replace=False), size))
    return route_through(context, lines, hosts, by="request")


def add_cover_traffic(context: Context, lines: pl.DataFrame, options: Evasion) -> pl.DataFrame:
    """Replace a share of the prompts by ordinary ones (cover traffic)."""
    rng, rows = context.rng, lines.height
    covered = rng.random(rows) < options.cover
    turn = np.zeros(rows, np.int64)
    ordinary = context.world.writer.ordinary(rng, lines["language"].to_numpy(), lines["interest"].to_numpy(), turn)
    mask = pl.Series(covered)
    return lines.with_columns(
        prompt=pl.when(mask).then(ordinary).otherwise("prompt"), system_prompt=pl.when(~mask).then("system_prompt")
    )


def ban(lines: pl.DataFrame, final: pl.Series) -> pl.DataFrame:
    """Let the marked requests get a 403; the others are answered as usual."""
    return lines.with_columns(status_code=pl.when(final).then(pl.lit(403, pl.Int64)))


def split_size(size: Size, share: float) -> tuple[Size, Size]:
    """Return two sizes that add up to one; the first has ``share`` of rows and accounts, each at least one account."""
    rows = round(size.rows * share)
    accounts = int(np.clip(round(size.accounts * share), 1, max(1, size.accounts - 1)))
    return (
        Size(rows, accounts, size.first, size.last),
        Size(size.rows - rows, size.accounts - accounts, size.first, size.last),
    )
