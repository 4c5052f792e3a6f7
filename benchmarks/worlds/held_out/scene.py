"""What all parts of a held-out log share: its time, its models, its identities."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.worlds.held_out.clients import Clients
from benchmarks.worlds.held_out.network import COUNTRIES, Network
from benchmarks.worlds.held_out.words import Writer, mix
from benchmarks.worlds.text import Floats, Numbers

DAY: Final = 86_400.0
START: Final = datetime(2026, 7, 6, tzinfo=UTC)
OLD_LARGE, NEW_LARGE, MEDIUM, MINI, NEW_MINI, LEGACY, ALIAS = range(7)
MODELS: Final = pl.Series(
    [
        "aurora-large-20260219",
        "aurora-large-20260714",
        "aurora-medium-20251001",
        "aurora-mini-20251120",
        "aurora-mini-20260709",
        "aurora-2-instruct",
        "aurora-large-latest",
    ]
)
_HEX: Final = pl.Series([f"{i:04x}" for i in range(65536)])

#: Share of a day's activity in each local hour.
RHYTHMS: Final = {
    "day": (2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 9, 9, 8, 8, 8, 9, 9, 8, 6, 4),
    "evening": (5, 3, 2, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6, 7, 9, 11, 12, 12, 10, 8),
    "office": (0, 0, 0, 0, 0, 0, 1, 3, 9, 14, 14, 12, 6, 12, 13, 13, 11, 7, 3, 1, 1, 1, 0, 0),
    "flat": (1,) * 24,
    "night": (8, 9, 9, 9, 8, 6, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 6, 7),
}


def hexes(key: Numbers, groups: int = 4) -> pl.Series:
    """Write numbers as hexadecimal text of four digits a group."""
    parts = [_HEX.gather((mix(key, i) & np.uint64(0xFFFF)).astype(np.int64)).alias(str(i)) for i in range(groups)]
    return pl.DataFrame(parts).select(pl.concat_str(pl.all()).alias("text"))["text"]


def hours(rng: np.random.Generator, rhythm: str, size: int) -> Floats:
    """Draw local hours of the day."""
    weight = np.array(RHYTHMS[rhythm], dtype=float)
    drawn = rng.choice(24, p=weight / weight.sum(), size=size) + rng.random(size)
    return np.asarray(drawn, dtype=np.float64)


def heavy(rng: np.random.Generator, count: int, total: int, sigma: float) -> Numbers:
    """Share out ``total`` requests among ``count`` accounts, at least one each, with a tail."""
    weight = rng.lognormal(0.0, sigma, count)
    share = np.maximum(1, np.floor(weight / weight.sum() * total).astype(np.int64))
    missing = total - int(share.sum())
    if missing > 0:
        share += np.bincount(rng.choice(count, p=weight / weight.sum(), size=missing), minlength=count)
    return np.asarray(share)


def lengths(rng: np.random.Generator, size: int, median: float, sigma: float, most: int) -> Numbers:
    """Draw numbers of words with a tail."""
    return np.clip(rng.lognormal(np.log(median), sigma, size), 1, most).astype(np.int64)


@dataclass
class Scene:
    """One log in the making: random numbers, span, addresses, clients, texts.

    ``release`` is when the new large model appears, in seconds from the start, ``release_mini`` the same for the small.
    """

    rng: np.random.Generator
    days: int
    rows: int
    text: Writer
    network: Network
    clients: Clients
    release: float
    release_mini: float
    _keys: int = field(default=1)

    @property
    def end(self) -> float:
        """Length of the log in seconds."""
        return self.days * DAY

    def keys(self, count: int) -> npt.NDArray[np.uint64]:
        """New identities, never given twice."""
        first = self._keys
        self._keys += count
        return mix(np.arange(first, first + count), 77)


def make_scene(seed: int, rows: int, text: Writer) -> Scene:
    """Lay out a log of 10 to 21 days with a large release in its second half."""
    rng = np.random.default_rng(seed)
    days = int(rng.choice([10, 14, 21]))
    release = (int(days * 0.55) + 17 / 24 + rng.random() / 24) * DAY
    return Scene(
        rng=rng,
        days=days,
        rows=rows,
        text=text,
        network=Network(rng, rows // 25),
        clients=Clients(),
        release=release,
        release_mini=(int(days * 0.3) + 16 / 24) * DAY,
    )


def account_ids(key: Numbers, pathway: pl.Series) -> pl.Series:
    """Identifiers in the format of each pathway."""
    h = hexes(key, 6)
    frame = pl.DataFrame({"h": h, "p": pathway, "n": (key % np.uint64(900_000_000_000)).astype(np.int64) + 10**11})
    return frame.select(
        pl.when(pl.col("p") == "app")
        .then(pl.format("user_{}", pl.col("h")))
        .when(pl.col("p") == "cloud_a")
        .then(pl.col("n").cast(pl.String))
        .when(pl.col("p") == "cloud_b")
        .then(
            pl.format("{}-{}-{}", pl.col("h").str.slice(0, 8), pl.col("h").str.slice(8, 4), pl.col("h").str.slice(12))
        )
        .otherwise(pl.format("acct-{}", pl.col("h").str.slice(0, 16)))
        .alias("account_id")
    )["account_id"]


def places(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Draw where people live: ``nation`` (number of the country), ``zone`` (hours east of UTC), ``lang``."""
    share = np.array([row[1] for row in COUNTRIES])
    country = rng.choice(len(COUNTRIES), p=share / share.sum(), size=count)
    roll = rng.random(count)
    lang = np.empty(count, dtype=object)
    for i, row in enumerate(COUNTRIES):
        mine = country == i
        edges = np.cumsum([weight for _, weight in row[3]])
        index = np.minimum(np.searchsorted(edges, roll[mine], side="right"), len(row[3]) - 1)
        lang[mine] = np.array([name for name, _ in row[3]], dtype=object)[index]
    zone = np.array([row[2] for row in COUNTRIES])[country]
    return pl.DataFrame({"nation": country, "zone": zone, "lang": pl.Series(lang.tolist(), dtype=pl.String)})


def visits(
    rng: np.random.Generator,
    counts: Numbers,
    first: Numbers,
    last: Numbers,
    zone: Numbers,
    *,
    rhythm: str,
    burst: float,
    gap: float,
) -> pl.DataFrame:
    """Spread each person's requests over conversations.

    Gives ``who`` (position in ``counts``), ``session``, ``turn`` and ``seconds`` for each request, conversations
    together and in order. ``first`` and ``last`` bound a person's activity in seconds; ``burst`` is the mean length of
    a conversation, ``gap`` the median seconds between its requests.
    """
    who = np.repeat(np.arange(len(counts)), counts)
    total = len(who)
    new = rng.random(total) < 1 / burst
    new[np.cumsum(counts) - counts] = True
    session = np.cumsum(new) - 1
    owner = who[new]
    begin = np.flatnonzero(new)
    turn = np.arange(total) - begin[session]
    day = np.floor((first[owner] + (last - first)[owner] * rng.random(len(owner))) / DAY)
    weekend = (day.astype(np.int64) % 7) >= 5
    keep_away = {"office": 0.9, "day": 0.35}.get(rhythm, 0.0)
    moved = weekend & (rng.random(len(owner)) < keep_away)
    day = np.where(moved, np.floor((first[owner] + (last - first)[owner] * rng.random(len(owner))) / DAY), day)
    still = moved & ((day.astype(np.int64) % 7) >= 5)
    day = np.where(still & (day >= 3), day - 3, day)
    habit = rng.normal(0, 1.3, len(counts)) * (rhythm not in ("flat",))
    start = day * DAY + ((hours(rng, rhythm, len(owner)) + habit[owner] - zone[owner]) % 24) * 3600
    pause = rng.lognormal(np.log(gap), 0.9, total) * (turn > 0)
    passed = np.cumsum(pause)
    seconds = start[session] + passed - passed[begin][session]
    return pl.DataFrame({"who": who, "session": session, "turn": turn, "seconds": seconds})
