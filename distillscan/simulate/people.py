"""Accounts: who they are, where and when they work, and with what; one row each in the people table."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.simulate.clients import CHANNELS, Channel, load_clients
from distillscan.simulate.clock import DAY, HOUR, rhythm
from distillscan.simulate.grammar import LANGUAGES
from distillscan.simulate.networks import NetworkKind, load_networks
from distillscan.simulate.world import Context, Ints, Lineup
from distillscan.simulate.writer import INTERESTS

_FREE_MAIL: Final = (
    ("gmail.com", 52), ("outlook.com", 12), ("hotmail.com", 7), ("icloud.com", 7), ("yahoo.com", 7), ("qq.com", 4),
    ("163.com", 2), ("proton.me", 2), ("gmx.de", 2), ("web.de", 1), ("mail.ru", 1), ("yandex.ru", 1), ("naver.com", 1),
    ("orange.fr", 1), ("live.com", 1), ("aol.com", 0.5), ("fastmail.com", 0.5), ("duck.com", 0.5),
)  # fmt: skip
_SYLLABLES: Final = (
    "nor",
    "vel",
    "tan",
    "bri",
    "mar",
    "kel",
    "so",
    "lu",
    "dex",
    "or",
    "pin",
    "gra",
    "fi",
    "mon",
    "ta",
    "zen",
)
_ENDINGS: Final = (".com", ".io", ".net", ".de", ".co", ".ai", ".org", ".fr", ".in", ".com.br", ".jp", ".dev")
#: For accounts that use nothing but a program of their own.
ONLY_API: Final = {
    "channel": pl.lit(CHANNELS.index("api"), pl.Int64),
    "channel_b": pl.lit(CHANNELS.index("api"), pl.Int64),
    "channel_share": pl.lit(0.0),
}
#: Later than any log: the account never moves to the new model.
NEVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of ordinary accounts: the shares and typical values from which an account is drawn."""

    volume: float
    spread: float
    turns: float
    rhythms: tuple[str, ...]
    channels: tuple[tuple[Channel, Channel, float], ...]
    plans: tuple[tuple[str, float], ...]
    account_type: str
    interests: tuple[str, ...]
    home: NetworkKind = "home"
    mobile: float = 0.0
    company_mail: float = 0.0
    #: Share of accounts whose programs are logged with the whole conversation in every request.
    whole: float = 0.0
    #: Typical output in tokens.
    output: float = 270.0


SEGMENTS: Final = {
    "consumer": Segment(
        6, 1.3, 4.0, ("home", "home", "home", "night", "student"),
        (("web", "app", 0.2), ("app", "web", 0.25), ("web", "web", 0.0)),
        (("free", 0.62), ("plus", 0.33), ("pro", 0.05)), "individual",
        ("write", "explain", "life", "words", "code", "math", "life", "write"), mobile=0.3, company_mail=0.03,
    ),
    "student": Segment(
        9, 1.1, 4.5, ("student",), (("web", "app", 0.3), ("app", "web", 0.3)), (("free", 0.75), ("plus", 0.25)),
        "education", ("explain", "math", "write", "code", "words"), mobile=0.35,
    ),
    "employee": Segment(
        14, 1.1, 4.0, ("office",), (("web", "app", 0.1), ("web", "api", 0.15)), (("team", 0.7), ("enterprise", 0.3)),
        "business", ("business_talk", "write", "data", "code", "words"), mobile=0.1, company_mail=1.0,
    ),
    "developer": Segment(
        20, 1.5, 3.0, ("office", "home", "night", "student"),
        (("api", "web", 0.3), ("api", "api", 0.0), ("web", "api", 0.3), ("cloud", "web", 0.2)),
        (("api", 0.7), ("plus", 0.2), ("free", 0.1)), "individual",
        ("code", "code", "data", "explain", "write"), mobile=0.05, company_mail=0.35, whole=0.5, output=450,
    ),
    "server": Segment(
        150, 1.7, 1.0, ("always", "office", "home", "nightly", "always"),
        (("api", "api", 0.0), ("api", "api", 0.0), ("cloud", "cloud", 0.0)), (("api", 0.8), ("enterprise", 0.2)),
        "business", ("data",), home="cloud", company_mail=0.8, output=90,
    ),
}  # fmt: skip


@cache
def _countries() -> dict[str, dict[str, Any]]:
    text = (resources.files("distillscan.simulate.words") / "countries.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def domains(rng: np.random.Generator, count: int) -> pl.Series:
    """Draw mail domains of companies; of thousands, two may be the same, unlike real ones."""
    parts = rng.integers(0, len(_SYLLABLES), (4, count))
    ending = rng.integers(0, len(_ENDINGS), count)
    names = ["".join(_SYLLABLES[at] for at in row) for row in parts.T]
    return pl.Series([name + _ENDINGS[at] for name, at in zip(names, ending, strict=True)], dtype=pl.String)


def free_mail(rng: np.random.Generator, count: int) -> pl.Series:
    """Draw free-mail domains by popularity."""
    weights = np.array([weight for _, weight in _FREE_MAIL])
    return pl.Series([name for name, _ in _FREE_MAIL]).gather(
        rng.choice(weights.size, count, p=weights / weights.sum())
    )


def _choose(rng: np.random.Generator, options: tuple[Any, ...], count: int) -> npt.NDArray[np.int64]:
    return rng.integers(0, len(options), count)


def _homes(rng: np.random.Generator, count: int, country: str | None) -> pl.DataFrame:
    """Country, language and time zone per account."""
    table = _countries()
    names = list(table)
    weights = np.array([table[name]["weight"] for name in names])
    chosen = (
        rng.choice(len(names), count, p=weights / weights.sum())
        if country is None
        else np.full(count, names.index(country))
    )
    tongue, offset = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for at, name in enumerate(names):
        rows = np.flatnonzero(chosen == at)
        languages = table[name]["languages"]
        shares = np.array(list(languages.values()))
        spoken = np.array([LANGUAGES.index(language) for language in languages])
        tongue[rows] = rng.choice(spoken, rows.size, p=shares / shares.sum())
        offset[rows] = rng.choice(table[name]["offsets"], rows.size)
    return pl.DataFrame({"country": pl.Series(names).gather(chosen), "language": tongue, "offset": offset})


def draw_creation_times(rng: np.random.Generator, last: int, first: int, arrivals: float, count: int) -> Ints:
    """Draw creation times: a share ``arrivals`` inside the log, the others over two years before it, mostly late."""
    age = np.sqrt(rng.random(count)) * 730 * DAY
    old = first - 730 * DAY + age
    new = first + rng.random(count) * (last - first) * 0.97
    return np.where(rng.random(count) < arrivals, new, old).astype(np.int64)


def draw_adoption_times(
    rng: np.random.Generator, lineup: Lineup, count: int, early: float = 0.04, later: float = 0.32
) -> Ints:
    """Draw when each account turns to the new model: a few within a day, some over the weeks after, most never."""
    share = rng.random(count)
    hours = np.where(share < early, rng.exponential(10, count), 24 + rng.exponential(9 * 24, count))
    return np.where(share < early + later, lineup.release_us + hours * HOUR, NEVER).astype(np.int64)


def make_accounts(
    context: Context, count: int, segment: str, *, country: str | None = None, arrivals: float = 0.18
) -> pl.DataFrame:
    """Return ``count`` unrelated ordinary accounts of a segment (a key of ``SEGMENTS``), which share nothing by design.

    Columns beside the labels (``account_id, operator, cohort, campaign``): what the log shows of an account
    (``org_id`` to ``plan``), and what drives its behaviour, read by ``traffic``: ``first``/``last`` (µs, UTC),
    ``offset`` (minutes), ``volume`` (relative), ``turns`` (mean per conversation), ``client_*`` (positions in
    ``Clients``), ``*_net`` (positions in ``Networks``).
    """
    rng, world, kind = context.rng, context.world, SEGMENTS[segment]
    account = context.mint("acct", count)
    people = _homes(rng, count, country).with_columns(
        account_id=account, operator=account, cohort=pl.lit(context.name), campaign=pl.lit(None, pl.String),
        org_id=pl.lit(None, pl.String), account_type=pl.lit(kind.account_type),
    )  # fmt: skip
    created = draw_creation_times(rng, world.last, world.first, arrivals, count)
    stays = rng.random(count)
    first = np.maximum(created, world.first)
    last = np.where(stays < 0.8, world.last, first + (rng.random(count) * (world.last - first)).astype(np.int64))
    plan = rng.choice([name for name, _ in kind.plans], count, p=[share for _, share in kind.plans])
    company = rng.random(count) < kind.company_mail
    pays = plan != "free"
    return people.with_columns(
        account_created_at=pl.Series(created), first=pl.Series(first), last=pl.Series(np.maximum(last, first + HOUR)),
        plan=pl.Series(plan), payment_id=pl.when(pl.Series(pays)).then(context.mint("pm", count)),
        email_domain=pl.when(pl.Series(company)).then(domains(rng, count)).otherwise(free_mail(rng, count)),
        volume=pl.Series(kind.volume * np.exp(rng.normal(0, kind.spread, count))),
        turns=pl.Series(1 + (kind.turns - 1) * np.exp(rng.normal(-0.12, 0.5, count))),
        rhythm=pl.Series(np.array([rhythm(name) for name in kind.rhythms])[_choose(rng, kind.rhythms, count)]),
        model=world.lineup.pick(rng, count), adopts=pl.Series(draw_adoption_times(rng, world.lineup, count)),
    ).with_columns(**_equipment(context, kind, count), **_addresses(context, kind, people["country"]))  # fmt: skip


def _equipment(context: Context, kind: Segment, count: int) -> dict[str, pl.Series]:
    """Interests, channels, programs, devices and keys."""
    rng, clients = context.rng, load_clients()
    channel = _choose(rng, kind.channels, count)
    second = context.mint("dev", count)
    two_devices = rng.random(count) < 0.35
    device = context.mint("dev", count)
    interests = np.array([INTERESTS.index(name) for name in kind.interests])
    window = context.world.last - context.world.first
    return {
        "interest": pl.Series(interests[_choose(rng, kind.interests, count)]),
        "interest_b": pl.Series(interests[_choose(rng, kind.interests, count)]),
        "channel": pl.Series(np.array([CHANNELS.index(main) for main, _, _ in kind.channels])[channel]),
        "channel_b": pl.Series(np.array([CHANNELS.index(other) for _, other, _ in kind.channels])[channel]),
        "channel_share": pl.Series(np.array([share for _, _, share in kind.channels])[channel]),
        **{f"client_{name}": pl.Series(clients.pick(rng, name, count)) for name in CHANNELS},
        "upgrades": pl.Series(context.world.first + (rng.random(count) * 2 * window).astype(np.int64)),
        "device_a": device,
        "device_b": pl.select(pl.when(pl.Series(two_devices)).then(second).otherwise(device)).to_series(),
        "api_key_id": context.mint("key", count),
        "output": pl.Series(np.log(kind.output) + rng.normal(0, 0.4, count)),
        "whole": pl.Series(rng.random(count) < kind.whole),
    }


def _addresses(context: Context, kind: Segment, country: pl.Series) -> dict[str, pl.Series]:
    """Own addresses (three leases, taken in turn), the mobile carrier, and habits of moving about."""
    rng, networks, count = context.rng, load_networks(), len(country)
    anywhere = networks.of("cloud")
    home = rng.choice(anywhere, count) if kind.home == "cloud" else networks.pick(rng, kind.home, country)
    leases = {f"ip_{name}": networks.draw(rng, home, 0.35) for name in "abc"}
    return {
        "home_net": pl.Series(home),
        **leases,
        "lease": pl.Series((rng.lognormal(2.6, 0.9, count) * DAY).astype(np.int64)),
        "mobile_net": pl.Series(networks.pick(rng, "mobile", country)),
        "mobile_share": pl.Series(
            np.clip(rng.normal(kind.mobile, 0.15, count), 0, 0.8) if kind.mobile else np.zeros(count)
        ),
        "office_ip": pl.Series([None] * count, dtype=pl.String),
        "office_net": pl.Series(np.zeros(count, np.int64)),
    }
