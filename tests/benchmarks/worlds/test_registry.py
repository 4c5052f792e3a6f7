"""The three worlds behind one protocol, and the command that makes a log of any."""

import subprocess
import sys
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner

from benchmarks.worlds.__main__ import main
from benchmarks.worlds.registry import WORLDS, check_scenarios, rows_of
from distillscan.columns import CANONICAL
from distillscan.evaluate import read_labels
from tests.support.places import ROOT


@pytest.mark.parametrize(
    ("world", "scenario", "rows"),
    [("simulator", "small", 1_500), ("held_out", "quiet", 1_000), ("exam", "clean", 5_000)],
)
def test_every_world_writes_a_log_and_labels_that_evaluate_reads(
    world: str, scenario: str, rows: int, tmp_path: Path
) -> None:
    output = tmp_path / "log.parquet"
    arguments = [world, scenario, str(output), "--rows", str(rows), "--seed", "4"]
    assert CliRunner().invoke(main, arguments).output == ""
    log, labels = pl.read_parquet(output), read_labels(tmp_path / "log.labels.csv")
    assert set(log.columns) <= set(CANONICAL)
    assert {"timestamp", "account_id", "prompt"} <= set(log.columns)
    assert set(log["account_id"]) == set(labels["account_id"])
    again = WORLDS[world].make(scenario, rows, 4, None).log
    assert log.equals(again)
    assert abs(len(log) - rows) < rows / 5


@pytest.mark.parametrize(("world", "scenario"), [("held_out", "quiet"), ("exam", "clean")])
def test_a_corpus_that_lacks_a_file_is_no_reason_to_invent_text_in_silence(
    world: str, scenario: str, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"benign_prompts\.parquet"):
        WORLDS[world].make(scenario, 5_000, 1, tmp_path)


def test_rows_are_those_asked_for_and_more_where_campaigns_are_rare() -> None:
    simulator, held_out = WORLDS["simulator"], WORLDS["held_out"]
    assert [rows_of(simulator, name, 1_000) for name in ("default", "one_percent", "per_mille")] == [
        1_000,
        3_000,
        8_000,
    ]
    assert [rows_of(simulator, name, None) for name in ("default", "disclosed")] == [60_000, 240_000]
    assert [rows_of(held_out, "sparse", asked) for asked in (None, 150_000)] == [500_000, 150_000]
    with pytest.raises(click.UsageError, match="4999 rows are too few for all cohorts of exam; give 5,000"):
        rows_of(WORLDS["exam"], "hard", 4_999)


def test_scenarios_are_all_or_those_named() -> None:
    exam = WORLDS["exam"]
    assert check_scenarios(exam, ()) == tuple(exam.scenarios)
    assert check_scenarios(exam, ("hard", "clean")) == ("hard", "clean")
    with pytest.raises(click.UsageError, match="exam has no scenario plain; there are standard, faint, "):
        check_scenarios(exam, ("hard", "plain"))


@pytest.mark.parametrize("world", ["held_out", "exam"])
def test_the_two_worlds_know_neither_simulator_nor_detectors(world: str) -> None:
    script = (
        f"import sys, benchmarks.worlds.{world}.scenarios\n"
        "print(*sorted(name for name in sys.modules if name.startswith('distillscan.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["distillscan.columns"]
