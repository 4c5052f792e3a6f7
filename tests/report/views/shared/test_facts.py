"""Open mappings come out as rows, whatever a detector puts into them."""

import math
from typing import Any

import pytest

from distillscan.report.views.shared.facts import Fact, FactGroup, fact_groups, plain


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            [{"value": "10.0.0.0/8", "accounts": 5, "accounts_outside": 1, "requests": 9}],
            Fact("10.0.0.0/8", {"accounts": 5, "outside": 1, "requests": 9}),
        ),
        ([{"k": "own name", "accounts": 2, "share": 0.5}], Fact("own name", {"accounts": 2, "share": 0.5})),
        ([{"value": "n", "requests": 3, "asn": "AS1"}], Fact("n", {"requests": 3}, "asn AS1")),
        ([{"accounts": True}], Fact("", {}, "accounts true")),
        ([{"accounts": 2.5}], Fact("", {}, "accounts 2.5")),
        (["text"], Fact("text")),
        ({"reasoning": 0.96}, Fact("reasoning", {"share": 0.96})),
        ({"opus": 41_000}, Fact("opus", {"requests": 41_000})),
        ({"x": {"accounts": 2}}, Fact("x", {"accounts": 2})),
        ({"x": 12.5}, Fact("x", more="12.5")),
        ({"x": None}, Fact("x", more="null")),
        (1_234, Fact("1,234")),
        ("text", Fact("text")),
        (False, Fact("false")),
    ],
)
def test_every_shape_becomes_a_row(content: Any, expected: Fact) -> None:
    assert fact_groups({"k": content}) == [FactGroup("k", (expected,), 1)]


def test_the_plural_kind_may_name_the_value() -> None:
    assert fact_groups({"models": [{"model": "opus", "requests": 3}]})[0].facts == (Fact("opus", {"requests": 3}),)


def test_top_values_know_how_many_there_are() -> None:
    (group,) = fact_groups({"ip_prefix": {"distinct": 61, "top": ["10.0.0.0/24", "10.0.1.0/24"]}})
    assert (group.name, group.distinct, [f.value for f in group.facts]) == (
        "ip prefix",
        61,
        ["10.0.0.0/24", "10.0.1.0/24"],
    )
    (group,) = fact_groups({"ip": {"distinct": "many", "top": ["10.0.0.1"]}})
    assert group.distinct == 1


def test_empty_kinds_are_left_out() -> None:
    assert fact_groups({"a": [], "b": {}, "c": {"distinct": 0, "top": []}}) == []


@pytest.mark.parametrize(
    ("accounts", "distinct", "alone"), [([1, 1], 2, True), ([1], 9, True), ([1], 1, False), ([2, 1], 2, False)]
)
def test_values_of_one_account_each_are_shared_by_none(accounts: list[int], distinct: int, alone: bool) -> None:
    top = [{"value": str(i), "accounts": n} for i, n in enumerate(accounts)]
    (group,) = fact_groups({"ip": {"distinct": distinct, "top": top}})
    assert group.none_shared is alone


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


def test_the_numbers_read_as_a_phrase_or_fill_cells() -> None:
    fact = Fact("x", {"accounts": 1_200, "outside": 3, "requests": 4, "share": 0.5}, "asn AS1")
    assert fact.phrase() == "1,200 accounts, 3 outside, 4 requests, 50 %, asn AS1"
    assert [fact.cell(name) for name in ("accounts", "share", "age")] == ["1,200", "50 %", ""]
    assert Fact("x").phrase() == ""
    assert Fact("x", {"accounts": 1, "outside": 1, "requests": 1}).phrase() == "1 account, 1 outside, 1 request"
