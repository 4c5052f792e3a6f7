"""Makes one log of the exam with its answers: ``exam_make.py SCENARIO OUT.parquet [--rows N]`` and so on."""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from exam_campaigns import CAMPAIGNS, Evasion, campaign
from exam_crowd import crowd
from exam_text import Writer
from exam_world import DAY, START, World, hexed, mixed

from distillscan.columns import CANONICAL

PLAIN = Evasion()
PROXIED = Evasion(proxied=True)
VARIED = Evasion(varied=True)
HARD = Evasion(proxied=True, varied=True, distinct_cards=True, staggered=True, jitter=True, cover=0.2)


@dataclass(frozen=True)
class Scenario:
    """Which campaigns a log holds, each one's share of the rows, and their caution."""

    names: tuple[str, ...]
    share: float
    evasion: Evasion
    days: float = 14.0


ALL = tuple(CAMPAIGNS)
SCENARIOS = {
    "standard": Scenario(ALL, 0.01, PLAIN),
    "faint": Scenario(ALL, 0.001, PLAIN),
    "proxied": Scenario(ALL, 0.01, PROXIED),
    "varied": Scenario(ALL, 0.01, VARIED),
    "hard": Scenario(ALL, 0.01, HARD),
    "clean": Scenario((), 0.0, PLAIN),
    "swamped": Scenario(ALL, 0.5, PLAIN),
    "random": Scenario(ALL, 0.01, PLAIN),
}


def drawn(name: str, rng: np.random.Generator) -> Scenario:
    """The scenario of a name, with what it leaves to chance."""
    found = SCENARIOS[name]
    if name == "swamped":
        return replace(found, names=(str(rng.choice(ALL)),))
    if name != "random":
        return found
    some = rng.choice(ALL, int(rng.integers(1, len(ALL) + 1)), replace=False)
    flags = rng.random(5) < 0.4
    evasion = Evasion(*map(bool, flags.tolist()))
    evasion = replace(evasion, cover=float(rng.choice([0.0, 0.1, 0.2])))
    return Scenario(
        tuple(str(x) for x in some),
        float(np.exp(rng.uniform(np.log(0.003), np.log(0.06)))),
        evasion,
        float(rng.integers(10, 22)),
    )


def finished(world: World, accounts: pl.DataFrame, requests: pl.DataFrame) -> pl.DataFrame:
    """Requests of everybody as a provider's log has them: identifiers, statuses, sizes, and many nulls."""
    rng, n = world.rng, requests.height
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


def make(name: str, rows: int, seed: int, corpus: Path | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A scenario's log, in order of time, and its labels."""
    rng = np.random.default_rng([seed, *name.encode()])
    scenario = drawn(name, rng)
    release = round(scenario.days * rng.uniform(0.4, 0.6)) * DAY + 17 * 3600
    world = World(rng, Writer(rng, corpus), rows, scenario.days, release)
    each = int(rows * scenario.share)
    most = max(24, each // 6)
    ordinary = rows - each * len(scenario.names)
    scale = rows / 200_000
    parts = [crowd(world, ordinary, int(np.clip(ordinary / 19, 300, 1_000_000)))]
    for number, which in enumerate(scenario.names):
        size = int(rng.integers(40, 151) * max(1.0, scale if scenario.share < 0.2 else 6 * scale))
        parts.append(campaign(world, which, each, min(size, most), scenario.evasion, number))
    frames = [accounts for accounts, _ in parts]
    accounts = pl.concat([x.select(frames[0].columns).cast(dict(frames[0].schema)) for x in frames])  # type: ignore[arg-type]
    accounts = accounts.with_columns(account_id=hexed(mixed(accounts["uid"].to_numpy(), seed, 79), "acct_"))
    requests = [r.with_columns(uid=a["uid"].gather(r["a"])) for a, r in parts]
    columns = requests[0].columns
    whole = pl.concat([r.select(columns).cast(dict(requests[0].schema)) for r in requests]).sort("t")  # type: ignore[arg-type]
    labels = accounts.filter(pl.col("uid").is_in(whole["uid"].unique().implode())).select(
        "account_id", "operator", "cohort", campaign=pl.when(pl.col("campaign") != "").then("campaign")
    )
    return finished(world, accounts, whole), labels.sort("account_id")


def main() -> None:
    """Reads the command line and writes the log and the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=sorted(SCENARIOS))
    parser.add_argument("out", type=Path, help="the log to be written, OUT.parquet; its answers go to OUT.labels.csv")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--corpus", type=Path, default=None, help="folder with the real corpora; invented text without it"
    )
    options = parser.parse_args()
    if options.rows < 5_000:
        parser.error(f"--rows {options.rows} is too small for a log with all its cohorts; give 5000 or more")
    log, labels = make(options.scenario, options.rows, options.seed, options.corpus)
    log.write_parquet(options.out, compression="zstd", compression_level=1, row_group_size=65_536)
    labels.write_csv(options.out.with_suffix(".labels.csv"))


if __name__ == "__main__":
    main()
