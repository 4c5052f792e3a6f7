"""How operators set up their accounts: guises, pools, and the machinery that spreads work over them."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.cohorts import MAILS, Shares
from benchmarks.worlds.held_out.people import weighted
from benchmarks.worlds.held_out.scene import DAY, Scene, account_ids, hexes, hours, places
from benchmarks.worlds.held_out.wording import Wording
from benchmarks.worlds.held_out.words import mix, uniform
from benchmarks.worlds.text import Numbers


@dataclass(frozen=True)
class Guise:
    """What an operator does against detection.

    ``network``: a few servers; a rented block with an address a request; consumers' addresses a request or (sticky) a
    conversation. ``hop``: requests go to any account, otherwise whole conversations do. ``programs``: how many client
    programs are claimed; the TLS stack is the relay's all the same. ``cover``: share of ordinary requests added.
    ``retries``: share of requests that fail and go to another account, word for word.
    """

    network: Literal["servers", "block", "residential", "sticky"] = "servers"
    wording: Wording = "fixed"
    own_cards: bool = False
    staggered: bool = False
    daily: bool = False
    hop: bool = True
    uneven: bool = False
    programs: int = 1
    free_mail: bool = False
    cover: float = 0.0
    retries: float = 0.03


PLAIN: Final = Guise()
RESIDENTIAL: Final = Guise("residential", "fixed", own_cards=True, staggered=True, free_mail=True)
REWORDED: Final = Guise("block", "reworded", own_cards=True, staggered=True, free_mail=True)
BOTH: Final = Guise(
    "sticky", "reworded", own_cards=True, staggered=True, daily=True, hop=False, uneven=True, programs=8,
    free_mail=True, cover=0.25, retries=0.005,
)  # fmt: skip


def random_guise(rng: np.random.Generator) -> Guise:
    """Any combination of evasions."""
    coin = rng.random(6) < 0.5
    return Guise(
        network=("servers", "block", "residential", "sticky")[int(rng.integers(4))],
        wording=("fixed", "few", "reworded")[int(rng.integers(3))],
        own_cards=bool(coin[0]),
        staggered=bool(coin[1]),
        daily=bool(coin[2]),
        hop=bool(coin[3]),
        uneven=bool(coin[3] and coin[4]),
        programs=int(rng.choice([1, 3, 8])),
        free_mail=bool(coin[5]),
        cover=float(rng.choice([0.0, 0.1, 0.25])),
        retries=float(rng.choice([0.005, 0.03])),
    )


def programs(scene: Scene, guise: Guise) -> Numbers:
    """The client programs a relay claims to be. Its own TLS stack is a common one or a rarity, by chance."""
    clients = scene.clients
    if guise.programs == 1:
        if scene.rng.random() < 0.5:
            return np.array([clients.special(scene.rng)])
        return clients.choose(scene.rng, (("go", 1.0),), 1)
    claimed = clients.choose(
        scene.rng, (("python", 2.0), ("node", 1.0), ("agent", 2.0), ("other", 1.0)), guise.programs
    )
    names = clients.columns(claimed)["user_agent"]
    # One library that imitates a browser's handshake, whatever program it says it is.
    stack = clients.columns(clients.choose(scene.rng, (("browser", 1.0), ("go", 1.0)), 1))["tls_fingerprint"][0]
    return np.array([clients.add(name, stack) for name in names])


def _signed_up(rng: np.random.Generator, guise: Guise, count: int, start: float) -> Numbers:
    if guise.staggered:
        return np.asarray(start - DAY * rng.uniform(0.5, 150, count))
    bursts = start - DAY * rng.uniform(1, 12, max(1, min(3, count // 12)))
    return np.asarray(bursts[rng.integers(len(bursts), size=count)] + rng.exponential(2_500, count) - 9_000)


@dataclass(frozen=True)
class Ring:
    """What all pools of one operator have in common: its guise, its relay's client programs, what it signs up as."""

    label: str
    guise: Guise
    relay: Numbers
    pathways: Shares
    kinds: Shares
    plans: Shares


def recruit(scene: Scene, ring: Ring, count: int, start: float) -> pl.DataFrame:
    """Sign up the accounts of a pool, which start work at ``start``: one row each."""
    rng, guise = scene.rng, ring.guise
    key = scene.keys(count)
    pathway = weighted(rng, ring.pathways, count)
    batch = np.arange(count) // int(rng.integers(5, 10))
    card = mix(key, 1) if guise.own_cards else mix(key[0], batch)
    throwaway = pl.Series([f"{hexes(key[:1] + np.uint64(i), 2)[0]}.example" for i in range(3)])
    mail = weighted(rng, MAILS, count) if guise.free_mail else throwaway.gather(rng.integers(3, size=count))
    # What goes through the web application is a scripted browser.
    browser = scene.clients.choose(rng, (("browser", 1.0),), 1)[0]
    client = np.where((pathway == "app").to_numpy(), browser, ring.relay[rng.integers(len(ring.relay), size=count)])
    return places(rng, count).with_columns(
        pl.Series("key", key),
        pl.Series("group", key),
        pl.Series("client", client),
        pl.Series("created", np.minimum(_signed_up(rng, guise, count, start), start - 600)),
        account_ids(key, pathway).alias("account_id"),
        pathway.alias("pathway"),
        weighted(rng, ring.plans, count).alias("plan"),
        weighted(rng, ring.kinds, count).alias("account_type"),
        pl.lit("campaign").alias("cohort"),
        pl.lit(ring.label).alias("campaign"),
        pl.lit(f"operator-{ring.label}").alias("operator"),
        pl.lit(None, pl.String).alias("org_id"),
        hexes(card, 4).alias("payment_id"),
        mail.alias("email_domain"),
    )


def feed(scene: Scene, guise: Guise, count: int, start: float, end: float) -> Numbers:
    """When a pipeline starts ``count`` tasks: around the clock or by its staff's day, with stops of all of it."""
    rng = scene.rng
    if guise.daily:
        day = np.floor(rng.uniform(start, end, count) / DAY)
        local = np.where(rng.random(count) < 0.7, hours(rng, "day", count), hours(rng, "flat", count))
        seconds = day * DAY + (local - 8) % 24 * 3600
        seconds = np.where((seconds < start) | (seconds > end), rng.uniform(start, end, count), seconds)
    else:
        seconds = rng.uniform(start, end, count)
    stops = max(1, int((end - start) / DAY / 3))
    for begin in rng.uniform(start, end, stops):
        until = begin + rng.uniform(1, 4) * 3600
        inside = (seconds >= begin) & (seconds < until)
        # What piles up during a stop is worked off after it.
        seconds = np.where(inside, until + rng.exponential(1_800, count), seconds)
    return np.asarray(seconds)


def conversations(scene: Scene, seconds: Numbers, turns: Numbers, gap: float) -> pl.DataFrame:
    """Requests of tasks that start at ``seconds`` and take ``turns``: ``session``, ``turn``, ``seconds``."""
    session = np.repeat(np.arange(len(turns)), turns)
    begin = (np.cumsum(turns) - turns)[session]
    turn = np.arange(len(session)) - begin
    pause = scene.rng.lognormal(np.log(gap), 0.6, len(session)) * (turn > 0)
    passed = np.cumsum(pause)
    return pl.DataFrame({"session": session, "turn": turn, "seconds": seconds[session] + passed - passed[begin]})


def dispatch(scene: Scene, guise: Guise, rows: pl.DataFrame, accounts: int) -> Numbers:
    """Which account of the pool takes each request: in turn, with a little disorder."""
    rng = scene.rng
    unit = np.arange(len(rows)) if guise.hop else rows["session"].to_numpy()
    first = pl.DataFrame({"unit": unit, "seconds": rows["seconds"]}).group_by("unit").agg(pl.col("seconds").min())
    order = first.sort("seconds", "unit")["unit"].to_numpy()
    if guise.uneven:
        weight = rng.lognormal(0, 0.5, accounts)
        taken = rng.choice(accounts, p=weight / weight.sum(), size=len(order))
    else:
        taken = (np.arange(len(order)) + rng.integers(0, max(2, accounts // 4), size=len(order))) % accounts
    place = np.empty(int(unit.max()) + 1, dtype=np.int64)
    place[order] = taken
    return np.asarray(place[unit])


def leave_from(scene: Scene, guise: Guise, pool: int, rows: pl.DataFrame, nations: Numbers) -> pl.DataFrame:
    """Addresses of a pool's requests: ``ip``, ``asn``, ``country``; ``nations`` are where rented consumers live."""
    request = mix(np.arange(len(rows)), pool)
    if guise.network == "servers":
        site = np.full(len(rows), mix(pool, 81)[0])
        return scene.network.server(site, request % np.uint64(6))
    if guise.network == "block":
        return scene.network.proxy_block(pool, request)
    if guise.network == "sticky":
        # The seller keeps an address for ten minutes or so.
        slot = (rows["seconds"].to_numpy() // 900).astype(np.int64)
        request = mix(rows["key"].to_numpy(), rows["session"].to_numpy(), slot)
    return scene.network.residential(pool, request, nations)


def retried(scene: Scene, rows: pl.DataFrame, accounts: int, share: float) -> pl.DataFrame:
    """Add retries: a task that failed goes to another account of the pool seconds later, word for word."""
    chosen = scene.rng.random(len(rows)) < share
    count = int(chosen.sum())
    again = rows.filter(pl.Series(chosen)).with_columns(
        pl.Series(
            "who", (rows["who"].to_numpy()[chosen] + scene.rng.integers(1, max(2, accounts), size=count)) % accounts
        ),
        (pl.col("seconds") + pl.Series(scene.rng.uniform(2, 40, count))).alias("seconds"),
        pl.lit(None, pl.Int64).alias("status"),
    )
    failed = pl.Series(np.where(chosen, np.where(uniform(np.arange(len(rows)), 3) < 0.7, 429, 529), 0))
    return pl.concat([rows.with_columns(pl.when(failed > 0).then(failed).otherwise("status").alias("status")), again])
