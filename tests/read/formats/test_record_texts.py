"""JSON arrays and objects spread over lines are read as if every record stood on a line of its own."""

import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import record_texts
from distillscan.read.formats.record_texts import Documents, is_document, split_glued
from distillscan.read.inputs.stream import ByteStream
from tests.support.small_logs import Outcome, read_bytes

T0 = "2026-01-02T12:00:00Z"
HARD = ("plain", "a [b] {c}, d", 'say "hi"', "back\\slash\\", "two\nlines\r\n", "é 漢 😀", "]}", "\\", "")
ROWS: list[dict[str, Any]] = [
    {"timestamp": T0, "account_id": f"a{at}", "prompt": text, "ip": None, "more": {"x": [1, [2, {}]], "y": []}}
    for at, text in enumerate(HARD)
]
FORMS = {
    "compact": json.dumps(ROWS),
    "pretty": json.dumps(ROWS, indent=2, ensure_ascii=False),
    "windows": json.dumps(ROWS, indent="\t").replace("\n", "\r\n"),
    "a line each": "[\n" + ",\n".join(json.dumps(row) for row in ROWS) + "\n]\n",
    "commas first": "[" + "\n, ".join(json.dumps(row) for row in ROWS) + "]",
    "one after the other": "\n".join(json.dumps(row, indent=1) for row in ROWS),
    "glued": "".join(json.dumps(row) for row in ROWS),
    "glued in threes": "\n".join("".join(map(json.dumps, ROWS[at : at + 3])) for at in (0, 3, 6)),
    "lines with commas": ",\n".join(json.dumps(row) for row in ROWS),
    "two arrays": json.dumps(ROWS[:4]) + "\n\n" + json.dumps(ROWS[4:], indent=3),
    "bom and blanks": "\ufeff \n" + json.dumps(ROWS),
}


def summary(outcome: Outcome) -> list[tuple[Any, ...]]:
    return outcome.frame.select("account_id", "prompt").rows()


@pytest.mark.parametrize("block", [4 << 20, 7])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_log(form: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_texts, "BLOCK", block)
    found = read_bytes(tmp_path, "log.json", FORMS[form].encode())
    assert summary(found) == [(row["account_id"], row["prompt"] or None) for row in ROWS]
    assert found.frame["row"].to_list() == list(range(len(ROWS)))
    assert (found.rejects, found.unread) == ([], ())


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: bytes(pa.compress(data, "zstd", asbytes=True))])
def test_packed(pack: Any, tmp_path: Path) -> None:
    assert len(read_bytes(tmp_path, "log.json.x", pack(FORMS["pretty"].encode())).frame) == len(ROWS)


def test_standard_input_and_single_rows(tmp_path: Path) -> None:
    with open_log(["-"], stdin=io.BytesIO(FORMS["pretty"].encode())) as log:
        (batch,) = [batch for task in log.tasks() for batch in task()]
        again = log.fetch(batch.frame.select("source", "row").tail(2), ["prompt", "account_id"])
    assert again.select("account_id", "prompt").rows() == [("a7", "\\"), ("a8", None)]


def test_with_a_schema_and_wrapped_records(tmp_path: Path) -> None:
    row = {
        "startTime": 1767355200.5,
        "custom_llm_provider": "x",
        "litellm_call_id": "i",
        "user": "u",
        "messages": HARD[3],
    }
    found = read_bytes(tmp_path, "payload.json", json.dumps([row, row], indent=4).encode())
    assert summary(found) == [("u", HARD[3])] * 2
    (tmp_path / "mine.toml").write_text(
        'name = "m"\nsummary = "s"\nrecords = ["Records"]\n'
        '[columns]\ntimestamp = "timestamp"\naccount_id = "account_id"\n'
    )
    wrapped = json.dumps({"Records": ROWS}, indent=2).encode()
    found = read_bytes(tmp_path, "trail.json", wrapped, ReadOptions(schema=str(tmp_path / "mine.toml")))
    assert found.frame.height == len(ROWS)


@pytest.mark.parametrize(("cut", "rows"), [(-1, 9), (-2, 8), (-40, 8), (len(FORMS["compact"]) // 2, 4)])
def test_what_breaks_off_keeps_what_came_before(cut: int, rows: int, tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "log.json", FORMS["compact"].encode()[:cut])
    assert found.frame.height == rows
    (_, reason) = found.unread
    assert (
        f"log.json breaks off inside a JSON array or object: export it again (read up to there: {rows} rows)" in reason
    )


def test_what_is_no_object_costs_itself(tmp_path: Path) -> None:
    text = f'[1, "two", [3], {json.dumps(ROWS[0])}, null, {json.dumps(ROWS[1])}]'
    found = read_bytes(tmp_path, "log.json", text.encode())
    assert found.frame["account_id"].to_list() == ["a0", "a1"]
    assert [row[2] for row in found.rejects] == ["malformed record"] * 4


@pytest.mark.parametrize("text", ["[]", "[1, 2]", "[", "[[[[", "{\n", "[}"])
def test_nothing_to_read_is_said(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.json"):
        read_bytes(tmp_path, "log.json", text.encode())


def test_lines_behind_a_broken_first_one_are_still_lines(tmp_path: Path) -> None:
    text = "[broken\n" + "".join(json.dumps(row) + "\n" for row in ROWS)
    found = read_bytes(tmp_path, "log.json", text.encode())
    assert (found.frame.height, [row[2] for row in found.rejects]) == (len(ROWS), ["malformed record"])


TEXTS = st.text(max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=4),
    st.sampled_from([None, 0, 1, "\t"]),
    st.integers(1, 99),
)
def test_no_byte_of_a_record_is_lost(records: list[Any], indent: Any, size: int) -> None:
    text = json.dumps(records, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_texts, "BLOCK", size)
        path = Path(folder, "d.json")
        path.write_bytes(text)
        assert is_document(path, "d", None)
        with ByteStream(path, "d", None) as stream:
            found = [one for block in Documents(stream, "d") for one in block]
    assert [None if one is None else json.loads(one) for one in found] == records


def test_lines_of_which_some_are_glued(tmp_path: Path) -> None:
    one, two, three, four = (json.dumps(row) for row in ROWS[:4])
    broken = '{"timestamp": "2026'
    text = f'{one}\n{two}{three} {{"x": "}}{{"}}\r\n{four}{broken}\n{one},{two}\n'
    found = read_bytes(tmp_path, "log.ndjson", text.encode())
    assert found.values("account_id") == ["a0", "a1", "a2", "a3", "a0", "a1"]
    assert found.frame["row"].to_list() == [0, 1, 2, 4, 6, 7]
    assert found.reasons == [(3, "timestamp missing"), (5, "malformed record")]
    bytes_that_are_no_text = read_bytes(tmp_path, "odd.ndjson", two.encode() + b'{"x": "\xff"}' + three.encode())
    assert bytes_that_are_no_text.values("account_id") == ["a1", "a2"]


@given(
    st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=9) | st.integers(), max_size=3), min_size=1),
    st.sampled_from(["", " ", ", ", "\t"]),
)
def test_glued_objects_are_split_where_they_were_joined(records: list[dict[str, Any]], between: str) -> None:
    texts = [json.dumps(one, ensure_ascii=False).encode() for one in records]
    assert split_glued(between.encode().join(texts)) == texts
