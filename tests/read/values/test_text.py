"""Values of any type become the same text and numbers whatever the format they came from."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.values.text import canonical_text, number_text, to_json_objects, to_text, to_whole


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (pl.Series(["", " a ", "x\r\ny", None]), [None, " a ", "x\r\ny", None]),
        (pl.Series(["a", "b"]), ["a", "b"]),
        (pl.Series([42, -1, None]), ["42", "-1", None]),
        (
            pl.Series([42.0, 0.5, 1e22, 1e-7, float("nan"), float("inf"), None]),
            ["42", "0.5", "1" + "0" * 22, "0.0000001", None, None, None],
        ),
        (pl.Series([Decimal("42.00"), Decimal("42.50"), Decimal("100.00")]), ["42", "42.5", "100"]),
        (pl.Series([Decimal("100")]), ["100"]),
        (pl.Series([True, None]), ["true", None]),
        (pl.Series([b"ok", b"\xffbad", None]), ["ok", "ÿbad", None]),
        (pl.Series([b"ok", b""]), ["ok", None]),
        (pl.Series([date(2026, 1, 2)]), ["2026-01-02"]),
        (pl.Series([[1, 2], [], None]), ["[1,2]", "[]", None]),
        (pl.Series([{"a": 'é"', "b": [1]}, None]), ['{"a":"é\\"","b":[1]}', None]),
        (pl.Series([None, None]), [None, None]),
        (pl.Series(["a", "b", "a", ""], dtype=pl.Categorical), ["a", "b", "a", None]),
    ],
)
def test_text(raw: pl.Series, text: list[str | None]) -> None:
    result = to_text(raw)
    assert result.dtype == pl.String
    assert result.to_list() == text


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (pl.Series([1, None], dtype=pl.Int16), [1, None]),
        (pl.Series([2**63], dtype=pl.UInt64), [None]),
        (pl.Series([12.0, 12.9, float("nan"), 1e300, None]), [12, 12, None, None, None]),
        (pl.Series([" 12 ", "12.0", "1e3", "x", "", None]), [12, 12, 1000, None, None, None]),
        (pl.Series(["1", "2"]), [1, 2]),
        (
            pl.Series(
                ["20,5", "1,234", "1,234,567.8", "1.234,5", "1 234", "1\u202f234", "1'234", "1,23,4", ",5", None]
            ),
            [20, 1234, 1234567, 1234, 1234, 1234, 1234, None, None, None],
        ),
        (pl.Series([Decimal("12.00")]), [12]),
        (pl.Series([True]), [None]),
        (pl.Series([None]), [None]),
        (pl.Series([[1]]), [None]),
    ],
)
def test_whole_numbers(raw: pl.Series, whole: list[int | None]) -> None:
    result = to_whole(raw)
    assert result.dtype == pl.Int64
    assert result.to_list() == whole


@pytest.mark.parametrize(
    ("canonical", "values", "expected"),
    [
        ("account_id", ["42.0", "42", "a.0", "-7.0", "1.0.0", ""], ["42", "42", "a.0", "-7", "1.0.0", None]),
        ("model", ["1.0", ""], ["1.0", None]),
        ("asn", ["AS1234 Example", "as1234", "1234", " AS 1234 ", "01234", "1234.0", "0"], ["1234"] * 6 + ["0"]),
        ("asn", ["AS-EXAMPLE", "12ab", "", None], ["AS-EXAMPLE", "12ab", None, None]),
        (
            "email_domain",
            ["A.User@Example.COM", "example.org", "odd@", None],
            ["example.com", "example.org", None, None],
        ),
        ("prompt", ["  AS12 @X.Y 1.0 "], ["  AS12 @X.Y 1.0 "]),
    ],
)
def test_columns_with_a_meaning(canonical: str, values: list[Any], expected: list[str | None]) -> None:
    assert canonical_text(canonical, pl.Series(values, dtype=pl.String)).to_list() == expected


def test_numbers_of_columns_with_a_meaning() -> None:
    assert canonical_text("asn", pl.Series([1234.0, None])).to_list() == ["1234", None]
    assert canonical_text("account_id", pl.Series([42.0])).to_list() == ["42"]


def test_rows_as_json() -> None:
    frame = pl.DataFrame({"a": ["x\n", None], "b": [1, 2]})
    assert to_json_objects(frame).to_list() == ['{"a":"x\\n","b":1}', '{"a":null,"b":2}']


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_text_is_that_number_without_an_exponent(value: float) -> None:
    text = number_text(value)
    assert text is not None
    assert float(text) == value
    assert "e" not in text.lower()
    assert to_text(pl.Series([value])).to_list() == [text]


def test_what_is_no_number_has_no_text() -> None:
    assert [number_text(value) for value in (float("nan"), float("inf"), float("-inf"))] == [None] * 3
