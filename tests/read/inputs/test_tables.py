"""Of a Delta table only the files count that its latest version refers to; bodies beside a Bedrock log are no log."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from tests.support.small_logs import T0, ndjson_bytes, parquet_bytes, read_all


def part(folder: Path, name: str, *accounts: str) -> None:
    rows = [{"timestamp": T0, "account_id": one} for one in accounts]
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(parquet_bytes(rows))


def commit(folder: Path, version: int, **actions: list[str]) -> None:
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({action: {"path": path}}) for action, paths in actions.items() for path in paths]
    (log / f"{version:020}.json").write_text("\n".join(['{"protocol": {}}', *lines]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table of two files that were compacted into one, and one file in a folder with a blank in its name."""
    table = tmp_path / "t"
    for name, accounts in (("a.parquet", "a"), ("b.parquet", "b"), ("ab.parquet", "ab"), ("d=x y/c.parquet", "c")):
        part(table, name, *accounts)
    commit(table, 0, add=["a.parquet", "b.parquet", "d=x%20y/c.parquet"])
    commit(table, 1, add=["ab.parquet"], remove=["a.parquet", "b.parquet"])
    return table


def accounts(*paths: Path | str) -> list[str]:
    return sorted(read_all(paths).values("account_id"))


def test_replaced_files_are_left_out_and_counted(folder: Path) -> None:
    found = read_all([folder], tmp=folder.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c"]
    assert "t: left out 2 file(s) that this Delta table does not refer to any more" in found.notes
    assert accounts(folder / "*.parquet") == ["a", "b"]
    assert accounts(folder.parent) == ["a", "b", "c"]
    assert accounts(folder / "d=x y") == ["c"]
    assert accounts(folder / "a.parquet") == ["a"]


def test_a_table_named_from_inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert accounts(".") == ["a", "b", "c"]


def test_a_file_that_comes_back_or_is_rewritten_in_place_counts(folder: Path) -> None:
    commit(folder, 2, remove=["ab.parquet"], add=["a.parquet"])
    commit(folder, 3, add=["a.parquet"], remove=["a.parquet"])
    assert accounts(folder) == ["a", "c"]


def test_from_a_checkpoint_on(folder: Path) -> None:
    log = folder / "_delta_log"
    added = [{"path": "ab.parquet"}, {"path": "d=x%20y/c.parquet"}, None]
    pl.DataFrame({"add": added, "remove": [None, None, {"path": "a.parquet"}]}).write_parquet(
        log / f"{1:020}.checkpoint.parquet"
    )
    (log / f"{0:020}.json").unlink()
    commit(folder, 2, remove=["d=x%20y/c.parquet"])
    (log / "_last_checkpoint").write_text('{"version": 1}')
    assert accounts(folder) == ["a", "b"]


@pytest.mark.parametrize("text", ["{", '{"add": {}}', '{"add": 1}', "[]"])
def test_a_broken_log_is_said_and_everything_read(folder: Path, text: str) -> None:
    (folder / "_delta_log" / f"{2:020}.json").write_text(text)
    found = read_all([folder], tmp=folder.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    said = "t: the log of this Delta table cannot be read: all files below it are read, also those that were replaced"
    assert said in found.notes


@pytest.mark.parametrize("version", [0, 1])
def test_a_log_of_which_commits_are_missing_leaves_nothing_out(folder: Path, version: int) -> None:
    commit(folder, 2, add=["a.parquet"])
    (folder / "_delta_log" / f"{version:020}.json").unlink()
    found = read_all([folder], tmp=folder.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    assert any("the log of this Delta table is not complete: all files below it are read" in one for one in found.notes)


@pytest.mark.parametrize("ending", ["checkpoint.parquet", "checkpoint.6f1c.json", "checkpoint.6f1c.parquet"])
def test_a_checkpoint_in_several_files_leaves_nothing_out(folder: Path, ending: str) -> None:
    path = folder / "_delta_log" / f"{1:020}.{ending}"
    sidecar = {"path": "6f1c.parquet", "sizeInBytes": 1}
    if ending.endswith("json"):
        path.write_text(json.dumps({"sidecar": sidecar}))
    else:
        nothing = pl.Series([None], dtype=pl.Struct({"path": pl.String}))
        pl.DataFrame({"add": nothing, "sidecar": [sidecar]}).write_parquet(path)
    found = read_all([folder], tmp=folder.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    assert any("the log of this Delta table cannot be read" in note for note in found.notes)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_rows_that_are_marked_as_deleted_are_said(folder: Path, checkpoint: bool) -> None:
    log = folder / "_delta_log"
    marked = {"path": "ab.parquet", "deletionVector": {"storageType": "u", "cardinality": 1}}
    if checkpoint:
        added = [marked, {"path": "d=x%20y/c.parquet", "deletionVector": None}]
        pl.DataFrame({"add": added}).write_parquet(log / f"{2:020}.checkpoint.parquet")
    lines = ({"remove": {"path": "ab.parquet"}}, {"add": marked})
    (log / f"{2:020}.json").write_text("\n".join(map(json.dumps, lines)))
    found = read_all([folder], tmp=folder.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c"]
    (said,) = [note for note in found.notes if "deletion vectors" in note]
    assert said.startswith("t: 1 file(s) of this Delta table hold rows that are marked as deleted")


def test_bodies_beside_a_bedrock_log_are_one_line(tmp_path: Path) -> None:
    hour = tmp_path / "AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/01/02/12"
    (hour / "data").mkdir(parents=True)
    record = {"timestamp": T0, "modelId": "m", "schemaType": "ModelInvocationLog", "identity": {"arn": "a"}}
    (hour / "log.json.gz").write_bytes(gzip.compress(ndjson_bytes([record])))
    for at in range(12):
        body = gzip.compress(ndjson_bytes([{"messages": [{"role": "user", "content": "x"}]}]))
        (hour / f"data/req{at}_{'input' if at % 2 else 'output'}.json.gz").write_bytes(body)
    found = read_all([tmp_path])
    assert found.values("account_id") == ["a"]
    assert found.unread == ()
    (said,) = [note for note in found.notes if "left out" in note]
    assert ": left out 12 file(s) with bodies that Bedrock keeps apart (" in said


def test_files_with_any_name_that_begin_like_a_log_are_read(tmp_path: Path) -> None:
    row = {"timestamp": T0, "account_id": "a"}
    line = ndjson_bytes([row])
    files = {
        "stream-1-2026-01-02-12-00-00-6f1c": line,
        "000000.gz": gzip.compress(b"2026-01-02T12:00:00Z " + line),
        "part-0": parquet_bytes([row]),
        "0.log": b"2026-01-02T12:00:00Z stdout F starting\n2026-01-02T12:00:00Z stdout F " + line,
        "notes.txt": b"a, b\n",
        "broken.gz": gzip.compress(line)[:12],
        "picture": b"\x89PNG\r\n\x1a\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = read_all([tmp_path], tmp=tmp_path.parent)
    assert found.values("account_id") == ["a"] * 4
    assert any("left out 3 file(s) with an unknown ending" in note for note in found.notes)


def test_metadata_of_an_iceberg_table_is_no_log(tmp_path: Path) -> None:
    part(tmp_path / "t", "data/a.parquet", "a")
    (tmp_path / "t/metadata").mkdir()
    (tmp_path / "t/metadata/v1.metadata.json").write_text('{"snapshots": [{"timestamp-ms": 1767355200000}]}')
    (tmp_path / "t/metadata/snap-1.avro").write_bytes(b"Obj\x01")
    found = read_all([tmp_path])
    assert (found.values("account_id"), found.unread) == (["a"], ())
    assert any("left out 2 file(s) with metadata of an Iceberg table" in note for note in found.notes)
