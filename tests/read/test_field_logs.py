"""The sample logs, written as other tools write them, have the same clusters."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distillscan import analyze
from distillscan.options import AnalyzeOptions
from tests.support.places import ROOT

IDS = ("device_id", "payment_id", "org_id", "api_key_id", "session_id")
ROW = pl.int_range(pl.len())
PORT = (1024 + ROW % 60_000).cast(pl.String)
IP = pl.col("ip")


def filled(value: str, *columns: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda log: log.with_columns(pl.col(columns or pl.String).fill_null(value))


def dates(pattern: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    columns = ("timestamp", "account_created_at")
    return lambda log: log.with_columns(pl.col(columns).str.to_datetime(time_zone="UTC").dt.strftime(pattern))


VARIANTS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    **{f"nulls are {marker}": filled(marker) for marker in ("NULL", "\\N", "None", "nan", "-", "N/A")},
    "no value is unknown": filled("unknown", *IDS, "tls_fingerprint"),
    "no value is the UUID of nothing": filled("00000000-0000-0000-0000-000000000000", *IDS),
    "no value is a default of the gateway's own": filled("gw-default", "payment_id", "api_key_id"),
    "addresses with ports": lambda log: log.with_columns(
        pl.when(IP.str.contains(":")).then("[" + IP + "]:" + PORT).otherwise(IP + ":" + PORT)
    ),
    "addresses with hops": lambda log: log.with_columns(
        IP + ", 198.18.7." + (ROW % 250).cast(pl.String) + ", 10.0.0.1"
    ),
    "addresses in the long form": lambda log: log.with_columns(
        pl.when(IP.str.contains(":")).then(IP.str.to_uppercase()).otherwise("::ffff:" + IP)
    ),
    "American dates": dates("%m/%d/%Y %H:%M:%S%.6f"),
    "German dates": dates("%d.%m.%Y %H:%M:%S%.6f"),
    "dates of Kibana": dates("%b %-d, %Y @ %H:%M:%S%.6f"),
}


@cache
def sample(name: str) -> pl.DataFrame:
    path = ROOT / "sample_logs" / name
    log = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    return log.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).cast(pl.String)


def clusters(path: Path) -> list[tuple[Any, ...]]:
    found = analyze(path, AnalyzeOptions()).result.clusters
    return [(one.severity, one.account_ids, one.score, one.coordination, one.extraction) for one in found]


@cache
def expected(name: str) -> list[tuple[Any, ...]]:
    return clusters(ROOT / "sample_logs" / name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_sample_log_in_other_clothes_has_the_same_clusters(variant: str, tmp_path: Path) -> None:
    VARIANTS[variant](sample("small.csv")).write_csv(tmp_path / "log.csv")
    assert expected("small.csv")
    assert clusters(tmp_path / "log.csv") == expected("small.csv")


@pytest.mark.parametrize("variant", ["nulls are NULL", "no value is unknown", "addresses with ports"])
def test_so_has_the_large_one(variant: str, tmp_path: Path) -> None:
    VARIANTS[variant](sample("default.parquet")).write_parquet(tmp_path / "log.parquet")
    assert expected("default.parquet")
    assert clusters(tmp_path / "log.parquet") == expected("default.parquet")
