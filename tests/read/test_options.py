"""The analyst's choices are checked before any file is opened."""

import pytest

from distillscan.errors import UsageError
from distillscan.read import FORMATS, ReadOptions, parse_mapping


def test_mapping_keeps_dots_and_equals_signs_of_the_source() -> None:
    assert parse_mapping(["account_id=user.id", " ip = a=b "]) == {"account_id": "user.id", "ip": "a=b"}
    assert parse_mapping([]) == {}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["account_id"], "--map account_id: write it as COLUMN=SOURCE, e.g. --map account_id=user.id"),
        (["account_id="], "--map account_id=: both sides are needed, e.g. --map account_id=user.id"),
        (["=user"], "--map =user: both sides are needed, e.g. --map account_id=user.id"),
        (["acount_id=user"], "--map acount_id=user: there is no column acount_id; did you mean account_id?"),
        (["acount=user"], "--map acount=user: there is no column acount; did you mean account_id?"),
        (["customer=x"], "--map customer=x: there is no column customer; did you mean account_id?"),
        (
            ["user.id=account_id"],
            "--map user.id=account_id: there is no column user.id; "
            "the column to fill comes first: --map account_id=user.id",
        ),
        (
            ["account_id=a", "account_id=b"],
            "--map gives account_id twice (a and b): keep the one that is meant",
        ),
    ],
)
def test_a_wrong_mapping_says_what_to_write(items: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_mapping(items)
    assert str(caught.value) == message


def test_an_unknown_column_that_resembles_none_lists_them_all() -> None:
    with pytest.raises(
        UsageError, match=r"there is no column zzz; the columns are timestamp, account_id, request_id, "
    ):
        parse_mapping(["zzz=user"])


def test_options_are_checked_when_made() -> None:
    with pytest.raises(UsageError, match=r"there is no column accountid; did you mean account_id\?$"):
        ReadOptions(mapping={"accountid": "x"})
    with pytest.raises(UsageError, match=r"^unknown input format 'xml': choose one of parquet, csv, ndjson$"):
        ReadOptions(format="xml")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"^batch_rows is 0: it must be at least 1$"):
        ReadOptions(batch_rows=0)
    assert FORMATS == ("parquet", "csv", "ndjson")
