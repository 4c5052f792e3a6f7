"""Records as databases and data frames export them are the plain records they mean."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read import ReadOptions
from distillscan.read.formats.record_forms import find_form, lead_to_types
from distillscan.read.schema.model import presets
from tests.support.small_logs import ndjson_bytes, read_bytes

ROWS: list[dict[str, Any]] = [
    {
        "timestamp": f"2026-03-04T05:06:0{at}.250Z",
        "account_id": f"u{at % 3}",
        "input_tokens": 20 + at,
        "prompt": [{"role": "system", "content": "Be S."}, {"role": "user", "content": text}],
    }
    for at, text in enumerate(("plain", 'a {"$date": "x"} text', "two\nlines", "é 漢 😀"))
]
MS = [1_772_600_760_250 + 1_000 * at for at in range(len(ROWS))]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def dynamodb(value: Any) -> Any:
    if isinstance(value, dict):
        return {"M": {name: dynamodb(below) for name, below in value.items()}}
    if isinstance(value, list):
        return {"L": list(map(dynamodb, value))}
    if value is None or isinstance(value, bool):
        return {"NULL": True} if value is None else {"BOOL": value}
    return {"N": str(value)} if isinstance(value, (int, float)) else {"S": value}


def items() -> list[dict[str, Any]]:
    return [dynamodb(row)["M"] for row in ROWS]


def mongodb(date: Callable[[int], Any], **count: Callable[[int], Any]) -> bytes:
    ((kind, number),) = count.items()
    return ndjson_bytes(
        [
            {
                **row,
                "_id": {"$oid": f"{at:024x}"},
                "timestamp": {"$date": date(at)},
                "input_tokens": {f"${kind}": number(20 + at)},
            }
            for at, row in enumerate(ROWS)
        ]
    )


FORMS: dict[str, bytes] = {
    "mongodb relaxed": mongodb(lambda at: ROWS[at]["timestamp"], numberLong=str),
    "mongodb canonical": mongodb(lambda at: {"$numberLong": str(MS[at])}, numberInt=str),
    "mongodb version 1": mongodb(lambda at: MS[at], numberDouble=str),
    "dynamodb export": ndjson_bytes([{"Item": item} for item in items()]),
    "dynamodb items": ndjson_bytes(items()),
    "dynamodb scan": json.dumps({"Items": items(), "Count": 4, "ScannedCount": 4}, indent=1).encode(),
    "columns": json.dumps(COLUMNS).encode(),
    "columns, pretty": json.dumps(COLUMNS, indent=2).encode(),
    "columns in batches": ndjson_bytes(
        [{n: v[:3] for n, v in COLUMNS.items()}, {n: v[3:] for n, v in COLUMNS.items()}]
    ),
    "pandas columns": json.dumps({n: {str(7 * at): v for at, v in enumerate(c)} for n, c in COLUMNS.items()}).encode(),
    "pandas split": json.dumps(
        {"columns": list(COLUMNS), "index": [0, 1, 2, 3], "data": [list(row.values()) for row in ROWS]}
    ).encode(),
    "inside a container's lines": ndjson_bytes([{"log": json.dumps({"Item": item}) + "\n"} for item in items()]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_plain_log(tmp_path: Path, form: str) -> None:
    plain = read_bytes(tmp_path, "plain.json", ndjson_bytes(ROWS))
    found = read_bytes(tmp_path, "log.json", FORMS[form])
    assert found.frame.drop("row").equals(plain.frame.drop("row"))
    assert (found.rejects, found.values("system_prompt")) == ([], ["Be S."] * 4)
    assert any("are read" in note and note.startswith("log.json: ") for note in found.notes)
    assert not any(note.startswith("plain.json: ") for note in plain.notes)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda below: st.lists(below) | st.dictionaries(st.text(), below)
    )
)
def test_what_dynamodb_types_is_what_it_was(value: Any) -> None:
    record = {"Item": {"account_id": {"S": "a"}, "value": dynamodb(value)}}
    form = find_form([record])
    assert form is not None
    assert list(form.read(record)) == [{"account_id": "a", "value": value}]


@pytest.mark.parametrize(
    "record",
    [
        {"timestamp": ["a", "b"], "prompt": ["x"]},
        {"timestamp": {"0": "a"}, "prompt": {"1": "x"}},
        {"timestamp": {"a": "a"}, "prompt": {"a": "x"}},
        {"timestamp": [["a"]], "prompt": ["x"]},
        {"messages": ["a"], "tools": ["x"]},
        {"timestamp": ["a"]},
        {"timestamp": [], "prompt": []},
        {"timestamp": "a", "prompt": ["x"]},
        {"timestamp": "a", "prompt": {"S": "x"}},
        {"timestamp": "a", "prompt": {"$date": "x", "other": 1}},
        {"Item": {"timestamp": {"S": 1}}},
        {},
    ],
)
def test_what_is_no_table_stays_a_record(record: dict[str, Any]) -> None:
    assert find_form([record]) is None
    assert find_form([]) is None


def test_records_of_another_form_stay_as_they_are() -> None:
    form = find_form([{"Item": {"account_id": {"S": "a"}}}])
    assert form is not None
    assert list(form.read({"account_id": "b"})) == [{"account_id": "b"}]
    table = find_form([{"ts": [1, 2], "user": ["a", "b"]}])
    assert table is not None
    assert list(table.read({"ts": 3, "user": "c"})) == [{"ts": 3, "user": "c"}]


def test_a_path_to_a_type_leaves_values_as_they_are(tmp_path: Path) -> None:
    mapping = {"account_id": "Item.who.S", "timestamp": "Item.when.S"}
    rows = [{"Item": {"who": {"S": "a"}, "when": {"S": ROWS[0]["timestamp"]}}}]
    found = read_bytes(tmp_path, "log.json", ndjson_bytes(rows), ReadOptions(mapping=mapping))
    assert found.values("account_id") == ["a"]
    assert not any(lead_to_types(schema.paths) for schema in presets().values())


def test_broken_records_cost_themselves(tmp_path: Path) -> None:
    first, *others = FORMS["dynamodb export"].splitlines(keepends=True)
    found = read_bytes(tmp_path, "log.json", b"".join((first, b'{"Item": {"acc\n', *others)))
    assert (found.frame.height, found.reasons) == (4, [(1, "malformed record")])


def test_what_breaks_off_early_is_read_up_to_there(tmp_path: Path) -> None:
    rows = [{"Item": item} for item in items()]
    found = read_bytes(tmp_path, "log.json", json.dumps(rows).encode()[:-40])
    assert found.values("account_id") == ["u0", "u1", "u2"]
