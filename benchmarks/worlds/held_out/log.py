"""From requests to the rows of a log: outcomes, identifiers, and what each pathway leaves empty."""

from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl

from benchmarks.worlds.held_out.prompts import COMPACT
from benchmarks.worlds.held_out.scene import MODELS, START, Scene, hexes, lengths
from benchmarks.worlds.held_out.words import mix, uniform
from benchmarks.worlds.text import Numbers
from distillscan.columns import CANONICAL, TIMESTAMP

LABELS: Final = ("account_id", "operator", "cohort", "campaign")


def _instant(seconds: pl.Expr) -> pl.Expr:
    return (pl.lit(START) + pl.duration(microseconds=(seconds * 1e6).cast(pl.Int64))).cast(TIMESTAMP)


def _outcome(scene: Scene, rows: pl.DataFrame) -> pl.DataFrame:
    """Status, tokens and how the answer ended, where the requests do not say it already."""
    rng, count = scene.rng, len(rows)
    roll = rng.random(count)
    usual = np.select([roll < 0.005, roll < 0.007, roll < 0.012, roll < 0.013], [429, 529, 400, 403], 200)
    status = rows["status"].fill_null(pl.Series(usual)).to_numpy()
    good = status == 200
    ended = rng.choice(4, p=[0.83, 0.06, 0.105, 0.005], size=count)
    client = scene.clients.is_agent(rows["client"].to_numpy())
    ended = np.where(client & (rng.random(count) < 0.75), 2, ended)
    words = pl.Series(["end_turn", "max_tokens", "tool_use", "refusal"]).gather(ended)
    spoken = (
        rows["prompt"].str.len_bytes().to_numpy() + rows["system_prompt"].str.len_bytes().fill_null(0).to_numpy()
    ) / 4
    hidden = (rows["pathway"] == "app").to_numpy() * rows["turn"].to_numpy() * 260
    sent = (spoken + hidden).astype(np.int64) + 8
    answered = lengths(rng, count, 260, 1.0, 16_000)
    frame = pl.DataFrame(
        {
            "key": rows["key"],
            "session": rows["session"],
            "turn": rows["turn"],
            "input_tokens": sent,
            "output_tokens": answered,
            "status_code": status,
            "good": good,
            "stop": rows["stop"].fill_null(words),
        }
    )
    # Caches hold what the same account sent a moment ago: of conversations that grow, nearly all.
    cached = pl.col("input_tokens").shift(1).over("key", "session", order_by="turn").fill_null(0) * 0.93
    grown = (pl.col("turn") % COMPACT > 0) & pl.Series((rows["pathway"] != "app").to_numpy())
    return frame.select(
        "status_code",
        pl.when("good").then("stop").alias("stop_reason"),
        "input_tokens",
        pl.when("good").then("output_tokens").alias("output_tokens"),
        pl.when(pl.col("good") & grown)
        .then(pl.min_horizontal(cached.cast(pl.Int64), "input_tokens"))
        .when("good")
        .then(0)
        .alias("cached_tokens"),
    )


def _signature(rows: pl.DataFrame) -> pl.Series:
    """Signed reasoning of the turn before, which API clients of thinking conversations send back."""
    key, session, turn = (rows[name].to_numpy() for name in ("key", "session", "turn"))
    thinking = (uniform(key, session, 33) < 0.4) & (turn % COMPACT > 0) & (rows["pathway"] != "app").to_numpy()
    thinking &= np.isin(rows["model_number"].to_numpy(), (0, 1, 6))
    text = hexes(mix(key, session, turn), 8)
    frame = pl.DataFrame({"t": thinking, "s": text, "own": rows["signature"]})
    return frame.select(pl.coalesce("own", pl.when("t").then("s")).alias("s"))["s"]


def _replies(scene: Scene, rows: pl.DataFrame) -> pl.Series:
    """The logged part of answers: some pathways keep the beginning for some requests."""
    kept = (scene.rng.random(len(rows)) < 0.08) & (rows["pathway"] != "cloud_a").to_numpy()
    made = scene.text.prose(scene.rng, lengths(scene.rng, int(kept.sum()), 50, 0.5, 90), rows["key"].to_numpy()[kept])
    text = np.full(len(rows), None, dtype=object)
    text[kept] = made.to_list()
    return rows["reply"].fill_null(pl.Series(text.tolist(), dtype=pl.String))


def _quirks(rows: pl.DataFrame, key: Numbers, lost: pl.Series) -> pl.DataFrame:
    """What every real log has: placeholders, balancers in place of clients, dates of a migration."""
    moved = pl.Series((uniform(key, 61) < 0.06) & (rows["created"].to_numpy() < -30 * 86_400))
    hidden = pl.Series(uniform(key, 62) < 0.01)
    inside = lost.is_between(0.5, 0.505) & rows["ip"].is_not_null()
    migration = pl.lit(datetime(2026, 5, 1, tzinfo=UTC)).cast(TIMESTAMP)
    return rows.with_columns(
        pl.when(moved & rows["account_created_at"].is_not_null())
        .then(migration)
        .otherwise("account_created_at")
        .alias("account_created_at"),
        pl.when(hidden & rows["device_id"].is_not_null())
        .then(pl.lit("0" * 16))
        .otherwise("device_id")
        .alias("device_id"),
        pl.when(inside).then(pl.lit("10.4.0.17")).otherwise("ip").alias("ip"),
        *[pl.when(inside).then(None).otherwise(name).alias(name) for name in ("asn", "country")],
    )


def to_log(scene: Scene, requests: pl.DataFrame) -> pl.DataFrame:
    """Rows of the log in order of time, with the canonical columns; requests outside its span are left out."""
    absent = {"status": pl.Int64, "stop": pl.String, "signature": pl.String, "reply": pl.String}
    rows = requests.with_columns(
        [pl.lit(None, dtype).alias(name) for name, dtype in absent.items() if name not in requests.columns]
    ).filter(pl.col("seconds").is_between(0, scene.end, closed="left"))
    rng, count = scene.rng, len(rows)
    key, session = rows["key"].to_numpy(), rows["session"].to_numpy()
    clients = scene.clients.columns(rows["client"].to_numpy())
    named = pl.Series(scene.clients.is_agent(rows["client"].to_numpy()))
    app, cloud = pl.col("pathway") == "app", pl.col("pathway").is_in(["cloud_a", "cloud_b"])
    lost = pl.Series(rng.random(count))
    full = rows.with_columns(
        *clients.get_columns(),
        *_outcome(scene, rows).get_columns(),
        _instant(pl.col("seconds")).alias("timestamp"),
        _instant(pl.col("created")).alias("account_created_at"),
        pl.format("req_{}", hexes(mix(key, np.arange(count), 9), 6)).alias("request_id"),
        pl.Series("session_id", hexes(mix(key, session, 2), 6)),
        pl.Series("api_key_id", hexes(mix(key, mix(session) % np.uint64(7) == 0, 3), 4)),
        scene.clients.devices(key, session).alias("device_id"),
        MODELS.gather(rows["model_number"].to_numpy()).alias("model"),
        _signature(rows).alias("reasoning_signature"),
        _replies(scene, rows).alias("response"),
    )
    seen = cloud.not_() & (lost > 0.02)
    full = full.with_columns(
        *[pl.when(seen).then(name).alias(name) for name in ("ip", "asn", "country")],
        pl.when(cloud.not_() & (lost < 0.95)).then("tls_fingerprint").alias("tls_fingerprint"),
        pl.when(pl.col("pathway") != "cloud_a").then("user_agent").alias("user_agent"),
        *[
            pl.when(cloud.not_()).then(name).alias(name)
            for name in ("account_created_at", "email_domain", "payment_id")
        ],
        pl.when(app).then("device_id").alias("device_id"),
        pl.when(app | named & cloud.not_()).then("session_id").alias("session_id"),
        pl.when(app.not_()).then("api_key_id").alias("api_key_id"),
    )
    return (
        _quirks(full, key, lost)
        .sort("timestamp", "request_id")
        .select([pl.col(name).cast(dtype) for name, dtype in CANONICAL.items()])
    )


def labels(people: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """The truth about the accounts of a log."""
    return (
        people.select(LABELS)
        .filter(pl.col("account_id").is_in(log["account_id"].unique().to_list()))
        .sort("account_id")
    )
