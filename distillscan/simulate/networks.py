"""Networks, and addresses drawn from them so that ip, asn and country agree."""

import ipaddress
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.simulate.ids import concatenate, hex_table

NetworkKind = Literal["home", "mobile", "office", "campus", "cloud", "vpn"]
Ints = npt.NDArray[np.int64]

#: The kind that is taken instead if a country has no network of a kind.
_FALLBACK: Final[dict[NetworkKind, NetworkKind]] = {"mobile": "home", "office": "home", "campus": "home"}
_V6_HALF: Final = 64


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of ``words/networks.toml`` as columns; everywhere else a network is its position in them."""

    kind: tuple[NetworkKind, ...]
    country: pl.Series
    asn: pl.Series
    first: Ints
    size: Ints
    v6_high: Ints
    v6_free: Ints

    def of(self, kind: NetworkKind, country: str | None = None) -> Ints:
        """Return the networks of a kind, in one country if given; its home networks if it has none of that kind."""
        found = [
            at for at, (mine, where) in enumerate(zip(self.kind, self.country, strict=True))
            if mine == kind and country in (None, where)
        ]  # fmt: skip
        return np.array(found, np.int64) if found else self.of(_FALLBACK[kind], country)

    def pick(self, rng: np.random.Generator, kind: NetworkKind, countries: pl.Series) -> Ints:
        """Draw a network of that kind for each row's country."""
        out = np.zeros(len(countries), np.int64)
        values = countries.to_numpy()
        for country in countries.unique().sort():
            rows = np.flatnonzero(values == country)
            out[rows] = rng.choice(self.of(kind, country), rows.size)
        return out

    def draw(self, rng: np.random.Generator, networks: Ints, v6_share: float = 0.0) -> pl.Series:
        """Draw one address per row from that row's network; IPv6 for a share of rows if the network has it."""
        six = (self.v6_free[networks] > 0) & (rng.random(networks.size) < v6_share)
        number = self.first[networks] + rng.integers(1, self.size[networks] - 1)
        octets = [_octets().gather(number >> shift & 255) for shift in (24, 16, 8, 0)]
        four = concatenate([octets[0], ".", octets[1], ".", octets[2], ".", octets[3]])
        free = self.v6_free[networks]
        high = self.v6_high[networks] | rng.integers(0, np.left_shift(np.int64(1), np.minimum(free, 62)))
        low = rng.integers(1, 65_536, (4, networks.size))
        groups = [high >> shift & 65_535 for shift in (48, 32, 16, 0)]
        text: list[pl.Series | str] = [_groups().gather(group) for group in [*groups, *low]]
        for at in range(7, 0, -1):
            text.insert(at, ":")
        return pl.select(pl.when(pl.Series(six)).then(concatenate(text)).otherwise(four)).to_series()


@cache
def _octets() -> pl.Series:
    return pl.Series([str(value) for value in range(256)])


@cache
def _groups() -> pl.Series:
    short = hex_table().str.strip_chars_start("0")
    return pl.select(pl.when(short == "").then(pl.lit("0")).otherwise(short)).to_series()


def _high(prefix: str) -> tuple[int, int]:
    """Upper half of an IPv6 prefix as a signed 64-bit number, and how many of its bits are free."""
    network = ipaddress.IPv6Network(prefix)
    value = int(network.network_address) >> _V6_HALF
    return value, _V6_HALF - network.prefixlen


@cache
def load_networks() -> Networks:
    """Return the packaged list of networks."""
    text = (resources.files("distillscan.simulate.words") / "networks.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["networks"]
    ranges = [ipaddress.IPv4Network(entry["v4"]) for entry in entries]
    sixes = [_high(entry["v6"]) if "v6" in entry else (0, 0) for entry in entries]
    return Networks(
        kind=tuple(entry["kind"] for entry in entries),
        country=pl.Series([entry["country"] for entry in entries]),
        asn=pl.Series([entry["asn"] for entry in entries]),
        first=np.array([int(network.network_address) for network in ranges], np.int64),
        size=np.array([network.num_addresses for network in ranges], np.int64),
        v6_high=np.array([value for value, _ in sixes], np.int64),
        v6_free=np.array([free for _, free in sixes], np.int64),
    )
