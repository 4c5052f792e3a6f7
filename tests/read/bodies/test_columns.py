"""Bodies as columns: the same from text and from parsed values, and nothing where nothing was stored."""

import json
from typing import Any

import polars as pl
import pytest

from distillscan.read.bodies.columns import BODY_COLUMNS, PROBLEM, Part, first_body, read_bodies, read_body_texts
from distillscan.read.bodies.request import BROKEN, NO_MESSAGES

BODY: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": [{"type": "text", "text": "C"}, {"type": "image_url", "image_url": "u"}]},
    ],
    "tools": [{"name": "look"}],
    "metadata": {"session_id": "s"},
}
REQUEST = ["A\n\nB\n\nC", "S", "s", None, "look", "1", None]


def test_a_request_gives_all_its_columns() -> None:
    read = read_bodies("request", [BODY, json.dumps(BODY), None, {"x": 1}], BODY_COLUMNS["request"], last_turn=False)
    assert read.struct.fields == [*BODY_COLUMNS["request"], PROBLEM]
    rows = [list(row) for row in read.struct.unnest().rows()]
    assert rows == [REQUEST, REQUEST, [None] * 7, [None] * 4 + [None, "0", NO_MESSAGES]]


def test_only_what_is_wanted_is_there_and_the_last_turn_alone_if_that_is_wanted() -> None:
    read = read_bodies("request", [BODY], {"prompt", "response"}, last_turn=True)
    assert read.to_list() == [{"prompt": "C", PROBLEM: None}]


@pytest.mark.parametrize(
    ("part", "body", "found"),
    [
        ("system", [{"text": "S"}, {"text": "T"}], {"system_prompt": "S\n\nT", PROBLEM: None}),
        ("response", {"generation": "A", "stop_reason": "x"}, {"response": "A", "stop_reason": "x", PROBLEM: None}),
        ("response", '{"content": "cut', {"response": None, "stop_reason": None, PROBLEM: BROKEN}),
    ],
)
def test_texts_are_read_once_each_and_give_the_same_in_every_row(part: Part, body: Any, found: dict[str, Any]) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    texts = pl.Series([text, None, text])
    nothing = dict.fromkeys(found)
    assert read_body_texts(part, texts, BODY_COLUMNS[part], last_turn=False).to_list() == [found, nothing, found]
    assert read_bodies(part, [body], BODY_COLUMNS[part], last_turn=False).to_list() == [found]


def test_no_bodies_are_columns_without_rows() -> None:
    read = read_bodies("response", [], BODY_COLUMNS["response"], last_turn=False)
    assert (len(read), read.struct.fields) == (0, ["response", "stop_reason", PROBLEM])


def test_the_first_place_that_holds_something_counts_row_by_row() -> None:
    first: list[Any] = [{}, [], None, "", "{}", " ", '""', "null", {"a": 1}, 7, True]
    second: list[Any] = ["x", "x", {"b": 2}, [], None, 1.5, "y", "z", "no", "no", "no"]
    assert first_body([first, second]) == ["x", "x", {"b": 2}, None, None, " ", "y", "z", {"a": 1}, "7", "true"]
    assert first_body([["{}"], [None], ["late"]]) == ["late"]
