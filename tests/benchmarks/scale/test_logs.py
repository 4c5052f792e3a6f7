"""Logs are made once, as large as is asked for, and found again."""

from pathlib import Path

import click
import polars as pl
import pytest

from benchmarks.scale.logs import Log, counts, labels_of, parse, requests_per_account, short
from distillscan.simulate import Simulation, load_scenario


@pytest.mark.parametrize(
    ("number", "text"), [(3_700, "3.7k"), (50_000, "50k"), (999_000, "999k"), (1_000_000, "1M"), (1_500_000, "1.5M")]
)
def test_accounts_are_written_short(number: int, text: str) -> None:
    assert short(number) == text


def test_logs_are_named_by_world_scenario_texts_and_accounts() -> None:
    assert parse("default", 50_000, None).name == "default_50k"
    assert parse("held_out/plain", 20_000, None).name == "held_out_plain_20k"
    assert parse("mission", 37_000, Path("texts")).name == "mission_corpus_37k"


@pytest.mark.parametrize("family", ["nowhere/plain", "none", "held_out/none"])
def test_what_no_world_has_is_a_usage_error(family: str) -> None:
    with pytest.raises(click.UsageError, match=r"has no scenario none; there are|there is no world nowhere"):
        parse(family, 1_000, None)


def test_a_log_has_about_as_many_accounts_as_asked_for() -> None:
    rows = round(370_000 * requests_per_account("simulator", "mission"))
    sizes = Simulation(load_scenario("mission"), rows, 1).sizes.values()
    assert sum(size.accounts for size in sizes) == pytest.approx(370_000, rel=0.01)


def test_a_log_is_made_once_and_then_found(tmp_path: Path) -> None:
    log = Log("simulator", "small", 60)
    path = log.find(tmp_path / "logs")
    rows, accounts = counts(path)
    assert rows == pl.read_parquet(path).height
    assert accounts == pl.read_csv(labels_of(path)).height
    made = path.stat().st_mtime_ns
    assert log.find(tmp_path / "logs").stat().st_mtime_ns == made
