"""A misspelt name is told from one that is like nothing there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.columns import READABLE
from distillscan.errors import closest, did_you_mean

COLUMNS = list(READABLE)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("acount", COLUMNS, "account_id"),  # not country, which has more of its letters in a row
        ("accountId", COLUMNS, "account_id"),
        ("ACCOUNT-ID", COLUMNS, "account_id"),
        ("payment", COLUMNS, "payment_id"),
        ("fingerprint", COLUMNS, "tls_fingerprint"),
        ("tmestamp", COLUMNS, "timestamp"),
        ("asnn", COLUMNS, "asn"),
        ("tls", COLUMNS, None),  # three letters are like too much
        ("temperature", COLUMNS, None),
        ("", COLUMNS, None),
        ("user.id", ["account_id", "user", "user.ident"], "user.ident"),
        ("template", ["account_fanout", "template_uniformity"], "template_uniformity"),
        ("min_accounts", ["cluster.lift", "cluster.min_accounts"], "cluster.min_accounts"),
        ("ab", ["abx", "aby"], None),
        ("abcd", ["abcx", "abcy"], "abcx"),  # equally alike: the first one listed
        ("x", [], None),
    ],
)
def test_the_closest_name(name: str, known: list[str], expected: str | None) -> None:
    assert closest(name, known) == expected


@given(st.sampled_from(COLUMNS))
def test_a_known_name_is_closest_to_itself_however_it_is_separated(name: str) -> None:
    assert closest(name, COLUMNS) == name
    assert closest(name.replace("_", "").upper(), COLUMNS) == name


@given(st.text())
def test_any_text_has_an_answer_that_is_known(name: str) -> None:
    assert closest(name, COLUMNS) in (None, *COLUMNS)


def test_the_hint_is_a_question_or_the_whole_list() -> None:
    assert did_you_mean("bedrok", ["bedrock", "kong"], "schemas are") == "did you mean bedrock?"
    assert did_you_mean("zzz", ["bedrock", "kong"], "schemas are") == "schemas are bedrock, kong"
