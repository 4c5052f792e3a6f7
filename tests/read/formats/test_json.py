"""NDJSON: whole blocks and single lines give the same; one broken line costs one row."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.formats import json as ndjson
from distillscan.read.schema.resolve import SourceColumn, SourcePath
from tests.support.small_logs import T0, T1, T2, TWO, csv_bytes, ndjson_bytes, read_bytes


def line(account: str = "a", **fields: Any) -> bytes:
    return json.dumps({"timestamp": T0, "account_id": account, **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        ndjson_bytes(TWO),
        ndjson_bytes(TWO).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + ndjson_bytes(TWO),
        ndjson_bytes(TWO).rstrip(),
        b"\n\n" + ndjson_bytes(TWO).replace(b"\n", b"\n \n"),
        gzip.compress(ndjson_bytes(TWO)),
    ],
    ids=["lf", "crlf", "bom", "no newline at the end", "blank lines", "gzip"],
)
def test_spellings_of_the_same_file(tmp_path: Path, content: bytes) -> None:
    outcome = read_bytes(tmp_path, "log.jsonl", content)
    assert outcome.frame.rows() == read_bytes(tmp_path, "log.csv", csv_bytes(TWO)).frame.rows()
    assert outcome.values("row") == [0, 1]


def test_broken_lines_cost_themselves_and_keep_the_numbering(tmp_path: Path) -> None:
    content = b'{"timestamp": \n' + line("a") + b"[1]\n\n" + line("b") + b'"text"\n\xff\n' + b"[" * 100_000 + b"\n"
    outcome = read_bytes(tmp_path, "log.ndjson", content, ReadOptions(keep_rejects=True))
    assert outcome.frame.select("row", "account_id").rows() == [(1, "a"), (3, "b")]
    assert outcome.rejects[:4] == [
        (0, 0, "malformed record", '"{\\"timestamp\\": "'),
        (0, 2, "malformed record", '"[1]"'),
        (0, 4, "malformed record", '"\\"text\\""'),
        (0, 5, "malformed record", '"ÿ"'),
    ]
    assert outcome.reasons[4:] == [(6, "malformed record")]


def test_broken_lines_over_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "_BLOCK", 300)
    content = b"".join(b"{broken\n" if at % 9 == 0 else line(f"acct-{at}") for at in range(200))
    outcome = read_bytes(tmp_path, "log.ndjson", content)
    assert outcome.frame.select("row", "account_id").rows() == [(at, f"acct-{at}") for at in range(200) if at % 9]
    assert outcome.reasons == [(at, "malformed record") for at in range(0, 200, 9)]


def test_reasons_and_records_of_rejected_rows(tmp_path: Path) -> None:
    content = b'{"account_id":"a"}\r\n{"timestamp":"soon", "account_id":"b"}\n' + line("") + line("c")
    outcome = read_bytes(tmp_path, "log.ndjson", content, ReadOptions(keep_rejects=True))
    assert outcome.values("account_id") == ["c"]
    assert outcome.rejects == [
        (0, 0, "timestamp missing", '{"account_id":"a"}'),
        (0, 1, "timestamp not understood", '{"timestamp":"soon", "account_id":"b"}'),
        (0, 2, "account_id missing", line("").decode().strip()),
    ]


@pytest.mark.parametrize("other", [b"", b"{broken\n"], ids=["whole block", "line by line"])
def test_values_of_every_type(tmp_path: Path, other: bytes) -> None:
    values = [
        42,
        42.0,
        4.5,
        1e22,
        1e-7,
        True,
        None,
        "",
        "x",
        [1, {"k": "é, b: c"}],
        {"a": {"b": None}},
        "[text",
        10**30,
    ]
    expected = [
        "42",
        "42",
        "4.5",
        "1" + "0" * 22,
        "0.0000001",
        "true",
        None,
        None,
        "x",
        '[1,{"k":"é, b: c"}]',
        '{"a":{"b":null}}',
        "[text",
        "1" + "0" * 30,
    ]
    content = b"".join(line(prompt=value) for value in values) + other
    assert read_bytes(tmp_path, "log.ndjson", content).values("prompt") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\ud83d"', "\ufffd"),
        (b'"a\\ude00b"', "a\ufffdb"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b'"\\u0000"', "\0"),
        (b'"raw \0 nul and \t tab"', "raw \0 nul and \t tab"),
        (b'"caf\xe9"', "café"),
        (b"NaN", None),
        (b"1e999", None),
        (b'["\\ud83d"]', '["\ufffd"]'),
    ],
)
def test_odd_values_keep_their_row(tmp_path: Path, text: bytes, expected: str | None) -> None:
    content = line("a", prompt="before") + f'{{"timestamp":"{T0}","account_id":"b","prompt":'.encode() + text + b"}\n"
    outcome = read_bytes(tmp_path, "log.ndjson", content)
    assert outcome.values("prompt") == ["before", expected]


@pytest.mark.parametrize("other", [b"", b"{broken\n"], ids=["whole block", "line by line"])
def test_of_a_key_that_is_there_twice_the_first_counts(tmp_path: Path, other: bytes) -> None:
    many = ",".join(f'"key{at}":{at}' for at in range(50))
    content = line()[:-2] + f',"model":"m","model":"n",{many},"user":{{"id":1,"id":2}},"model":"o"}}\n'.encode() + other
    outcome = read_bytes(tmp_path, "log.ndjson", content, ReadOptions({"org_id": "user.id"}))
    assert outcome.frame.select("model", "org_id").rows() == [("m", "1")]


def test_keys_below_keys(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": T0, "user": {"id": 7, "net": {"ip": "192.0.2.1"}}},
        {"timestamp": T1, "user": {"id": "b"}, "more": 1},
        {"timestamp": T2, "user": None},
    ]
    options = ReadOptions({"account_id": "user.id", "ip": "user.net.ip"})
    flat = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(rows), options)
    assert flat.frame.select("row", "account_id", "ip").rows() == [(0, "7", "192.0.2.1"), (1, "b", None)]
    assert flat.reasons == [(2, "account_id missing")]
    # An object here, its JSON text there, a number elsewhere: then every line is looked at.
    mixed = [*rows, {"timestamp": T2, "user": '{"id": "c", "net": "{\\"ip\\": 9}"}'}, {"timestamp": T2, "user": 5}]
    outcome = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(mixed), options)
    assert outcome.frame.select("account_id", "ip").rows() == [("7", "192.0.2.1"), ("b", None), ("c", "9")]


def test_an_object_and_what_is_in_it_can_both_be_mapped(tmp_path: Path) -> None:
    rows = [{"timestamp": T0, "user": {"id": "a"}}]
    for mapping in ({"account_id": "user.id", "org_id": "user"}, {"org_id": "user", "account_id": "user.id"}):
        outcome = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(rows), ReadOptions(mapping))
        assert outcome.frame.select("account_id", "org_id").rows() == [("a", '{"id":"a"}')]


def test_keys_with_dots_in_them(tmp_path: Path) -> None:
    rows = [{"timestamp": T0, "user.id": "a", "http": {"client.ip": "192.0.2.1"}}]
    options = ReadOptions({"account_id": "user.id", "ip": "http.client.ip"})
    outcome = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(rows), options)
    assert outcome.frame.select("account_id", "ip").rows() == [("a", "192.0.2.1")]


def test_columns_are_learned_from_all_over_the_file(tmp_path: Path) -> None:
    content = b"".join(line(f"acct-{at}", **({"session_id": "s"} if at > 15_000 else {})) for at in range(20_000))
    assert len(content) > 1 << 20
    outcome = read_bytes(tmp_path, "log.ndjson", content)
    assert outcome.columns == {"timestamp", "account_id", "session_id"}
    assert outcome.frame["session_id"].null_count() == 15_001
    assert read_bytes(tmp_path, "log.ndjson.gz", gzip.compress(content, 1)).frame.equals(outcome.frame)


def test_a_first_line_longer_than_the_sample(tmp_path: Path) -> None:
    outcome = read_bytes(tmp_path, "log.ndjson", line(prompt="x" * 200_000, model="m") + line("b"))
    assert outcome.values("model") == ["m", None]


def test_lines_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "_BLOCK", 100)
    content = line(prompt="x" * 1000) + line("b", prompt="y")
    assert read_bytes(tmp_path, "log.ndjson", content).values("prompt") == ["x" * 1000, "y"]
    monkeypatch.setattr(ndjson, "_LONGEST", 500)
    outcome = read_bytes(tmp_path, "log.ndjson", line("a") + content + line("c"), ReadOptions(keep_rejects=True))
    assert outcome.frame.select("row", "account_id").rows() == [(0, "a"), (2, "b"), (3, "c")]
    assert outcome.rejects == [(0, 1, "malformed record", None)]
    assert outcome.notes == ("log.ndjson: a line is longer than 0 MB: counted as malformed record",)
    cut = read_bytes(tmp_path, "log.ndjson", line("a") + content[:1000])
    assert (cut.values("account_id"), cut.reasons) == (["a"], [(1, "malformed record")])


def test_a_file_of_no_objects(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"log\.ndjson: none of the lines looked at is a JSON object: is it really NDJSON\?$"
    ):
        read_bytes(tmp_path, "log.ndjson", b"1\nx\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON), min_size=1, max_size=5), st.booleans())
def test_blocks_and_lines_give_the_same(records: list[dict[str, Any]], ascii_only: bool) -> None:
    """What polars reads in a block is what Python reads line by line, so where blocks end decides nothing."""
    lines = [json.dumps(record, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") for record in records]
    paths = {name: SourcePath(name) for name in "ab"}
    schema = ndjson._schema(paths.values(), [SourceColumn(name) for name in "abc"])
    block = b"\n".join(lines)
    whole, broken, _ = ndjson._parse_block(block, len(lines), paths, None if ndjson._has_half_pair(block) else schema)
    single, broken_single, _ = ndjson._parse_lines(lines, paths)
    assert broken == broken_single == []
    assert {name: values.to_list() for name, values in whole.items()} == {
        name: values.to_list() for name, values in single.items()
    }
