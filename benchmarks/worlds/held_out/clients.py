"""Client programs: what they call themselves and how their TLS stack shakes hands."""

from typing import Final

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.words import mix
from benchmarks.worlds.text import Flags, Numbers

FAMILIES: Final = ("browser", "phone", "python", "node", "agent", "go", "java", "other")
_PLATFORMS: Final = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
)


def _fingerprint(*parts: object) -> str:
    value = 1469598103934665603
    for letter in repr(parts):
        value = (value ^ ord(letter)) * 1099511628211 % (1 << 64)
    return f"t13d{value % 9000 + 1000}h2_{value % (1 << 48):012x}_{value >> 16:012x}"[:36]


def _browsers() -> list[tuple[str, str]]:
    found = []
    for major in (150, 149, 148, 146):
        for platform in _PLATFORMS:
            agent = (
                f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
            )
            found.append((agent, _fingerprint("chrome", major >= 149)))
    for version in ("19.3", "19.1", "18.6"):
        agent = (
            f"Mozilla/5.0 ({_PLATFORMS[1]}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"
        )
        found.append((agent, _fingerprint("safari", version[:2])))
    for platform in _PLATFORMS[:3]:
        for major in (151, 150):
            agent = f"Mozilla/5.0 ({platform}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
            found.append((agent, _fingerprint("firefox")))
    return found


def _phones() -> list[tuple[str, str]]:
    apps = [
        (f"Aurora/{v} (iPhone; iOS {o})", _fingerprint("ios", o[:2]))
        for v in ("4.21", "4.20", "4.18")
        for o in ("19.2", "18.6")
    ]
    return apps + [
        (f"Aurora/{v} (Android {o})", _fingerprint("android", o)) for v in ("4.21", "4.19") for o in (16, 15, 14)
    ]


def _sdks() -> dict[str, list[tuple[str, str]]]:
    python = [
        (f"aurora-python/{v} Python/{p} {s}", _fingerprint("openssl", p, s))
        for v in ("1.12.0", "1.9.2", "1.11.3", "0.88.1", "1.4.0")
        for p in ("3.12.7", "3.11.9", "3.13.1", "3.10.12")
        for s in ("Linux", "Darwin")
    ]
    node = [
        (f"aurora-node/{v} node/{n}", _fingerprint("node", n[:2]))
        for v in ("2.8.0", "2.6.1", "2.7.4")
        for n in ("22.14.0", "20.18.1", "24.1.0")
    ]
    agent = [
        (f"{name}/{v} (external, cli)", _fingerprint("node", n))
        for name, n, versions in (
            ("coda", "22", ("2.1.31", "2.1.30", "2.1.28", "2.0.9")),
            ("opentern", "bun", ("0.9.12", "0.9.8")),
            ("plank-vscode", "20", ("3.44.0", "3.41.2")),
        )
        for v in versions
    ]
    go = [("Go-http-client/2.0", _fingerprint("go", v)) for v in ("1.24", "1.23", "1.22")]
    go += [(f"aurora-go/{v}", _fingerprint("go", "1.24")) for v in ("0.9.1", "0.8.0")]
    java = [(f"okhttp/{v}", _fingerprint("jdk", v[0])) for v in ("4.12.0", "5.1.0", "3.14.9")]
    java += [("Java/21.0.4", _fingerprint("jdk", 21)), ("Apache-HttpClient/5.4 (Java/17)", _fingerprint("jdk", 17))]
    other = [
        ("curl/8.9.1", _fingerprint("curl")),
        ("axios/1.7.9", _fingerprint("node", "20")),
        ("n8n", _fingerprint("node", "22")),
        ("GuzzleHttp/7", _fingerprint("php")),
        ("reqwest/0.12.9", _fingerprint("rustls")),
        ("Faraday v2.12", _fingerprint("ruby")),
        ("python-requests/2.32.3", _fingerprint("openssl", "3.11.9", "Linux")),
        ("PostmanRuntime/7.43.0", _fingerprint("node", "18")),
        ("langchain/0.3 Python/3.12.7", _fingerprint("openssl", "3.12.7", "Linux")),
        ("ktor-client", _fingerprint("jdk", "17")),
    ]
    return {"python": python, "node": node, "agent": agent, "go": go, "java": java, "other": other}


class Clients:
    """All client programs of a log; a client is a number."""

    def __init__(self) -> None:
        self._table: list[tuple[str, str]] = []
        self._family: dict[str, tuple[int, int]] = {}
        for name, rows in {"browser": _browsers(), "phone": _phones(), **_sdks()}.items():
            self._family[name] = (len(self._table), len(rows))
            self._table += rows

    def choose(self, rng: np.random.Generator, families: tuple[tuple[str, float], ...], size: int) -> Numbers:
        """Draw clients of families with their shares; earlier ones of a family are more common."""
        share = np.array([weight for _, weight in families])
        family = rng.choice(len(families), p=share / share.sum(), size=size)
        drawn = np.empty(size, dtype=np.int64)
        for i, (name, _) in enumerate(families):
            first, count = self._family[name]
            rows = family == i
            weight = 1 / (np.arange(count) + 1.5)
            drawn[rows] = first + rng.choice(count, p=weight / weight.sum(), size=int(rows.sum()))
        return drawn

    def add(self, user_agent: str, tls: str) -> int:
        """Add a client that only its maker uses."""
        self._table.append((user_agent, tls))
        return len(self._table) - 1

    def special(self, rng: np.random.Generator, user_agent: str | None = None) -> int:
        """Add a client with a TLS stack of its own; without a name it is called as a common one."""
        stack = _fingerprint("special", int(rng.integers(1 << 60)))
        return self.add(user_agent or self._table[int(self.choose(rng, (("python", 1.0),), 1)[0])][0], stack)

    def behind(self, client: Numbers) -> Numbers:
        """The same programs behind a box that opens their connections (an office's proxy, a virus scanner)."""
        stack = _fingerprint("box", len(self._table))
        programs, place = np.unique(client, return_inverse=True)
        return np.array([self.add(self._table[i][0], stack) for i in programs])[place]

    def upgraded(self, client: Numbers, late: Flags) -> Numbers:
        """The client after its upgrade: the second newest browser and coding agent become the newest."""
        agent = self._family["agent"][0]
        browser = late & (client >= len(_PLATFORMS)) & (client < 2 * len(_PLATFORMS))
        newer = np.where(browser, client - len(_PLATFORMS), client)
        return np.asarray(np.where(late & (client == agent + 1), agent, newer))

    def columns(self, client: Numbers) -> pl.DataFrame:
        """``user_agent`` and ``tls_fingerprint`` of each row's client."""
        names = pl.Series([row[0] for row in self._table]).gather(client)
        stacks = pl.Series([row[1] for row in self._table]).gather(client)
        return pl.DataFrame({"user_agent": names, "tls_fingerprint": stacks})

    def is_agent(self, client: Numbers) -> Flags:
        """Whether the client is a coding agent, which brings its own system prompt."""
        first, count = self._family["agent"]
        return (client >= first) & (client < first + count)

    def devices(self, key: Numbers, session: Numbers) -> pl.Series:
        """Device ids of app users: one or two each."""
        device = mix(key, mix(session, 71) % np.uint64(5) == 0)
        return pl.Series((device >> np.uint64(1)).astype(np.int64)).cast(pl.String)
