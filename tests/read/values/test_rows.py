"""Rows as Athena prints them: fields by name, JSON inside parsed, and texts that are none left alone."""

from typing import Any

import pytest

from distillscan.read.values.jsontext import Level, follow
from distillscan.read.values.rows import parse_row

ROW = (
    '{type=application/json, body={"messages":[{"role":"user","content":"a } b, c=1"}]}, count=20, none=null,'
    " tags=[a, b], inner={x=1, y={z=a, b}}, last=one, two}"
)


def test_fields_end_where_the_next_begins() -> None:
    assert parse_row(ROW) == {
        "type": "application/json", "body": {"messages": [{"role": "user", "content": "a } b, c=1"}]}, "count": "20",
        "none": None, "tags": "[a, b]", "inner": "{x=1, y={z=a, b}}", "last": "one, two",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", "{}", '{"a": 1}', "{a: 1}", "a=1", "[a=1]", "{1=2}"])
def test_other_texts_are_no_rows(text: str) -> None:
    assert parse_row(text) is None


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("{a=}", {"a": ""}),
        ("{a=1", {"a": "1"}),
        ('{a={"b": 1, c=2}', {"a": '{"b": 1, c=2}'}),
        ('{a={"b": 1} x, c=2}', {"a": '{"b": 1} x', "c": "2"}),
        ("{a=" + "[" * 9_000, {"a": "[" * 9_000}),
    ],
)
def test_rows_that_break_off_or_lie(text: str, row: dict[str, Any]) -> None:
    assert parse_row(text) == row


def test_only_so_many_texts_are_tried_as_json() -> None:
    fields = [f"k{at}=x" for at in range(50)] + [f"b{at}=[x]" for at in range(32)]
    assert parse_row("{" + ", ".join([*fields[:-1], "j=[1]", fields[-1], "last=[2]"]) + "}") == {
        **{f"k{at}": "x" for at in range(50)}, **{f"b{at}": "[x]" for at in range(32)}, "j": [1], "last": "[2]",
    }  # fmt: skip


def test_paths_lead_into_rows() -> None:
    for path, value in {("count",): "20", ("inner", "y", "z"): "a, b", ("body", "messages"): None}.items():
        found = follow(ROW, path)
        assert found == Level([ROW]).at(path)[0]
        assert value is None or found == value
