"""Keys looked up in columns of JSON text give what parsing each text would give."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.values.jsontext import Level, dig_json, follow, is_deeper, parse, split_path, value_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id": 7}', "7"),
        ('{"id": 42.0}', "42"),
        ('{"id": 1e-7}', "0.0000001"),
        ('{"id": 12345678901234567890123}', "12345678901234567890123"),
        ('{"id": "7e5"}', "7e5"),
        ('{"id": true}', "true"),
        ('{"id": null}', None),
        ('{"id": {"z": 1, "a": [1.0]}}', '{"z":1,"a":[1.0]}'),
        ('{"id": "\\ud800x"}', "\ufffdx"),
        ('{"id": "raw\ttab"}', "raw\ttab"),
        ('{"other": 1}', None),
        ("[1]", None),
        ("no json", None),
        ("", None),
        (None, None),
    ],
)
def test_one_key(text: str | None, expected: str | None) -> None:
    assert dig_json(pl.Series([text], dtype=pl.String), ("id",)).to_list() == [expected]
    assert dig_json(pl.Series([text, '{"id": "x"}']), ("id",)).to_list() == [expected, "x"]


def test_keys_below_keys() -> None:
    texts = ['{"a": {"b": 1}}', '{"a.b": 2}', '{"a": "{\\"b\\": 3}"}', '{"a": "text"}', '{"a": [{"b": 4}]}', None]
    assert dig_json(pl.Series(texts), ("a", "b")).to_list() == ["1", "2", "3", None, None, None]
    assert dig_json(pl.Series(['{"x": {"a.b": 2}}']), ("x", "a", "b")).to_list() == ["2"]


def test_keys_that_no_path_language_should_see() -> None:
    key = "it's $..*[0]"
    texts = [json.dumps({key: 1}), "broken", None]
    assert dig_json(pl.Series(texts), (key,)).to_list() == ["1", None, None]


def test_following_stops_where_there_is_nothing() -> None:
    assert follow({"a": {"b": 5}}, ["a", "b"]) == 5
    assert follow({"a": 1}, ["a", "b"]) is None
    assert follow("{broken", ["a"]) is None
    assert follow(5, []) == 5


def test_parsing_is_lenient_but_not_without_limits() -> None:
    assert parse('"a\tb"') == "a\tb"
    with pytest.raises(ValueError, match="nested too deeply"):
        parse("[" * 100_000)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    PLAIN, lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=3), inside, max_size=2)
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), JSON), min_size=1, max_size=5),
    st.sampled_from([("a",), ("a", "b")]),
)
def test_columns_and_single_values_give_the_same(records: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    texts = [json.dumps(record, allow_nan=False) if _finite(record) else "{}" for record in records]
    expected = [value_text(follow(json.loads(text), keys)) for text in texts]
    assert dig_json(pl.Series(texts), keys).to_list() == expected


def _finite(record: Any) -> bool:
    try:
        json.dumps(record, allow_nan=False)
    except ValueError:
        return False
    return True


@given(st.lists(JSON, min_size=1, max_size=4))
def test_many_records_at_once_give_what_each_gives_alone(values: list[Any]) -> None:
    records = [{"a": value, "a.b": 1, "t": json.dumps(value)} for value in values]
    records += [{"a": {"b.c": 2, "b": {"d": [5]}}}, {"a": 7, "t": "{broken"}]
    level = Level(records)
    for path in ("a", "a.b", "a.b.c", "a.b.d[0]", "a.b.d", "t.a", "t.b.a", "t[0]", "a[*].b", "none.b", "a.none"):
        steps = split_path(path)
        assert [*map(repr, level.at(steps))] == [repr(follow(record, steps)) for record in records]


@pytest.mark.parametrize(
    ("value", "depth"), [([], 1), ({}, 1), ([1, 2], 1), ({"a": [[1], 2]}, 3), ([1, {"a": {"b": [{}]}}, [[]]], 5)]
)
def test_depth(value: Any, depth: int) -> None:
    assert [is_deeper(value, levels) for levels in range(1, 8)] == [depth > levels for levels in range(1, 8)]


def test_what_msgspec_refuses_is_read_all_the_same() -> None:
    assert parse('{"a": NaN, "b": -Infinity, "c": 1e999}')["c"] == float("inf")
    assert parse("123456789012345678901234567890") == 123456789012345678901234567890
    assert parse(b'"caf\xe9"') == "caf\u00e9"
    assert value_text(parse('"\\ud800x"')) == "\ufffdx"
    for broken in ("", "{", "[1,]", "9" * 5000, "nan", b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            parse(broken)


def test_paths_lead_into_maps_in_single_quotes() -> None:
    """ClickHouse writes maps so in CSV, and Python dictionaries."""
    text = r"""{'ip':'203.0.113.7','messages':'[{"role": "user"}]','it\'s':'1'}"""
    assert (follow(text, ("ip",)), follow(text, ("it's",))) == ("203.0.113.7", "1")
    assert follow(text, ("messages", "[0]", "role")) == "user"
    assert follow("{'usage': {'input': 3, 'cached': None}}", ("usage", "input")) == 3
    assert follow("{'cut off", ("ip",)) is None
