"""What the accounts of a log share (networks, clients, models, clocks), and how requests get their metadata."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl

from benchmarks.worlds.exam.text import Writer
from benchmarks.worlds.text import Floats, Ints, choose

DAY = 86_400.0
START = datetime(2026, 8, 31, tzinfo=UTC)  # a Monday
MODELS = ("quill-2-mini", "quill-2", "quill-2-max", "quill-3-max")
MINI, MIDDLE, TOP, NEWEST = range(4)

#: Country, hours from UTC, language, share of the customers, its access networks (the last one is the mobile carrier).
# fmt: off
COUNTRIES = (
    ("US", -5.0, "en", 30, (7922, 20115, 7018, 701, 22773, 21928)),
    ("GB", 1.0, "en", 6, (2856, 5089, 5607, 12576)), ("DE", 2.0, "de", 6, (3320, 3209, 8881, 6805)),
    ("FR", 2.0, "fr", 4, (3215, 12322, 15557)), ("ES", 2.0, "es", 3, (3352, 12479)),
    ("IT", 2.0, "it", 3, (3269, 30722)), ("NL", 2.0, "en", 2, (33915, 1136)),
    ("PL", 2.0, "pl", 2, (5617, 8374)), ("BR", -3.0, "pt", 6, (28573, 18881, 26599)),
    ("MX", -6.0, "es", 2, (8151, 28403)), ("IN", 5.5, "en", 10, (24560, 9829, 55836)),
    ("JP", 9.0, "ja", 5, (4713, 2516, 17676)), ("KR", 9.0, "ko", 3, (4766, 9318, 9644)),
    ("SG", 8.0, "en", 2, (9506, 4657, 3758)), ("HK", 8.0, "zh", 2, (4760, 9269)),
    ("TW", 8.0, "zh", 2, (3462, 9924)), ("RU", 3.0, "ru", 2, (12389, 8402, 31133)),
    ("TR", 3.0, "tr", 2, (47331, 34984)), ("VN", 7.0, "vi", 2, (45899, 7552)),
    ("AU", 10.0, "en", 3, (1221, 7545)), ("CA", -4.0, "en", 4, (577, 812)), ("EG", 3.0, "ar", 1, (8452, 36935)),
)
CLOUDS = (
    (16509, "US"), (14618, "US"), (396982, "US"), (8075, "US"), (24940, "DE"), (16276, "FR"), (14061, "US"),
    (63949, "US"), (20473, "US"), (45102, "SG"), (132203, "HK"),
)
VPNS = ((9009, "GB"), (212238, "US"), (60068, "NL"), (13335, "US"))

#: Families of client software: user agents by version, popular ones first, and how many TLS stacks they come with.
FAMILIES: dict[str, tuple[str, list[str], int]] = {
    "web": ("Mozilla/5.0 ({0}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{1}.0.0.0 Safari/537.36", [
        f"{o}|{v}" for v in (139, 140, 138, 136)
        for o in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")], 3),
    "safari": ("Mozilla/5.0 ({0} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{1} Safari/605.1.15", [
        "Macintosh; Intel|18.6", "iPhone; CPU iPhone OS 18_6|18.6", "iPhone; CPU iPhone OS 17_7|17.7"], 2),
    "phone": ("ChatApp/{0} ({1})", [
        f"1.{v}.0|{o}" for v in (62, 61, 60, 57) for o in ("iOS 18.6", "Android 15", "Android 14", "Android 13")], 4),
    "py": ("sdk-python/{0} python/{1}", [
        f"0.{v}.0|{p}" for v in (64, 62, 57, 49) for p in ("3.12", "3.11", "3.13", "3.10")], 7),
    "js": ("sdk-js/{0} node/{1}", [f"0.{v}.1|{n}" for v in (60, 56, 51) for n in ("22", "20", "18")], 4),
    "agent": ("codepilot-cli/2.1.{0} (external, {1})", [f"{v}|{k}" for v in (14, 12, 9) for k in ("cli", "vscode")], 2),
    "agent_new": ("codepilot-cli/2.2.{0} (external, {1})", [f"{v}|{k}" for v in (0, 1) for k in ("cli", "vscode")], 2),
    "tool": ("InkDesk/{0} {1}", ["5.3.1|desktop-bridge", "5.2.0|desktop-bridge"], 1),
    "odd": ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Build/{0}", [str(9000 + k) for k in range(120)], 120),
    "http": ("{0}", ["python-requests/2.32.3", "python-httpx/0.28.1", "Go-http-client/2.0", "okhttp/4.12.0",
        "curl/8.5.0", "axios/1.7.9", "n8n", "langchain/0.3.27", "litellm/1.74.0", "Java-http-client/21"], 14),
}
# fmt: on


def mixed(*parts: Ints | int) -> Ints:
    """A well mixed non-negative integer per row of the given integers (splitmix64)."""
    state = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = (state ^ np.asarray(part).astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(
                0x94D049BB133111EB
            )
            state = state ^ (state >> np.uint64(29))
    return (state & np.uint64(0x7FFFFFFFFFFFFFFF)).astype(np.int64)


def hexed(values: Ints, prefix: str = "", digits: int = 16) -> pl.Series:
    """Integers as opaque identifiers, alike for innocents and campaigns."""
    table = np.array([f"{b:02x}" for b in range(256)], dtype=np.object_)
    text = sum(
        (table[(values >> (8 * k)) & 255] for k in range(digits // 2 - 1, -1, -1)),
        start=np.full(len(values), prefix, np.object_),
    )
    return pl.Series(text, dtype=pl.String)


@dataclass
class Scene:
    """Everything that accounts share: the clock, networks, client software, the writer; counts accounts."""

    rng: np.random.Generator
    writer: Writer
    rows: int
    days: float
    release: float
    nets: pl.DataFrame = field(init=False)
    clients: pl.DataFrame = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        """Look up the networks' real ranges and set out the client software."""
        self.nets = self._networks()
        self.clients = self._software()

    def _networks(self) -> pl.DataFrame:
        """One row per range: ``net`` (a network's place), ``kind``, ``country``, ``asn``, first address and size."""
        listed = [
            (asn, c[0], "mobile" if k == len(c[4]) - 1 and k else "home")
            for c in COUNTRIES
            for k, asn in enumerate(c[4])
        ]
        listed += [(asn, c, "cloud") for asn, c in CLOUDS] + [(asn, c, "vpn") for asn, c in VPNS]
        nets = pl.DataFrame(
            listed, schema={"asn": pl.Int64, "country": pl.String, "kind": pl.String}, orient="row"
        ).with_row_index("net")
        real = self.writer.table("asn_ipv4")
        if real is None:
            first = (20 + nets["net"].cast(pl.Int64) % 180) * 2**24 + (nets["asn"] % 251) * 2**16
            return nets.with_columns(first=first, size=pl.lit(65_536, pl.Int64))
        ends = [pl.col(c).str.split(".").list.eval(pl.element().cast(pl.Int64)) for c in ("start", "end")]
        low, high = (sum(e.list.get(k) * 256 ** (3 - k) for k in range(4)) for e in ends)
        real = real.join(nets.select(pl.col("asn")), on=pl.col("asn").cast(pl.Int64), how="semi")
        real = real.select(pl.col("asn").cast(pl.Int64), first=low, size=high - low + 1).filter(pl.col("size") >= 4096)
        real = real.sort("size", descending=True).group_by("asn", maintain_order=True).head(1)
        return nets.join(real, on="asn", how="left", maintain_order="left").with_columns(
            pl.col("first").fill_null((20 + pl.col("net").cast(pl.Int64) % 180) * 2**24),
            pl.col("size").fill_null(65_536),
        )

    def _software(self) -> pl.DataFrame:
        """Clients: ``family``, ``user_agent``, ``tls``; popular versions first within a family."""
        rows = []
        for name, (shape, versions, stacks) in FAMILIES.items():
            for place, version in enumerate(versions):
                for stack in range(stacks if name in ("http", "py") and place < 4 else 1):
                    number = (place + stack) % stacks
                    mark = int(mixed(np.array([sum(map(ord, name)) * 100 + number]))[0])
                    rows.append(
                        (
                            name,
                            shape.format(*version.split("|")),
                            f"t13d{1500 + number % 5}h2_{mark & 0xFFFFFFFFFFFF:012x}",
                        )
                    )
        return pl.DataFrame(rows, schema=["family", "user_agent", "tls"], orient="row")

    def client(self, family: str, n: int) -> Ints:
        """Client numbers of ``n`` users of a family of software, popular ones more often."""
        places = np.flatnonzero((self.clients["family"] == family).to_numpy())
        weight = 1.0 / np.arange(1, len(places) + 1) ** 0.9
        return self.rng.choice(places, n, p=weight / weight.sum()).astype(np.int64)

    def own_client(self, user_agents: list[str], number: int, like: str | None = None) -> Ints:
        """Client numbers of one program of somebody's own, under one or several user agents.

        Its TLS stack is its own, or, with ``like``, the least popular one of a family that strangers use too.
        """
        mark = f"t13d{1500 + number % 5}h2_{int(mixed(np.array([number, 77]))[0]) & 0xFFFFFFFFFFFF:012x}"
        if like is not None:
            mark = self.clients.filter(pl.col("family") == like)["tls"][-1 - number]
        rows = pl.DataFrame(
            {"family": ["own"] * len(user_agents), "user_agent": user_agents, "tls": [mark] * len(user_agents)}
        )
        first = self.clients.height
        self.clients = pl.concat([self.clients, rows])
        return np.arange(first, first + len(user_agents))

    def networks(self, kind: str, n: int, country: str | None = None) -> Ints:
        """``n`` networks of a kind, of one country if it is given and has one."""
        found = self.nets.filter(pl.col("kind") == kind)
        near = found if country is None else found.filter(pl.col("country") == country)
        return self.rng.choice((near if near.height else found)["net"].to_numpy(), n).astype(np.int64)

    def people(self, n: int, cohort: str, rows: float, spread: float = 1.3) -> pl.DataFrame:
        """``n`` ordinary people with ``rows`` requests in all, heavy-tailed; cohorts change what they must."""
        rng = self.rng
        uid = np.arange(self.made, self.made + n)
        self.made += n
        share = np.array([c[3] for c in COUNTRIES], dtype=np.float64)
        home = rng.choice(len(COUNTRIES), n, p=share / share.sum())
        weight = np.minimum(rng.lognormal(0, spread, n), np.exp(3.2 * spread))
        many = 1 + rng.multinomial(max(int(rows) - n, 0), weight / weight.sum())
        nets = np.array([self.rng.choice(COUNTRIES[c][4][:-1]) for c in home])
        cells = np.array([COUNTRIES[c][4][-1] for c in home])
        place = dict(zip(self.nets["asn"].to_list(), self.nets["net"].to_list(), strict=True))
        created = -rng.exponential(120 * DAY, n)
        joined = rng.random(n) < 0.16
        begin = np.where(joined, rng.uniform(0, self.days * 0.95, n) * DAY, 0.0)
        churned = rng.random(n) < 0.15
        end = np.where(churned, begin + rng.uniform(0.05, 1, n) * (self.days * DAY - begin), self.days * DAY)
        paid = rng.random(n) < 0.55
        late = np.where(rng.random(n) < 0.22, self.release + rng.exponential(4 * DAY, n), 1e12)
        # fmt: off
        found = pl.DataFrame(
            {
                "uid": uid,
                "operator": "op_" + pl.Series(uid).cast(pl.String).str.zfill(6), "cohort": [cohort] * n,
                "campaign": [""] * n, "n": many, "t0": begin, "t1": end,
                "created": np.where(joined, begin - rng.exponential(600, n), created),
                "tz": np.array([c[1] for c in COUNTRIES])[home], "country": np.array([c[0] for c in COUNTRIES])[home],
                "lang": np.where(rng.random(n) < 0.75, np.array([c[2] for c in COUNTRIES])[home], "en"),
                "rhythm": ["human"] * n, "burst": rng.choice([2.0, 4.0, 7.0], n),
                "gap": rng.choice([45.0, 80.0, 150.0], n),
                "client": np.select(
                    [(u := rng.random(n)) < 0.72, u < 0.95], [self.client("web", n), self.client("safari", n)],
                    self.client("odd", n),
                ),
                "client_next": np.full(n, -1), "upgrade": np.full(n, 1e12),
                "net": np.array([place[a] for a in nets.tolist()]), "pool": uid + 10**9,
                "pool_size": np.ones(n, dtype=np.int64), "lease": rng.choice([1.0, 3.0, 30.0, 300.0], n) * DAY,
                "alt_net": np.array([place[a] for a in cells.tolist()]), "alt_pool": cells.astype(np.int64),
                "alt_size": np.full(n, 5), "alt": rng.choice([0.0, 0.1, 0.3], n), "fresh": np.zeros(n),
                "v6": rng.random(n) < 0.12, "model": rng.choice(3, n, p=[0.35, 0.4, 0.25]), "switch": late,
                "moved": np.full(n, 0.8), "pathway": ["console"] * n, "account_type": ["individual"] * n,
                "plan": np.where(paid, "pro", "free"),
                "payment_id": pl.Series(np.where(paid, 1, 0)).replace_strict({0: None, 1: ""}, return_dtype=pl.String)
                + hexed(mixed(uid, 3), "card_", 12),
                "email_domain": rng.choice(
                    ["gmail.com", "outlook.com", "icloud.com", "yahoo.com", "proton.me", "qq.com", "hotmail.com"], n,
                    p=[0.56, 0.16, 0.1, 0.07, 0.04, 0.04, 0.03],
                ),
                "org_id": pl.Series([None] * n, dtype=pl.String), "text": ["chat"] * n,
                "theme": np.zeros(n, dtype=np.int64), "system": np.full(n, -1),
            }
        )
        # fmt: on
        own = hexed(mixed(uid, 15), "", 8) + ".site"  # a domain of one's own
        own_domain = pl.when(pl.Series(rng.random(n) < 0.04)).then(own).otherwise("email_domain")
        return found.with_columns(email_domain=own_domain)

    def hours(self, n: int, rhythm: str) -> Floats:
        """Seconds of the local day at which sessions of a rhythm begin."""
        if rhythm == "flat":
            return self.rng.uniform(0, DAY, n)
        peaks, widths, share = (
            ([10.5, 15.2], [1.6, 1.9], [0.5, 0.5])
            if rhythm == "work"
            else ([11.0, 16.0, 21.0], [2.2, 2.6, 1.8], [0.28, 0.34, 0.38])
        )
        which = self.rng.choice(len(peaks), n, p=share)
        found: Floats = (self.rng.normal(np.array(peaks)[which], np.array(widths)[which]) % 24) * 3600
        return found

    def schedule(self, accounts: pl.DataFrame) -> pl.DataFrame:
        """When accounts send: ``a`` (place of the account), ``t`` (seconds), ``sess``, ``turn``, by session."""
        rng, n = self.rng, accounts["n"].to_numpy()
        burst, gap, tz = (accounts[c].to_numpy() for c in ("burst", "gap", "tz"))
        count = np.maximum(1, np.round(n / burst)).astype(np.int64)
        owner = np.repeat(np.arange(len(n)), count)
        t0, t1 = accounts["t0"].to_numpy()[owner], accounts["t1"].to_numpy()[owner]
        day = np.floor(rng.uniform(t0, t1) / DAY)
        rhythm = accounts["rhythm"].to_numpy()[owner]
        clock = np.zeros(len(owner))
        for name in ("human", "work", "flat"):
            rows = np.flatnonzero(rhythm == name)
            clock[rows] = self.hours(len(rows), name)
        weekend = (day % 7 >= 5) & (
            rng.random(len(owner)) < np.where(rhythm == "work", 0.93, np.where(rhythm == "human", 0.3, 0.0))
        )
        day = np.where(weekend & (day >= 5), day - rng.integers(2, 5, len(owner)), day)
        cron = rhythm == "cron"
        clock[cron] = (mixed(owner[cron], 5) % 86_400 // 300 * 300 + rng.exponential(4, int(cron.sum()))).astype(
            np.float64
        )
        start = day * DAY + (clock - tz[owner] * 3600) % DAY
        start = np.where(
            (start < t0) | (start > t1), np.where(cron, np.clip(start, t0, t1), rng.uniform(t0, t1)), start
        )
        of = np.repeat(np.arange(len(n)), n)
        first = np.cumsum(count) - count
        sess = np.sort(first[of] + np.minimum((rng.random(len(of)) * count[of]).astype(np.int64), count[of] - 1))
        fresh = np.concatenate([[True], sess[1:] != sess[:-1]])
        at = np.maximum.accumulate(np.where(fresh, np.arange(len(sess)), 0))
        of = owner[sess]
        wait = np.where(fresh, 0.0, gap[of] * rng.lognormal(0, 1.0, len(sess)))
        passed = np.cumsum(wait)
        return pl.DataFrame(
            {"a": of, "t": start[sess] + passed - passed[at], "sess": sess, "turn": np.arange(len(sess)) - at}
        )

    def placed(self, accounts: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
        """Requests (``a``, ``t``, ``sess``) with address, network, country, client and model of their accounts."""
        rng, a, t, sess = self.rng, requests["a"].to_numpy(), requests["t"].to_numpy(), requests["sess"].to_numpy()
        column = {c: accounts[c].to_numpy()[a] for c in accounts.columns if accounts[c].dtype.is_numeric() or c == "v6"}
        away = (mixed(column["uid"], sess, 1) % 1000) / 1000 < column["alt"]
        epoch = np.floor(t / column["lease"]).astype(np.int64)
        size = np.where(away, column["alt_size"], column["pool_size"])
        slot = mixed(column["uid"], sess, 2) % size
        net = np.where(away, column["alt_net"], column["net"])
        key = mixed(np.where(away, column["alt_pool"], column["pool"]), slot, np.where(away, 0, epoch), net)
        roaming = rng.random(len(a)) < column["fresh"]
        net = np.where(roaming, self.networks("home", len(a)), net)
        key = np.where(roaming, rng.integers(0, 2**60, len(a)), key)
        steady = pl.Series(column["v6"] & ~away & ~roaming)
        client = np.where(
            (column["client_next"] >= 0) & (t > column["upgrade"]), column["client_next"], column["client"]
        )
        model = np.where((t > column["switch"]) & (rng.random(len(a)) < column["moved"]), NEWEST, column["model"])
        model = np.where((rng.random(len(a)) < 0.04) & (model != NEWEST), rng.integers(0, 3, len(a)), model)
        return requests.with_columns(
            ip=choose(steady, self._six(net, key, sess), self._four(net, key)),
            asn="AS" + pl.Series(self.nets["asn"].to_numpy()[net]).cast(pl.String),
            country=self.nets["country"].gather(net),
            user_agent=self.clients["user_agent"].gather(client),
            tls_fingerprint=self.clients["tls"].gather(client),
            family=self.clients["family"].gather(client),
            model=pl.Series(MODELS, dtype=pl.String).gather(model),
        )

    def _four(self, net: Ints, key: Ints) -> pl.Series:
        """IPv4 addresses in the networks' ranges."""
        number = self.nets["first"].to_numpy()[net] + 1 + key % (self.nets["size"].to_numpy()[net] - 2)
        parts = [pl.Series(number // 256**k % 256).cast(pl.String) for k in (3, 2, 1, 0)]
        return pl.select(pl.concat_str(parts, separator=".")).to_series()

    def _six(self, net: Ints, key: Ints, sess: Ints) -> pl.Series:
        """IPv6 addresses: the network's prefix, the line's subnet, another host for every session."""
        asn = pl.Series(self.nets["asn"].to_numpy()[net])
        host = hexed(mixed(key, sess), "", 16)
        parts = [
            "2a0" + (asn % 10).cast(pl.String), asn.cast(pl.String).str.slice(0, 4), hexed(key >> 8, "", 4),
            hexed(key >> 24, "", 4), *(host.str.slice(at, 4) for at in (0, 4, 8, 12)),
        ]  # fmt: skip
        return pl.select(pl.concat_str(parts, separator=":")).to_series()
