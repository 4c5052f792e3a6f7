"""Logs for timing: the same requests in every shape, and records that the tool recognises."""

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.speed.logs.gateways import SOURCES, Record
from benchmarks.speed.logs.requests import write_log
from benchmarks.speed.logs.shapes import Logs, prompt_bytes
from distillscan import analyze


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    return Logs(tmp_path_factory.mktemp("logs"))


def test_the_ordinary_log_has_templates_on_accounts_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write_log(path, 5_000)
    log = pl.read_parquet(path)
    assert log.height == 5_000
    assert log["timestamp"].is_sorted()
    assert log["request_id"].n_unique() == 5_000
    assert log["prompt"].str.ends_with(" ").all()
    assert 450 < log["prompt"].str.len_bytes().mean() < 800  # type: ignore[operator]
    number = log["account_id"].str.extract(r"acct_(\d+)").cast(pl.Int64)
    beginnings = log.with_columns(pl.col("prompt").str.split(" ").list.head(3).list.join(" ").alias("words"))
    planted = beginnings.filter(number >= 1_000)
    assert 50 < planted.height < 160  # 2 %
    assert planted["words"].n_unique() == 3
    words = log["prompt"].str.count_matches(" ")
    assert (log["input_tokens"] == (words * 1.3).cast(pl.Int32)).all()


def test_a_log_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    first, second = (pl.read_parquet(path) for path in logs.twice(300))
    assert not first.equals(second)
    assert pl.read_parquet(Logs(tmp_path / "again").ordinary(300)).equals(first)


def test_logs_of_every_shape_hold_the_same_requests(logs: Logs) -> None:
    log = pl.read_parquet(logs.ordinary(64))
    assert pl.read_parquet(logs.one_group(64)).equals(log)
    files = logs.files(64, 10)
    assert pl.read_parquet(sorted(files.iterdir())).equals(log)
    assert len(list(files.iterdir())) == 10
    texts = ["account_id", "ip", "prompt"]
    assert pl.read_csv(logs.csv(64)).select(texts).equals(log.select(texts))
    assert json.loads(logs.ndjson(64).read_text().splitlines()[5])["prompt"] == log["prompt"][5]
    long = pl.read_parquet(logs.long_prompts(4))
    assert long["prompt"].to_list() == ["".join(log["prompt"][at : at + 16]) for at in range(0, 64, 16)]
    total = log["prompt"].str.len_bytes().sum()
    assert prompt_bytes([logs.one_group(64), files]) == 2 * total


def test_a_log_is_made_once(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    path = logs.ordinary(32)

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("benchmarks.speed.logs.shapes.write_log", fail)
    assert logs.ordinary(32) == path
    with pytest.raises(AssertionError):
        logs.ordinary(33)


def test_a_log_that_was_not_finished_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(path: Path, *_: object) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("benchmarks.speed.logs.shapes.write_log", stop)
        with pytest.raises(KeyboardInterrupt):
            Logs(tmp_path).ordinary(16)
    assert pl.read_parquet(Logs(tmp_path).ordinary(16)).height == 16


@pytest.mark.parametrize("source", SOURCES)
def test_records_are_recognised_and_all_their_requests_read(logs: Logs, source: str) -> None:
    log = pl.read_parquet(logs.ordinary(400))
    result = analyze(logs.recognised(400, source)).result
    assert result.population.requests == 400
    assert result.population.accounts == log["account_id"].n_unique()
    assert result.rejected.rows == 0
    # Bodies are read only if the source is known.
    assert {"system_prompt", "prompt", "response", "cached_tokens"} <= {column.name for column in result.columns}


def sent(record: Record) -> str:
    body = record["input"]["inputBodyJson"] if "input" in record else record
    return str(body["messages"][-1]["content"][0]["text"])


@pytest.mark.parametrize("source", SOURCES)
def test_records_hold_the_prompts_of_the_ordinary_log(logs: Logs, source: str) -> None:
    lines = [json.loads(line) for line in logs.recognised(400, source).read_text().splitlines()]
    log = pl.read_parquet(logs.ordinary(400))
    assert [sent(line) for line in lines] == log["prompt"].to_list()
    assert log["prompt"][-1][:400] in json.dumps(lines[0])  # the answer is another request's words
