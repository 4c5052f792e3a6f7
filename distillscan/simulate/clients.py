"""Client programs: user agents by version, and the TLS fingerprint that goes with each."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Channel = Literal["web", "app", "api", "cloud"]
CHANNELS: Final[tuple[Channel, ...]] = ("web", "app", "api", "cloud")

_DESKTOPS: Final = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")


@dataclass(frozen=True, slots=True)
class Clients:
    """One entry per program and version, most used first within a channel; other tables refer to its position here."""

    agent: pl.Series
    tls: pl.Series
    newer: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]

    def pick(self, rng: np.random.Generator, channel: Channel, count: int) -> npt.NDArray[np.int64]:
        """Draw a client of that channel for each account; popularity follows Zipf's law."""
        found = np.flatnonzero(self.channel == CHANNELS.index(channel))
        weights = 1 / (np.arange(found.size) + 1.5)
        return rng.choice(found, count, p=weights / weights.sum())


@dataclass(frozen=True, slots=True)
class _Family:
    """Versions of one program, newest first; ``stack`` names the TLS library, which versions share."""

    channel: Channel
    pattern: str
    versions: tuple[str, ...]
    stack: str
    popularity: float


def _families() -> list[_Family]:
    chrome = "Mozilla/5.0 ({os}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
    recent = tuple(str(version) for version in range(146, 138, -1))
    browsers = [
        _Family("web", chrome.replace("{os}", os), recent, "boring", 10 - 3 * at) for at, os in enumerate(_DESKTOPS)
    ]
    edges = [_Family("web", f"{chrome} Edg/{{v}}.0.0.0".replace("{os}", _DESKTOPS[0]), recent[:4], "boring", 3)]
    firefox = "Mozilla/5.0 ({os}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"
    foxes = [
        _Family("web", firefox.replace("{os}", os), tuple(str(v) for v in range(149, 144, -1)), "nss", 2 - at / 2)
        for at, os in enumerate(_DESKTOPS)
    ]
    safari = "Mozilla/5.0 ({os}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Safari/605.1.15"
    safaris = [
        _Family("web", safari.replace("{os}", _DESKTOPS[1]), ("19.4", "19.3", "19.1", "18.6"), "apple", 3),
        _Family(
            "web", safari.replace("{os}", "iPhone; CPU iPhone OS 18_6 like Mac OS X"), ("19.4", "19.2"), "apple", 5
        ),
    ]
    app = ("4.12.1", "4.12.0", "4.11.3", "4.10.0", "4.9.2", "4.8.0")
    apps = [
        _Family("app", "AtlasChat/{v} (iOS 19.4; iPhone16,2)", app, "apple-app", 5),
        _Family("app", "AtlasChat/{v} (iOS 18.6; iPhone14,5)", app, "apple-app", 3),
        _Family("app", "AtlasChat/{v} (Android 16; Pixel 9)", app, "okhttp", 3),
        _Family("app", "AtlasChat/{v} (Android 15; SM-S921B)", app, "okhttp", 5),
        _Family("app", "AtlasChat/{v} (Android 14; 2312DRA50G)", app, "okhttp", 2),
    ]
    minor = tuple(f"0.{v}.0" for v in range(94, 78, -1))
    programs = [
        _Family("api", "atlas-python/{v}", minor, "openssl-httpx", 10),
        _Family("api", "atlas-node/{v}", minor[:12], "node", 8),
        _Family("api", "python-requests/{v}", ("2.32.5", "2.32.3", "2.31.0", "2.28.2"), "openssl-urllib3", 5),
        _Family("api", "python-httpx/{v}", ("0.28.1", "0.27.2", "0.27.0"), "openssl-httpx", 2),
        _Family("api", "Python/3.12 aiohttp/{v}", ("3.12.15", "3.11.18", "3.9.5"), "openssl-aiohttp", 4),
        _Family("api", "axios/{v}", ("1.12.2", "1.9.0", "1.7.9", "1.6.8"), "node", 3),
        _Family("api", "node-fetch/{v}", ("3.3.2", "2.7.0"), "node", 1.5),
        _Family("api", "Go-http-client/{v}", ("2.0", "1.1"), "go", 4),
        _Family("api", "okhttp/{v}", ("5.1.0", "4.12.0", "4.9.3"), "okhttp", 2),
        _Family("api", "Java-http-client/{v}", ("21.0.4", "17.0.12"), "jdk", 1.5),
        _Family("api", "curl/{v}", ("8.14.1", "8.5.0", "7.88.1", "7.81.0"), "openssl-curl", 2),
        _Family("api", "reqwest/{v}", ("0.12.23", "0.11.27"), "rustls", 1),
        _Family("api", "langkit-py/{v}", ("0.3.27", "0.3.21", "0.2.17"), "openssl-httpx", 3),
        _Family("api", "PostmanRuntime/{v}", ("7.46.1", "7.43.0"), "node", 0.7),
        _Family("api", "Faraday v{v}", ("2.13.4", "2.9.0"), "openssl-ruby", 0.6),
        _Family("api", "GuzzleHttp/{v}", ("7", "6.5"), "openssl-php", 0.8),
    ]
    clouds = [_Family("cloud", "hosted-models-sdk/{v}", ("1.40.2", "1.39.0", "1.35.8"), "openssl-urllib3", 3)]
    return [*browsers, *edges, *foxes, *safaris, *apps, *programs, *clouds]


def fingerprint(stack: str, generation: int) -> str:
    """Return a fingerprint in JA4 form for a generation of a TLS library, the same for every program built on it."""
    digest = hashlib.sha256(f"{stack}/{generation}".encode()).hexdigest()
    return f"t13d{15 + int(digest[0], 16) % 4}{10 + int(digest[1], 16) % 6}h2_{digest[2:14]}_{digest[14:26]}"


@cache
def load_clients() -> Clients:
    """Return every program and version, in order of how many accounts use it."""
    entries = [
        (family.popularity / (at + 1.0) ** 0.8, family, at)
        for family in _families()
        for at in range(len(family.versions))
    ]
    entries.sort(key=lambda entry: (CHANNELS.index(entry[1].channel), -entry[0], entry[1].pattern, entry[2]))
    place = {(family.pattern, at): position for position, (_, family, at) in enumerate(entries)}
    return Clients(
        agent=pl.Series([family.pattern.replace("{v}", family.versions[at]) for _, family, at in entries]),
        tls=pl.Series([fingerprint(family.stack, at // 3) for _, family, at in entries]),
        newer=np.array([place[family.pattern, max(at - 1, 0)] for _, family, at in entries], np.int64),
        channel=np.array([CHANNELS.index(family.channel) for _, family, _ in entries], np.int64),
    )
