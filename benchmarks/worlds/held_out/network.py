"""Addresses: households, carriers, offices, clouds, and the proxies of operators."""

from typing import Final

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.words import mix, uniform
from benchmarks.worlds.text import Numbers, choose

#: Country, share of people, hours east of UTC, languages with their shares.
COUNTRIES: Final = (
    ("US", 0.27, -6, (("en", 0.93), ("es", 0.07))),
    ("IN", 0.11, 5, (("en", 1.0),)),
    ("BR", 0.07, -3, (("pt", 0.9), ("en", 0.1))),
    ("DE", 0.07, 1, (("de", 0.75), ("en", 0.25))),
    ("GB", 0.07, 0, (("en", 1.0),)),
    ("JP", 0.06, 9, (("ja", 0.9), ("en", 0.1))),
    ("FR", 0.05, 1, (("fr", 0.85), ("en", 0.15))),
    ("SG", 0.05, 8, (("en", 0.7), ("zh", 0.3))),
    ("TW", 0.04, 8, (("zh", 0.9), ("en", 0.1))),
    ("ES", 0.04, 1, (("es", 0.9), ("en", 0.1))),
    ("MX", 0.04, -6, (("es", 0.95), ("en", 0.05))),
    ("CA", 0.04, -5, (("en", 0.8), ("fr", 0.2))),
    ("KZ", 0.03, 5, (("ru", 0.9), ("en", 0.1))),
    ("ID", 0.03, 7, (("en", 1.0),)),
    ("NL", 0.03, 1, (("en", 0.8), ("de", 0.2))),
)
_FIXED_ISPS: Final = 7
_CLOUDS: Final = 6
_REGIONS: Final = 5
_VPN_EXITS: Final = 60
_HEX: Final = pl.Series([f"{i:x}" for i in range(65536)])


def _v4(number: Numbers) -> pl.Series:
    n = pl.Series("n", number.astype(np.int64))
    parts = [(pl.col("n") // 256**i % 256).cast(pl.String) for i in (3, 2, 1, 0)]
    return pl.DataFrame({"n": n}).select(pl.concat_str(parts, separator="."))["n"]


def _v6(prefix: Numbers, subnet: Numbers, host: Numbers) -> pl.Series:
    """Write addresses: 32 bits of provider, 32 of customer, 64 of device."""
    groups = [_HEX.gather((prefix >> np.uint64(16)) & np.uint64(0xFFFF)), _HEX.gather(prefix & np.uint64(0xFFFF))]
    groups += [_HEX.gather((subnet >> np.uint64(s)) & np.uint64(0xFFFF)) for s in (16, 0)]
    groups += [_HEX.gather((host >> np.uint64(s)) & np.uint64(0xFFFF)) for s in (48, 32, 16, 0)]
    frame = pl.DataFrame([g.alias(str(i)) for i, g in enumerate(groups)])
    return frame.select(pl.concat_str(pl.all(), separator=":"))[frame.columns[0]]


class Network:
    """A small internet: the same addresses belong to the same provider in every call.

    A provider is a number: first the fixed ones of every country, then one carrier a country (behind a shared egress),
    then clouds, then VPN brands. Every method gives ``ip``, ``asn`` and ``country`` for each row.
    """

    def __init__(self, rng: np.random.Generator, people: int) -> None:
        self._seed = int(rng.integers(1 << 40))
        self.countries = len(COUNTRIES)
        self.carriers = self.countries * _FIXED_ISPS
        self.clouds = self.carriers + self.countries
        self.brands = self.clouds + _CLOUDS * _REGIONS
        total = self.brands + 4
        numbers = rng.permutation(60_000)[:total] + 1_000
        # Regions of a cloud share its number.
        for cloud in range(_CLOUDS):
            first = self.clouds + cloud * _REGIONS
            numbers[first : first + _REGIONS] = numbers[first]
        self._asn = pl.Series([f"AS{n}" for n in numbers])
        home = np.concatenate([np.repeat(np.arange(self.countries), _FIXED_ISPS), np.arange(self.countries)])
        far = rng.integers(self.countries, size=total - len(home))
        self._where = np.concatenate([home, far])
        self._country = pl.Series([COUNTRIES[i][0] for i in self._where])
        # A /14 each, out of unicast space without the private ranges.
        blocks = np.setdiff1d(np.arange(14 * 64, 200 * 64), np.concatenate([np.arange(126, 128), [172, 192]]) * 64)
        self._base = rng.choice(blocks, size=total, replace=False).astype(np.int64) << 18
        self._base6 = rng.choice(np.arange(0x2000), size=total, replace=False).astype(np.uint64) + np.uint64(0x24000000)
        self._has6 = rng.random(total) < 0.5
        self._behind = rng.random(total) < 0.2
        self._egress = max(4, people // 400)

    def homes(self, rng: np.random.Generator, country: Numbers) -> Numbers:
        """Draw the fixed provider of each household: two have most customers."""
        share = np.array([0.34, 0.25, 0.15, 0.1, 0.08, 0.05, 0.03])
        return country * _FIXED_ISPS + rng.choice(_FIXED_ISPS, p=share, size=len(country))

    def _frame(self, ip: pl.Series, provider: Numbers) -> pl.DataFrame:
        return pl.DataFrame({"ip": ip, "asn": self._asn.gather(provider), "country": self._country.gather(provider)})

    def _customers(self, provider: Numbers, house: Numbers, device: Numbers, day: Numbers) -> pl.DataFrame:
        lease = 1 + (uniform(house, 5) * 20).astype(np.int64)
        epoch = (day + (uniform(house, 6) * 20).astype(np.int64)) // lease
        own = mix(house, epoch, self._seed) % np.uint64(1 << 18)
        behind = self._behind[provider] | (provider >= self.carriers)
        shared = mix(provider, mix(house, day) % np.uint64(self._egress)) % np.uint64(1 << 18)
        v4 = self._base[provider] + np.where(behind, shared, own).astype(np.int64)
        six = self._has6[provider] & (uniform(device, 7) < 0.75)
        subnet = np.where(provider >= self.carriers, mix(device, day, 3), mix(house, 4))
        text6 = _v6(self._base6[provider], subnet, mix(device, day, 8))
        return self._frame(choose(six, text6, _v4(v4)), provider)

    def home(self, provider: Numbers, house: Numbers, device: Numbers, session: Numbers, day: Numbers) -> pl.DataFrame:
        """People at home, and for a part of their sessions on the carrier of their country."""
        mobile = uniform(session, 11) < uniform(device, 12) * 0.6
        used = np.where(mobile, self.carriers + self._where[provider], provider)
        return self._customers(used, house, device, day)

    def mobile(self, provider: Numbers, device: Numbers, day: Numbers) -> pl.DataFrame:
        """People on their carrier only."""
        return self._customers(self.carriers + self._where[provider], device, device, day)

    def office(self, provider: Numbers, site: Numbers, device: Numbers, session: Numbers, egress: int) -> pl.DataFrame:
        """People behind the few fixed addresses of a site, a part of the time at home."""
        number = mix(site, mix(device, session) % np.uint64(egress), self._seed) % np.uint64(256)
        block = mix(site, self._seed, 3) % np.uint64(1 << 10) * np.uint64(256)
        ip = _v4(self._base[provider] + (block + number).astype(np.int64))
        return self._frame(ip, provider)

    def server(self, key: Numbers, machine: Numbers) -> pl.DataFrame:
        """Machines in clouds: an address for each ``machine`` of a ``key``, in the one or two regions of the key."""
        region = mix(key, 21, uniform(machine, 22) < 0.15) % np.uint64(_CLOUDS * _REGIONS)
        provider = self.clouds + region.astype(np.int64)
        ip = _v4(self._base[provider] + (mix(key, machine, self._seed) % np.uint64(1 << 18)).astype(np.int64))
        return self._frame(ip, provider)

    def platform(self, number: Numbers, session: Numbers, egress: int = 8) -> pl.DataFrame:
        """Programs on a hosting platform, whose customers all leave through the same few addresses."""
        return self.server(mix(number, 31), mix(number, mix(session) % np.uint64(egress)))

    def vpn(self, key: Numbers, session: Numbers) -> pl.DataFrame:
        """People behind the exits of VPN brands, which rent from hosters everywhere.

        Half stay with the exit they once chose, the others take one of ten, in other countries, for each session.
        """
        brand = mix(key, 41) % np.uint64(4)
        choice = mix(key, mix(session) % np.where(uniform(key, 42) < 0.5, 1, 10).astype(np.uint64)) % np.uint64(
            _VPN_EXITS
        )
        provider = self.clouds + (mix(brand, choice % np.uint64(12), 43) % np.uint64(_CLOUDS * _REGIONS)).astype(
            np.int64
        )
        return self._frame(
            _v4(self._base[provider] + (mix(brand, choice) % np.uint64(4096)).astype(np.int64)), provider
        )

    def private_relay(self, key: Numbers, session: Numbers) -> pl.DataFrame:
        """People whose device hides their address: ever new ones of two providers of exits."""
        provider = self.brands + (mix(key, session, 44) % np.uint64(2)).astype(np.int64)
        return self._frame(
            _v4(self._base[provider] + (mix(key, session, 45) % np.uint64(3000)).astype(np.int64)), provider
        )

    def proxy_block(self, pool: int, request: Numbers) -> pl.DataFrame:
        """A rented block of 128 addresses at one hoster, a different one for each request."""
        provider = np.full(len(request), self.clouds + pool % (_CLOUDS * _REGIONS))
        block = mix(pool, 51) % np.uint64(1 << 10) * np.uint64(256)
        return self._frame(
            _v4(self._base[provider] + (block + mix(request) % np.uint64(128)).astype(np.int64)), provider
        )

    def residential(self, pool: int, request: Numbers, places: Numbers) -> pl.DataFrame:
        """Consumers' connections rented by the request: any provider of the given countries, an address of a customer.

        The proxy seller has 40,000 customers in these countries, so an address now and then comes again.
        """
        device = mix(request, pool) % np.uint64(40_000) + np.uint64(1 << 33)
        country = places[(mix(device, 61) % np.uint64(len(places))).astype(np.int64)]
        provider = country * _FIXED_ISPS + (mix(device, 62) % np.uint64(_FIXED_ISPS)).astype(np.int64)
        return self._customers(provider, device, device, np.zeros(len(request), dtype=np.int64))
