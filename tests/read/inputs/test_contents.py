"""Files in folders: bodies beside a Bedrock log are no log, and what begins like one is read whatever its name."""

import gzip
import shutil
from pathlib import Path

import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from tests.support.places import FIXTURES
from tests.support.small_logs import T0, ndjson_bytes, parquet_bytes, read_all


def test_bodies_beside_a_bedrock_log_are_one_line(tmp_path: Path) -> None:
    hour = tmp_path / "AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/01/02/12"
    (hour / "data").mkdir(parents=True)
    record = {"timestamp": T0, "modelId": "m", "schemaType": "ModelInvocationLog", "identity": {"arn": "a"}}
    (hour / "log.json.gz").write_bytes(gzip.compress(ndjson_bytes([record]), mtime=0))
    for at in range(12):
        body = gzip.compress(ndjson_bytes([{"messages": [{"role": "user", "content": "x"}]}]), mtime=0)
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
        "000000.gz": gzip.compress(b"2026-01-02T12:00:00Z " + line, mtime=0),
        "part-0": parquet_bytes([row]),
        "0.log": b"2026-01-02T12:00:00Z stdout F starting\n2026-01-02T12:00:00Z stdout F " + line,
        "notes.txt": b"a, b\n",
        "broken.gz": gzip.compress(line, mtime=0)[:12],
        "picture": b"\x89PNG\r\n\x1a\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = read_all([tmp_path], tmp=tmp_path.parent)
    assert found.values("account_id") == ["a"] * 4
    assert any("left out 3 file(s) that look like no log" in note for note in found.notes)


LITELLM = (FIXTURES / "litellm_spendlogs.csv").read_bytes()
ACCESS = b'203.0.113.7 - ann [17/May/2026:10:05:03 +0200] "GET /v1 HTTP/1.1" 200 5 "-" "app"\n'


@pytest.mark.parametrize(
    ("name", "content", "account"),
    [
        ("access.log", ACCESS, "ann"),
        ("access.log.2.gz", gzip.compress(ACCESS, mtime=0), "ann"),
        ("app.log.2026-11-01", b"starting\n" + ACCESS, "ann"),
        ("export", LITELLM, "user-1"),
        ("requests.txt", f"timestamp\taccount_id\n{T0}\ta\n".encode(), "a"),
        ("requests.csv.1", b'time;user;prompt\n2026-01-02 12:00:00;a;"one\ntwo"\n', "a"),
        ("requests.jsonl.1", f'{{"timestamp": "{T0}", "account_id": "a"}}\n'.encode(), "a"),
        ("requests.log", b"INFO:     Started server process [1]\n" + ndjson_bytes([{"time": T0, "user": "a"}]), "a"),
        ("day=2026-01-02/user=a/part", b"time,prompt\n2026-01-02 12:00:00,one\n", "a"),
    ],
)
def test_text_in_folders_is_read_if_its_first_records_are_those_of_a_log(
    tmp_path: Path, name: str, content: bytes, account: str
) -> None:
    """Other text, however much it looks like a table, is named in a line."""
    (tmp_path / "logs" / name).parent.mkdir(parents=True)
    (tmp_path / "logs" / name).write_bytes(content)
    others = {
        "readme.txt": b"Dear all, this is, a note\nwith, secret@example.com, commas\n",
        "metrics.txt": b"time,cpu\n2026-01-02 12:00:00,1\n",
        "users.txt": b"time,account_id\nnever,secret@example.com\n",
        "run.sh": b"#!/bin/sh\necho hi; ls\n",
        "empty.log": b"",
        "picture": b"\x89PNG\r\n\x1a\n\0\0,\n",
    }
    for other, text in others.items():
        (tmp_path / "logs" / other).write_bytes(text)
    found = read_all([tmp_path / "logs"], tmp=tmp_path)
    assert (found.values("account_id")[0], found.unread) == (account, ())
    assert any("logs: left out 6 file(s) that look like no log (" in note for note in found.notes)
    assert not any("secret" in note for note in found.notes)


def test_only_the_beginning_of_text_is_looked_at(tmp_path: Path) -> None:
    rows = [f"{T0},a,{'x' * 1000}\n" for _ in range(200)]
    (tmp_path / "requests.txt").write_text("timestamp,account_id,prompt\n" + "".join(rows))
    (tmp_path / "requests.txt.gz").write_bytes(
        gzip.compress(("timestamp,account_id\n" + f"{T0},b\n" * 9).encode(), mtime=0)
    )
    found = read_all([tmp_path])
    assert sorted(found.values("account_id")) == ["a"] * 200 + ["b"] * 9


def test_names_of_columns_are_for_text_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "part-0").write_text(f"{T0},a\n")
    (tmp_path / "readme.txt").write_text("Dear all, this is a note\n")
    found = read_all([tmp_path], ReadOptions(columns=("timestamp", "account_id")), tmp=tmp_path.parent)
    assert (found.values("account_id"), found.unread) == (["a"], ())


def test_a_known_log_without_accounts_is_not_passed_over(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "vllm.log", tmp_path / "vllm.log")
    with pytest.raises(InputError, match="read with the schema vllm, there is nothing for account_id"):
        read_all([tmp_path])
    assert read_all([tmp_path], ReadOptions(mapping={"account_id": "lora"})).values("account_id")[0] == "customer-1"


def test_logs_to_be_joined_are_told_by_what_they_are_joined_by(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"timestamp,account_id,request_id\n{T0},a,r1\n")
    (tmp_path / "join").mkdir()
    (tmp_path / "join/addresses.txt").write_text("request_id,ip\nr1,203.0.113.7\n")
    (tmp_path / "join/readme.txt").write_text("request_id, of which\n")
    found = read_all([tmp_path / "log.csv"], ReadOptions(joins=(str(tmp_path / "join"),)))
    assert found.values("ip") == ["203.0.113.7"]
