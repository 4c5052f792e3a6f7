"""The simulated world: its time, models and shared addresses, and what every part is built with and returns."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.simulate import ids
from distillscan.simulate.clock import DAY
from distillscan.simulate.networks import NetworkKind, load_networks
from distillscan.simulate.writer import Writer

Ints = npt.NDArray[np.int64]
T = TypeVar("T")

#: Rows for one exit address of a mobile carrier or VPN: some dozen unrelated people share each.
_ROWS_PER_EXIT: Final = 2_500
_EXITS: Final = (6, 400)
_BLOCK: Final = 300_000


@dataclass(frozen=True, slots=True)
class Lineup:
    """The models on offer: those there from the start with their shares, and one released inside the window."""

    models: tuple[str, ...] = ("atlas-3", "atlas-3-mini", "atlas-2.5", "atlas-3-code")
    shares: tuple[float, ...] = (0.46, 0.3, 0.14, 0.1)
    released: str = "atlas-4"
    release_us: int = 0

    def pick(self, rng: np.random.Generator, count: int) -> pl.Series:
        """Draw the model that each of ``count`` accounts uses before the release."""
        shares = np.array(self.shares) / sum(self.shares)
        return pl.Series(self.models).gather(rng.choice(len(self.models), count, p=shares))


@dataclass(frozen=True, slots=True)
class World:
    """What the parts of a log have in common. Times are µs since the epoch, UTC."""

    seed: int
    rows: int
    first: int
    last: int
    lineup: Lineup
    writer: Writer
    #: Whether the log holds the text of every answer.
    responses: bool = False

    @property
    def block_rows(self) -> int:
        """Requests that are built at once at most: fewer where each has an answer."""
        return _BLOCK // 3 if self.responses else _BLOCK

    def context(self, name: str) -> "Context":
        """Return what a part is built with; its random numbers do not depend on which other parts there are."""
        number = zlib.crc32(name.encode())
        replies = np.random.default_rng([self.seed, number, zlib.crc32(b"response")])
        return Context(self, name, np.random.default_rng([self.seed, number]), replies)

    def day(self, number: float) -> int:
        """Return the time at which a day of the log (0 is the first) begins."""
        return self.first + int(number * DAY)

    def exits(self, kind: NetworkKind) -> tuple[pl.Series, int]:
        """Return the shared exit addresses of every network (``network * n + slot`` is the position), and n."""
        low, high = _EXITS
        count = int(np.clip(self.rows // _ROWS_PER_EXIT, low, high))
        networks = load_networks()
        rng = np.random.default_rng([self.seed, zlib.crc32(kind.encode())])
        return networks.draw(rng, np.repeat(np.arange(len(networks.kind)), count), 0.1), count


@dataclass(frozen=True, slots=True)
class Context:
    """What a cohort or campaign is built with: the world, its name, and its own source of random numbers."""

    world: World
    name: str
    rng: np.random.Generator = field(repr=False)
    #: For the text of answers alone, so that a log with answers has the same requests as one without.
    replies: np.random.Generator = field(repr=False)
    #: What ``once`` drew.
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, draw: Callable[[], T]) -> T:
        """Draw what all blocks of the part have in common, with the first block that asks for it."""
        if name not in self.kept:
            self.kept[name] = draw()
        kept: T = self.kept[name]
        return kept

    def apart(self) -> "Context":
        """Return the context for a part of its own that continues the same random numbers."""
        return replace(self, kept={})

    def mint(self, prefix: str, count: int) -> pl.Series:
        """Draw ``count`` new opaque identifiers."""
        return ids.mint(self.rng, prefix, count)

    def mint_one(self, prefix: str) -> str:
        """Draw one new opaque identifier."""
        return str(ids.mint(self.rng, prefix, 1).item())

    def shared(self, prefix: str, count: int, per_value: float) -> pl.Series:
        """Draw a column of ``count`` identifiers, each used by about ``per_value`` rows."""
        pool = self.mint(prefix, max(1, round(count / per_value)))
        return pool.gather(self.rng.integers(0, len(pool), count))


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows and accounts a part has, and its first and last time. Times are µs since the epoch, UTC."""

    rows: int
    accounts: int
    first: int
    last: int
    #: How many blocks such as this one the part is built in.
    blocks: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Accounts of a cohort or campaign with their labels, and its requests in canonical columns."""

    people: pl.DataFrame
    requests: pl.DataFrame
