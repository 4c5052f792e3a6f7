"""Open mappings come out as rows, whatever a detector puts into them."""

import math
from typing import Any

import pytest

from distillscan.report.views.facts import Fact, Kind, kinds, measures, plain


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            [{"value": "10.0.0.0/8", "accounts": 5, "accounts_outside": 1, "requests": 9}],
            Fact("k", "10.0.0.0/8", accounts=5, outside=1, requests=9),
        ),
        ([{"k": "own name", "inside": 2, "share": 0.5}], Fact("k", "own name", accounts=2, share=0.5)),
        ([{"name": "n", "count": 3, "asn": "AS1"}], Fact("k", "n", requests=3, more="asn AS1")),
        ([{"accounts": True}], Fact("k", "", more="accounts true")),
        (["text"], Fact("k", "text")),
        ({"reasoning": 0.96}, Fact("k", "reasoning", share=0.96)),
        ({"opus": 41_000}, Fact("k", "opus", requests=41_000)),
        ({"x": {"accounts": 2}}, Fact("k", "x", accounts=2)),
        ({"x": 12.5}, Fact("k", "x", more="12.5")),
        ({"x": None}, Fact("k", "x", more="null")),
        (1_234, Fact("k", "1,234")),
        ("text", Fact("k", "text")),
        (False, Fact("k", "false")),
    ],
)
def test_every_shape_becomes_a_row(content: Any, expected: Fact) -> None:
    assert kinds({"k": content}) == [Kind("k", (expected,), 1)]


def test_the_plural_kind_may_name_the_value() -> None:
    assert kinds({"models": [{"model": "opus", "requests": 3}]})[0].facts == (Fact("models", "opus", requests=3),)


def test_top_values_know_how_many_there_are() -> None:
    (kind,) = kinds({"ip": {"distinct": 61, "top": ["10.0.0.1", "10.0.0.2"]}})
    assert (kind.name, kind.distinct, [f.value for f in kind.facts]) == ("ip", 61, ["10.0.0.1", "10.0.0.2"])
    (kind,) = kinds({"ip": {"distinct": "many", "top": ["10.0.0.1"]}})
    assert kind.distinct == 1


def test_empty_kinds_are_left_out() -> None:
    assert kinds({"a": [], "b": {}, "c": {"distinct": 0, "top": []}}) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1_000, "1,000"),
        (0.123456, "0.1235"),
        (1e9, "1e+09"),
        (True, "true"),
        (None, "null"),
        ([1, "é"], '[1, "é"]'),
    ],
)
def test_plain(value: Any, text: str) -> None:
    assert plain(value) == text


def test_plain_accepts_what_json_does_not() -> None:
    assert plain({"x": math.pi, "y": {1}}) == '{"x": 3.141592653589793, "y": "{1}"}'


def test_measures_read_as_a_phrase() -> None:
    fact = Fact("ip", "x", accounts=1_200, outside=3, requests=4, share=0.5, more="asn AS1")
    assert measures(fact) == "1,200 accounts, 3 outside, 4 requests, 50 %, asn AS1"
    assert measures(Fact("ip", "x")) == ""
    assert measures(Fact("ip", "x", accounts=1, outside=1, requests=1)) == "1 account, 1 outside, 1 request"
