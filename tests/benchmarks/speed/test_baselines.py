"""What the tool is timed against answers what it says."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from benchmarks.speed.baselines import scan
from tests.support.places import ROOT

FOLDER = ROOT / "benchmarks" / "speed" / "baselines"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Six accounts ask after the same eight words, four after others; one pair shares two addresses, three one."""
    eight = "one two three four five six seven eight"
    rows = [(f"a{i}", f"10.0.0.{i}", f"{eight} number {i}") for i in range(6)]
    rows += [(f"b{i}", "10.1.1.1" if i < 3 else f"10.2.0.{i}", f"nine {eight} {i}") for i in range(4)]
    rows += [("a0", "10.3.0.1", "alone"), ("a1", "10.3.0.1", "again"), ("a0", "10.0.0.1", "moved")]
    path = tmp_path / "log.parquet"
    pl.DataFrame(rows, schema=["account_id", "ip", "prompt"], orient="row").write_parquet(path)
    return path


def run(script: str, log: Path) -> str:
    return subprocess.run([sys.executable, FOLDER / script, log], capture_output=True, text=True, check=True).stdout


def test_queries_count_shared_beginnings_and_pairs_of_accounts(log: Path) -> None:
    pytest.importorskip("duckdb")
    from benchmarks.speed.baselines.duckdb_queries import Answers, ask

    assert ask(str(log), 1) == Answers(beginnings=1, pairs=4)
    assert run("duckdb_queries.py", log) == "Answers(beginnings=1, pairs=4)\n"


def test_scan_hashes_every_prompt(log: Path) -> None:
    hashed = int(pl.read_parquet(log)["prompt"].hash().sum())
    assert scan.hash_prompts(str(log)) == hashed
    assert run("scan.py", log) == f"{hashed}\n"
