"""The scenarios of the exam, and how a log is put together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from benchmarks.worlds.base import LabelledLog, Scenario
from benchmarks.worlds.exam.campaigns import CAMPAIGNS, Evasion, campaign
from benchmarks.worlds.exam.crowd import crowd
from benchmarks.worlds.exam.scene import DAY, START, Scene, hexed, mixed
from benchmarks.worlds.exam.text import Writer
from distillscan.columns import CANONICAL

_PLAIN: Final = Evasion()
_PROXIED: Final = Evasion(proxied=True)
_VARIED: Final = Evasion(varied=True)
_HARD: Final = Evasion(proxied=True, varied=True, distinct_cards=True, staggered=True, jitter=True, cover=0.2)


@dataclass(frozen=True)
class Cast:
    """Which campaigns a log holds, each one's share of the rows, and their caution."""

    names: tuple[str, ...]
    share: float
    evasion: Evasion
    days: float = 14.0


_ALL: Final = tuple(CAMPAIGNS)
_CASTS: Final = {
    "standard": Cast(_ALL, 0.01, _PLAIN),
    "faint": Cast(_ALL, 0.001, _PLAIN),
    "proxied": Cast(_ALL, 0.01, _PROXIED),
    "varied": Cast(_ALL, 0.01, _VARIED),
    "hard": Cast(_ALL, 0.01, _HARD),
    "clean": Cast((), 0.0, _PLAIN),
    "swamped": Cast(_ALL, 0.5, _PLAIN),
    "random": Cast(_ALL, 0.01, _PLAIN),
}


def _drawn(name: str, rng: np.random.Generator) -> Cast:
    """The scenario of a name, with what it leaves to chance."""
    found = _CASTS[name]
    if name == "swamped":
        return replace(found, names=(str(rng.choice(_ALL)),))
    if name != "random":
        return found
    some = rng.choice(_ALL, int(rng.integers(1, len(_ALL) + 1)), replace=False)
    flags = rng.random(5) < 0.4
    evasion = Evasion(*map(bool, flags.tolist()))
    evasion = replace(evasion, cover=float(rng.choice([0.0, 0.1, 0.2])))
    return Cast(
        tuple(str(x) for x in some),
        float(np.exp(rng.uniform(np.log(0.003), np.log(0.06)))),
        evasion,
        float(rng.integers(10, 22)),
    )


def _finished(scene: Scene, accounts: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """Requests of everybody as a provider's log has them: identifiers, statuses, sizes, and many nulls."""
    rng, n = scene.rng, requests.height
    uid, sess = requests["uid"].to_numpy(), requests["sess"].to_numpy()
    f = requests.join(
        accounts.select("uid", "account_id", "org_id", "payment_id", "email_domain", "account_type", "plan", "created"),
        on="uid",
        how="left",
        maintain_order="left",
    )
    cloud = f["pathway"].str.starts_with("cloud").to_numpy()
    app = f["family"].is_in(["web", "safari", "phone", "tool", "odd"]).to_numpy()
    status = rng.choice([200, 429, 500, 529], n, p=[0.965, 0.022, 0.005, 0.008])
    status = np.where(f["banned"].to_numpy(), 403, status)
    answered = status == 200
    stop = np.where(
        f["refused"].to_numpy(), "refusal", rng.choice(["end_turn", "max_tokens", "tool_use"], n, p=[0.86, 0.06, 0.08])
    )
    written = (f["prompt"].str.len_chars() + f["system_prompt"].str.len_chars().fill_null(0)).to_numpy() / 4
    spoken = np.round(np.maximum(rng.lognormal(5.6, 0.9, n), 2)).astype(np.int64)
    kept = {
        "org_id": ~cloud,
        "api_key_id": ~app & (rng.random(n) < 0.95),
        "session_id": app | (f["family"].str.starts_with("agent").to_numpy() & (rng.random(n) < 0.9)),
        "ip": ~cloud | (rng.random(n) < 0.4),
        "user_agent": rng.random(n) < np.where(cloud, 0.5, 0.98),
        "tls_fingerprint": ~cloud & (rng.random(n) < 0.9),
        "device_id": app & (rng.random(n) < 0.85),
        "payment_id": ~cloud,
        "email_domain": ~cloud,
        "account_created_at": ~cloud | (mixed(uid, 71) % 2 == 0),
        "response": answered & (rng.random(n) < np.where(mixed(uid, 72) % 3 == 0, 0.9, 0.15)),
        "output_tokens": answered,
        "stop_reason": answered,
        "reasoning_signature": answered & f["model"].str.contains("max").to_numpy() & ~app & (rng.random(n) < 0.6),
        "request_id": rng.random(n) < 0.99,
    }
    kept["asn"] = kept["country"] = kept["ip"]
    f = f.with_columns(
        timestamp=pl.lit(START) + pl.duration(microseconds=(pl.col("t") * 1e6).cast(pl.Int64)),
        account_created_at=pl.lit(START) + pl.duration(microseconds=(pl.col("created") * 1e6).cast(pl.Int64)),
        request_id=hexed(mixed(np.arange(n), 73), "req_"),
        api_key_id=hexed(mixed(uid, 74, mixed(sess, 75) % 8 // 7), "key_", 12),
        session_id=hexed(mixed(sess, uid, 76), "s_"),
        device_id=hexed(mixed(uid, 77, mixed(sess, 78) % 5 // 4), "dev_", 12),
        input_tokens=pl.Series(np.round(written * rng.uniform(0.9, 1.15, n)).astype(np.int64) + 3),
        output_tokens=pl.Series(spoken),
        cached_tokens=pl.Series(np.where(rng.random(n) < 0.4, np.round(written * 0.6), 0).astype(np.int64)),
        status_code=pl.Series(status),
        stop_reason=pl.Series(stop),
        reasoning_signature=hexed(f["signature"].to_numpy(), "sig_"),
    )
    return f.select(
        pl.when(pl.Series(kept[name])).then(pl.col(name)).otherwise(None).cast(kind).alias(name)
        if name in kept
        else pl.col(name).cast(kind)
        for name, kind in CANONICAL.items()
    )


class Exam:
    """Nine campaigns among innocents, of which two rings are one operator and harvest nothing."""

    name: Final = "exam"
    least_rows: Final = 5_000
    scenarios: Final[Mapping[str, Scenario]] = {
        name: Scenario(500_000 if name == "faint" else 200_000) for name in _CASTS
    }

    def make(self, scenario: str, rows: int, seed: int, corpus: Path | None) -> LabelledLog:
        """Make a log of the crowd and of the scenario's campaigns."""
        rng = np.random.default_rng([seed, *scenario.encode()])
        cast = _drawn(scenario, rng)
        release = round(cast.days * rng.uniform(0.4, 0.6)) * DAY + 17 * 3600
        scene = Scene(rng, Writer(rng, corpus), rows, cast.days, release)
        accounts, requests = _together(_parts(scene, cast, rows), seed)
        labels = accounts.filter(pl.col("uid").is_in(requests["uid"].unique().implode())).select(
            "account_id", "operator", "cohort", campaign=pl.when(pl.col("campaign") != "").then("campaign")
        )
        return LabelledLog(_finished(scene, accounts, requests), labels.sort("account_id"))


def _parts(scene: Scene, cast: Cast, rows: int) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Accounts and requests of the crowd, then of each campaign."""
    each = int(rows * cast.share)
    ordinary = rows - each * len(cast.names)
    scale = rows / 200_000
    parts = [crowd(scene, ordinary, int(np.clip(ordinary / 19, 300, 1_000_000)))]
    for number, name in enumerate(cast.names):
        size = int(scene.rng.integers(40, 151) * max(1.0, scale if cast.share < 0.2 else 6 * scale))
        parts.append(campaign(scene, name, each, min(size, max(24, each // 6)), cast.evasion, number))
    return parts


def _together(parts: list[tuple[pl.DataFrame, pl.DataFrame]], seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All accounts, now with identifiers, and all requests in order of time."""
    accounts = _stacked([accounts for accounts, _ in parts])
    accounts = accounts.with_columns(account_id=hexed(mixed(accounts["uid"].to_numpy(), seed, 79), "acct_"))
    return accounts, _stacked([r.with_columns(uid=a["uid"].gather(r["a"])) for a, r in parts]).sort("t")


def _stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The frames below each other, with the columns and types of the first."""
    first = frames[0]
    return pl.concat([frame.select(first.columns).cast(dict(first.schema)) for frame in frames])  # type: ignore[arg-type]
