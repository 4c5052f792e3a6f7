"""What a text begins with is told as a comparison of its bytes tells it, however the column lies in memory."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.values.views import SPACES, begins_with_one_of

TEXTS = st.lists(st.none() | st.text(max_size=20), max_size=12)


@given(TEXTS, TEXTS, st.binary(max_size=6), st.integers(0, 5))
def test_as_the_bytes_say(first: list[str | None], second: list[str | None], beginnings: bytes, skipped: int) -> None:
    column = pl.concat([pl.Series(first, dtype=pl.String), pl.Series(second, dtype=pl.String)], rechunk=False)
    expected = [
        one is not None and one.encode()[:1] in {bytes([byte]) for byte in beginnings} for one in first + second
    ]
    assert begins_with_one_of(column, beginnings).to_list() == expected
    assert begins_with_one_of(column[skipped:], beginnings).to_list() == expected[skipped:]


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\v", "\f", "\r", "\x85", "\xa0", "\u1680", "\u2003", "\u3000"])
def test_no_white_space_is_missed(space: str) -> None:
    assert pl.Series([space]).str.contains(r"^\s").all()
    assert begins_with_one_of(pl.Series([f"{space}1.23E+15"]), SPACES).all()
