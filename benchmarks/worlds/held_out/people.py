"""Identities and requests of the innocents of a held-out log."""

from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.cohorts import COHORTS, MAILS, Habit, Shares
from benchmarks.worlds.held_out.prompts import speak
from benchmarks.worlds.held_out.scene import DAY, Scene, account_ids, heavy, hexes, places, visits
from benchmarks.worlds.held_out.words import mix, uniform
from benchmarks.worlds.text import Numbers, choose

#: Columns of an account that its rows repeat.
DECLARED: Final = ("account_id", "org_id", "payment_id", "email_domain", "account_type", "plan", "pathway")


def weighted(rng: np.random.Generator, choices: Shares, size: int) -> pl.Series:
    """Draw names with their shares."""
    weight = np.array([share for _, share in choices])
    names = pl.Series([name for name, _ in choices])
    return names.gather(rng.choice(len(choices), p=weight / weight.sum(), size=size))


def _groups(rng: np.random.Generator, habit: Habit, count: int) -> Numbers:
    """Number people's groups, of the cohort's size give or take a third."""
    if habit.group == 1:
        return np.arange(count)
    spread = rng.uniform(0.67, 1.33) if habit.group > 4 else 1.0
    return np.arange(count) // max(2, round(habit.group * spread))


def _created(scene: Scene, habit: Habit, group: Numbers) -> Numbers:
    """When accounts signed up, in seconds from the start of the log: mostly long before it."""
    rng, count = scene.rng, len(group)
    age = rng.exponential(220 * DAY, count)
    created = np.where(rng.random(count) < 0.8, -age, rng.random(count) * scene.end * 0.8)
    if habit.name == "hackathon":
        created = uniform(group, 5, scene.rows) * (scene.end - 3 * DAY) + rng.exponential(4_000, count)
    elif habit.name == "promo_signup":
        created = (0.2 + 0.4 * uniform(1, scene.rows)) * scene.end + rng.exponential(15_000, count)
    elif habit.tie == "org":
        # A rollout: most of the staff in the days after the contract, the others as they join.
        signed = (uniform(group, 9, scene.rows) - 0.75) * 60 * DAY
        created = np.minimum(signed + rng.exponential(5 * DAY, count), scene.end * 0.8)
    elif habit.name == "class":
        created = -uniform(group, 6, scene.rows) * 40 * DAY - rng.exponential(1_800, count)
    elif habit.name == "early_adopter":
        created = np.where(rng.random(count) < 0.4, scene.release + rng.exponential(20_000, count), created)
    return np.minimum(created, scene.end - DAY)


def _clients(scene: Scene, habit: Habit, count: int, leader: Numbers) -> Numbers:
    """A client program for each account; staff of one organisation mostly use the same."""
    if habit.client[0][0] == "one":
        # A hosted tool: whatever its users are, the requests leave from its servers, with one common program.
        return np.repeat(scene.clients.choose(scene.rng, (("node", 2.0), ("python", 1.0)), 1), count)
    client = scene.clients.choose(scene.rng, habit.client, count)
    if habit.tie == "org":
        client = np.where(scene.rng.random(count) < 0.7, client[leader], client)
    if habit.name == "company":
        boxed = scene.clients.behind(client)
        return np.where(leader % 2 == 0, boxed, client)
    if habit.client[0][0] in ("python", "node"):
        # Own builds of interpreters and libraries: a long tail of handshakes that nobody else has.
        rare = np.flatnonzero(scene.rng.random(count) < 0.1)
        client[rare] = [scene.clients.special(scene.rng) for _ in rare]
    if habit.name == "consumer_web":
        return np.where(scene.rng.random(count) < 0.02, scene.clients.behind(client), client)
    return client


def identities(scene: Scene, habit: Habit, count: int) -> pl.DataFrame:
    """Sign up people of a cohort: one row each, with all that stays the same for an account."""
    rng = scene.rng
    key, number = scene.keys(count), _groups(rng, habit, count)
    _, first, place = np.unique(number, return_index=True, return_inverse=True)
    leader = first[place]
    group = mix(key[0], number)
    frame = places(rng, count)
    isp = scene.network.homes(rng, frame["nation"].to_numpy())
    site_isp = isp[leader]
    if habit.tie:
        # One town for all of a group; at home colleagues have providers of their own.
        frame = frame[leader]
        isp = site_isp if habit.tie in ("family", "owner") else scene.network.homes(rng, frame["nation"].to_numpy())
        site_isp = isp[leader]
    pathway = weighted(rng, habit.pathway, count)
    together = habit.tie in ("org", "owner") or habit.name == "agency"
    at_work = rng.random(count) < (0.35 if habit.kind == "organization" else 0.06)
    own_domain = at_work | (habit.tie == "org") | (habit.kind == "education")
    columns: dict[str, Any] = {
        "key": key,
        "group": group,
        "house": group if habit.tie in ("family", "owner") else key,
        "site": group if habit.tie in ("org", "site") else key,
        "isp": isp,
        "site_isp": site_isp,
        "client": _clients(scene, habit, count, leader),
        "created": _created(scene, habit, group),
        "account_id": account_ids(key, pathway),
        "pathway": pathway,
        "plan": weighted(rng, habit.plans, count),
        "operator": hexes(group if together else key, 3),
        "org_id": hexes(mix(group, 1), 3),
        "payment_id": hexes(mix(group if habit.tie in ("org", "family") else key, 2), 4),
        "email_domain": weighted(rng, MAILS, count),
        "domain": hexes(mix(group if habit.tie else key, 3), 2),
        "own_domain": own_domain,
    }
    has_org = np.full(count, habit.tie == "org") | ((rng.random(count) < 0.7) & (habit.kind == "organization"))
    return frame.with_columns([pl.Series(name, values) for name, values in columns.items()]).with_columns(
        pl.lit(habit.kind).alias("account_type"),
        pl.lit(habit.name).alias("cohort"),
        pl.lit("").alias("campaign"),
        pl.when(pl.Series(has_org)).then("org_id").alias("org_id"),
        # What is bought in a phone's store has the store's name for a card.
        pl.when(pl.col("plan").is_in(["free", "promo"]))
        .then(None)
        .when(pl.lit(habit.name == "consumer_phone"))
        .then(pl.lit("app_store"))
        .otherwise("payment_id")
        .alias("payment_id"),
        pl.when("own_domain")
        .then(pl.format("{}.example", pl.col("domain")))
        .otherwise("email_domain")
        .alias("email_domain"),
    )


def addresses(scene: Scene, network: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Where requests come from: ``ip``, ``asn``, ``country`` for each row."""
    net, kind = scene.network, str(rows["cohort"][0])
    key, group, site = (rows[name].to_numpy() for name in ("key", "group", "site"))
    session, isp, house = (rows[name].to_numpy() for name in ("session", "isp", "house"))
    day = np.floor(rows["seconds"].to_numpy() / DAY).astype(np.int64)
    visit = mix(key, session)
    if network == "home":
        return net.home(isp, house, key, visit, day)
    if network == "mobile":
        return net.mobile(isp, key, day)
    if network == "office":
        away = uniform(visit, 91) < 0.15
        inside, outside = (
            net.office(rows["site_isp"].to_numpy(), site, key, visit, 2),
            net.home(isp, key, key, visit, day),
        )
        return pl.DataFrame({name: choose(away, outside[name], inside[name]) for name in inside.columns})
    if network == "vpn":
        return net.vpn(key, visit)
    if network == "private_relay":
        return net.private_relay(key, visit)
    if network == "platform":
        # Two hosting platforms, except for a tool or reseller, which is its own.
        number = group % np.uint64(2) if kind == "serverless" else np.full(len(rows), group[0])
        return net.platform(number, visit)
    if kind == "company_router":
        return net.server(group, mix(session) % np.uint64(3))
    machine = visit if network == "cloud" else mix(session) % (np.uint64(1) + mix(key, 5) % np.uint64(4))
    return net.server(key, machine)


def preferred(scene: Scene, habit: Habit, rows: pl.DataFrame) -> Numbers:
    """Which model each request asks for: people's habits, and their moves to new releases at their own time."""
    rng, key = scene.rng, rows["key"].to_numpy()
    seconds, app = rows["seconds"].to_numpy(), (rows["pathway"] == "app").to_numpy()
    roll = uniform(key, 101)
    edges = {
        "mixed": (0.28, 0.34, 0.72, 0.97),
        "large": (0.62, 0.80, 0.95, 1.0),
        "newest": (0.9, 0.95, 1.0, 1.0),
        "mini": (0.0, 0.0, 0.0, 1.0),
    }[habit.models]
    usual = np.array([0, 6, 2, 3, 5])[np.searchsorted(np.array(edges), roll, side="right")]
    # A second model for some requests: titles, sub-agents, second opinions.
    side = rng.random(len(key)) < 0.10
    model = np.where(side & (habit.models != "mini"), 3, usual)
    mean = {"newest": 0.25, "large": 1.5}.get(habit.models, 5.0) * DAY
    delay = -np.log(1 - uniform(key, 102)) * mean
    # In the web application the default moved, for whoever had not chosen.
    delay = np.where(app & (uniform(key, 103) < 0.55), 2 * 3600.0 + uniform(key, 104) * 3600, delay)
    stays = (uniform(key, 105) < (0.05 if habit.models == "newest" else 0.35)) & ~app
    after = (seconds > scene.release + delay) & ~stays & (rng.random(len(key)) < 0.9)
    after_mini = (seconds > scene.release_mini + delay * 1.5) & ~stays
    model = np.where((model == 0) & after, 1, model)
    return np.asarray(np.where((model == 3) & after_mini, 4, model))


def _passed_on(scene: Scene, habit: Habit, rows: pl.DataFrame, accounts: int) -> Numbers:
    """Which account sends each request, for the innocents whose conversations move between accounts of one owner."""
    who, turn, session = (rows[name].to_numpy() for name in ("who", "turn", "session"))
    if habit.name == "two_logins":
        moved = (turn >= 5) & (uniform(session, 3, scene.rows) < 0.35)
        return np.asarray(np.minimum(np.where(moved, who ^ 1, who), accounts - 1))
    if habit.name == "company_router":
        return np.asarray(scene.rng.integers(accounts, size=len(who)))
    return np.asarray(who)


def cohort_rows(scene: Scene, habit: Habit, accounts: int, requests: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts of one innocent cohort, and their requests."""
    rng = scene.rng
    people = identities(scene, habit, accounts)
    created = people["created"].to_numpy()
    first = np.maximum(created, 0.0)
    # Churn: a quarter comes late, a quarter leaves early.
    span = scene.end - first
    first = first + span * np.where(rng.random(accounts) < 0.25, rng.random(accounts) * 0.7, 0.0) * (created < 0)
    last = scene.end - (scene.end - first) * np.where(rng.random(accounts) < 0.25, rng.random(accounts), 0.0)
    if habit.name == "hackathon":
        last = np.minimum(first + 2.2 * DAY, scene.end)
    counts = heavy(rng, accounts, requests, habit.tail)
    zone = people["zone"].to_numpy()
    rhythm = "flat" if habit.rhythm == "cron" else habit.rhythm
    rows = visits(rng, counts, first, last, zone, rhythm=rhythm, burst=habit.burst, gap=habit.gap)
    if habit.rhythm == "cron":
        # At two in the night, UTC or local, give or take seconds: as everybody's scheduler does.
        offset = (rows["seconds"].to_numpy() % DAY) / DAY * 900 + 2 * 3600
        local = uniform(people["key"].to_numpy(), 7)[rows["who"].to_numpy()] < 0.5
        shift = np.where(local, zone[rows["who"].to_numpy()] * 3600.0, 0.0)
        rows = rows.with_columns(
            seconds=pl.Series(np.floor(rows["seconds"].to_numpy() / DAY) * DAY + (offset - shift) % DAY)
        )
    rows = rows.with_columns(pl.Series("who", _passed_on(scene, habit, rows, accounts)))
    rows = pl.concat([rows, people[rows["who"].to_numpy()]], how="horizontal")
    late = rows["seconds"].to_numpy() > uniform(rows["key"].to_numpy(), 31) * scene.end
    newer = scene.clients.upgraded(rows["client"].to_numpy(), late)
    rows = rows.with_columns(pl.Series("client", newer))
    spoken = speak(scene, habit.prompts, rows)
    model = preferred(scene, habit, rows)
    rows = pl.concat([rows, spoken, addresses(scene, habit.network, rows)], how="horizontal")
    return people, rows.with_columns(pl.Series("model_number", model))


def _unlucky(scene: Scene, rows: pl.DataFrame) -> pl.DataFrame:
    """Failures and what clients make of them: programs try again, with the same account, and abusers are banned."""
    rng = scene.rng
    failed = (rng.random(len(rows)) < 0.011) & (rows["pathway"] != "app").to_numpy()
    code = np.where(rng.random(len(rows)) < 0.75, 429, 529)
    again = rows.filter(pl.Series(failed)).with_columns(
        pl.col("seconds") + pl.Series(rng.uniform(0.5, 9, int(failed.sum()))), pl.lit(None, pl.Int64).alias("status")
    )
    first = rows.with_columns(pl.when(pl.Series(failed)).then(pl.Series(code)).otherwise(None).alias("status"))
    both = pl.concat([first, again.select(first.columns)])
    key = both["key"].to_numpy()
    banned = (both["cohort"] == "jailbreaker").to_numpy() & (uniform(key, 55) < 0.5)
    end = pl.Series(np.where(banned, uniform(key, 56) * scene.end, np.inf))
    late = pl.col("seconds") >= end
    kept = both.with_columns(pl.when(late).then(403).otherwise("status").alias("status"))
    return kept.filter(pl.col("seconds") < end + 4 * 3600)


def innocents(scene: Scene, requests: int, accounts: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All innocent cohorts, in the proportions of their table."""
    made = []
    scale = sum(h.requests for h in COHORTS)
    for habit in COHORTS:
        count = habit.fixed or max(2, round(habit.accounts * accounts))
        rows = max(count, round(habit.requests / scale * requests))
        made.append(cohort_rows(scene, habit, count, rows))
    return pl.concat([people for people, _ in made]), _unlucky(scene, pl.concat([rows for _, rows in made]))
