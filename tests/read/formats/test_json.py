"""JSON records on lines and inside wrappers: every value as canonical text; one broken line costs one row."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.formats import record_texts
from distillscan.read.formats.chunks import join_chunks
from distillscan.read.formats.json import JsonReader
from distillscan.read.formats.record_texts import FileTexts
from distillscan.read.schema.model import Schema, parse_schema
from distillscan.read.schema.resolve import Resolution, SourcePath
from distillscan.read.values.reprs import PRINTED_MARKS
from tests.support.small_logs import T0, T1, T2, TWO, csv_bytes, meant, ndjson_bytes, read_bytes


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
        gzip.compress(ndjson_bytes(TWO), mtime=0),
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
    monkeypatch.setattr(record_texts, "BLOCK", 300)
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


def test_values_of_every_type(tmp_path: Path) -> None:
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
    content = b"".join(line(prompt=value) for value in values)
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


def test_of_a_key_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    """As in nearly every reader of JSON, and the same whether msgspec reads the line or the standard library."""
    content = line()[:-2] + b',"model":"m","model":"n","user":{"id":1,"id":2}}\n'
    content += line()[:-2] + b',"model":"m","model":"n","user":{"id":1,"id":2},"x":NaN}\n'
    outcome = read_bytes(tmp_path, "log.ndjson", content, ReadOptions({"org_id": "user.id"}))
    assert outcome.frame.select("model", "org_id").rows() == [("n", "2")] * 2


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
    monkeypatch.setattr(record_texts, "BLOCK", 100)
    content = line(prompt="x" * 1000) + line("b", prompt="y")
    assert read_bytes(tmp_path, "log.ndjson", content).values("prompt") == ["x" * 1000, "y"]
    monkeypatch.setattr(record_texts, "LONGEST", 500)
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
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=6,
)


def as_text(value: Any) -> str | None:
    """Canonical text of a value, told in another way than the reader does."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if isinstance(value, str | int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, min_size=1, max_size=6), st.booleans(), st.integers(9, 200))
def test_values_are_what_was_written_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], ascii_only: bool, block: int
) -> None:
    assume(not any(mark in str(values) for mark in PRINTED_MARKS))  # those are read as messages
    records = [{"timestamp": T0, "account_id": "a", "prompt": value} for value in values]
    content = "\n".join(json.dumps(one, ensure_ascii=ascii_only) for one in records).encode()
    with monkeypatch.context() as patch:
        patch.setattr(record_texts, "BLOCK", block)
        outcome = read_bytes(tmp_path, "log.ndjson", content)
    found = outcome.values("prompt") if "prompt" in outcome.frame.columns else [None] * len(values)
    assert found == [meant(as_text(value)) for value in values]


WRAPPED = parse_schema(
    'name = "w"\nsummary = "s"\nrecords = ["a.b", "c"]\n[columns]\ntimestamp = "ts"\naccount_id = "user"', "w"
)


def records(tmp: Path, text: bytes, schema: Schema = WRAPPED) -> list[dict[str, Any]]:
    """What the reader takes for records, told by two of their columns."""
    path = tmp / "x.ndjson"
    path.write_bytes(text)
    reader = JsonReader(FileTexts(path, "x", None), schema)
    resolution = Resolution({name: SourcePath(name) for name in ("ts", "user", "up")})
    chunks = [chunk for unit in reader.units(resolution, batch_rows=9, records=True) for chunk in unit.read()]
    assert sum(chunk.bytes for chunk in chunks) <= len(text)
    return [
        {"row": row, **{name: chunk.columns[name][at] for name in chunk.columns}}
        for chunk in chunks
        for at, row in enumerate(chunk.rows)
    ]


def test_wrapped_and_bare_records(tmp_path: Path) -> None:
    lines = [
        {"up": 1, "a": [{"b": [{"ts": T0, "user": "u1"}, {"ts": T0, "user": "u2", "up": 2}, "odd"]}, "odd", {"b": 7}]},
        {"c": [{"ts": T0, "user": "u3"}], "up": 3},
        {"ts": T0, "user": "u4"},
        {"c": []},
    ]
    text = b"\xef\xbb\xbf" + b"\r\n\n".join(json.dumps(line).encode() for line in lines)
    assert records(tmp_path, text) == [
        {"row": 0, "ts": T0, "user": "u1", "up": "1"},
        {"row": 1, "ts": T0, "user": "u2", "up": "2"},
        {"row": 2, "ts": T0, "user": "u3", "up": "3"},
        {"row": 3, "ts": T0, "user": "u4", "up": None},
    ]


def test_broken_lines_cost_themselves_only_and_are_numbered(tmp_path: Path) -> None:
    schema = tmp_path / "w.toml"
    schema.write_text('name = "w"\nsummary = "s"\n[columns]\ntimestamp = "ts"\naccount_id = "user"')
    text = b'{"ts": "%s", "user": "u1"}\n{"ts": \n[1]\n{"ts": "%s", "user": "u2"}\n' % (T0.encode(), T0.encode())
    found = read_bytes(tmp_path, "x.ndjson", text, ReadOptions(schema=str(schema), keep_rejects=True))
    assert found.frame["row"].to_list() == [0, 3]
    assert [(row, why, text) for _, row, why, text in found.rejects] == [
        (1, "malformed record", '"{\\"ts\\": "'),
        (2, "malformed record", '"[1]"'),
    ]


def test_an_object_that_only_late_records_have_is_read(tmp_path: Path) -> None:
    base = {"startTime": 1767355200, "custom_llm_provider": "x", "litellm_call_id": "i", "user": "u"}
    rows = [dict(base) for _ in range(2_500)] + [{**base, "metadata": {"user_agent": "curl"}}]
    found = read_bytes(tmp_path, "log.ndjson", ndjson_bytes(rows), ReadOptions(schema="litellm"))
    assert found.frame["user_agent"].drop_nulls().to_list() == ["curl"]


def test_small_blocks_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"".join(json.dumps({"c": [{"ts": T0, "user": f"u{at}"}]}).encode() + b"\n" for at in range(40))
    whole = records(tmp_path, text)
    monkeypatch.setattr(record_texts, "BLOCK", 37)
    assert records(tmp_path, text) == whole
    assert len(whole) == 40


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["key", "value", "stringValue", "arrayValue", "kvlistValue", "values", "attributes", "a",
                             "events", "resource", "b", "c", "gen_ai.prompt.0.content"]), inner, max_size=4),
        max_leaves=30,
    )
)  # fmt: skip
def test_no_json_makes_the_reader_fail(tmp_path: Path, value: Any) -> None:
    schema = parse_schema(
        'name = "w"\nsummary = "s"\nrecords = ["a.b"]\nattributes = true\n[columns]\naccount_id = "c"', "w"
    )
    path = tmp_path / "x.ndjson"
    path.write_bytes(b"{}\n" + json.dumps(value).encode())
    reader = JsonReader(FileTexts(path, "x", None), schema)
    (unit,) = reader.units(Resolution({"c": SourcePath("c")}), batch_rows=9, records=True)
    chunk = join_chunks(list(unit.read()))
    assert len(chunk.rows) + chunk.malformed.height >= 1 + (not isinstance(value, dict))
    assert chunk.records is not None
    assert len(chunk.records) == len(chunk.columns["c"]) == len(chunk.rows)


def test_deep_json_is_no_way_to_stop_a_run(tmp_path: Path) -> None:
    deep = b'{"attributes":' * 300 + b"[" * 150 + b"]" * 150 + b"}" * 300
    list_deep = b'{"attributes":[{"key":"k","value":' + b'{"arrayValue":{"values":[' * 200 + b"]}}" * 200 + b"}]}"
    schema = tmp_path / "w.toml"
    schema.write_text(
        'name = "w"\nsummary = "s"\nattributes = true\n[columns]\ntimestamp = "ts"\naccount_id = ["user", "attributes"]'
    )
    text = b"\n".join([deep, list_deep, b'{"ts": "%s", "user": "u"}' % T0.encode()])
    found = read_bytes(tmp_path, "x.ndjson", text, ReadOptions(schema=str(schema)))
    assert found.values("account_id") == ["u"]
    assert len(found.rejects) == 2


def test_of_a_few_rows_nothing_else_is_read(tmp_path: Path) -> None:
    """Nor parsed, where lines are records; records inside wrappers have to be counted."""
    plain = b"".join(line(f"a{at}") for at in range(9)) + b"{broken\n"
    wrapped = b"".join(json.dumps({"c": [{"user": f"u{at}"}, {"user": "x"}]}).encode() + b"\n" for at in range(4))
    for name, content, schema, column, found in (
        ("plain", plain, None, "account_id", ["a3", "a8"]),
        ("wrapped", wrapped, WRAPPED, "user", ["x", None]),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        resolution = Resolution({column: SourcePath(column)})
        (unit,) = JsonReader(FileTexts(path, name, None), schema).units(resolution, batch_rows=9, records=False)
        assert unit.read_rows is not None
        chunk = join_chunks(list(unit.read_rows(frozenset({3, 8}))))
        assert chunk.malformed.is_empty()
        assert dict(zip(chunk.rows, chunk.columns[column], strict=True)) == {
            row: text for row, text in zip((3, 8), found, strict=True) if text is not None
        }
