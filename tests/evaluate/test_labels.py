"""Labels are read from either format, and what cannot be used is named."""

from pathlib import Path

import polars as pl
import pytest

from distillscan.errors import InputError
from distillscan.evaluate import check_labels, read_labels
from tests.support.labelled import TRUTH, Label, labels

HEADER = "account_id,operator,cohort,campaign\n"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "txt"])
def test_both_formats_give_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels.{suffix}"
    shuffled = labels(TRUTH[::-1])
    if suffix == "csv":
        shuffled.write_csv(path)
    else:  # told apart by content, not by name
        shuffled.write_parquet(path)
    assert read_labels(path).equals(labels())


def test_numbers_as_names_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(HEADER + '007,1.0,campus,""\n')
    assert read_labels(path).rows() == [("007", "1.0", "campus", None)]
    numbers = pl.DataFrame({"account_id": [7], "operator": [1], "cohort": ["campus"], "campaign": [None], "more": [0]})
    assert check_labels(numbers).rows() == [("7", "1", "campus", None)]


def test_gaps_of_the_innocent_are_filled_and_repeats_count_once() -> None:
    rows: list[Label] = [("a", None, None, None), ("a", None, None, None), ("b", "", "", "")]
    assert check_labels(labels(rows)).rows() == [("a", "a", "(no cohort)", None), ("b", "b", "(no cohort)", None)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "there is no account in the labels"),
        ([(None, "x", "y", None)], "some rows have no account_id: name the account of each label"),
        ([("", "x", "y", None)], "some rows have no account_id: name the account of each label"),
        ([("a", "x", "y", None), ("a", "x", "z", None)], "account a has two different labels: keep one"),
        (
            [("b", "x", "y", None), ("b", "x", "z", None), ("a", "x", "y", None), ("a", "x", "z", None)],
            "2 accounts (a, …) have two different labels: keep one",
        ),
        ([("a\x1b", None, "y", "c")], r"account a\x1b has a campaign but no operator: name who runs it"),
        (
            [("b", None, "y", "c"), ("a", None, "y", "c")],
            "2 accounts (a, …) have a campaign but no operator: name who runs it",
        ),
    ],
)
def test_labels_that_cannot_be_used(rows: list[Label], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_labels(labels(rows))
    assert str(caught.value) == message


def test_missing_columns_are_named() -> None:
    with pytest.raises(InputError) as caught:
        check_labels(pl.DataFrame({"account_id": ["a"], "cohort": ["b"], "team\n": ["c"]}))
    assert str(caught.value) == (
        "labels need the columns account_id, operator, cohort, campaign; missing: operator, campaign; "
        r"there are: account_id, cohort, team\n"
    )
    with pytest.raises(InputError, match=r"there are: none$"):
        check_labels(pl.DataFrame())


def test_columns_must_be_text() -> None:
    binary = labels().with_columns(operator=pl.lit(b"\xff"))
    with pytest.raises(InputError, match=r"^labels must be text: "):
        check_labels(binary)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert str(caught.value) == f"{path}: there is no such file"
    path.write_bytes(b"")
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert str(caught.value) == f"{path}: the file is empty"
    path.write_bytes(b"PAR1 broken PAR1")
    with pytest.raises(InputError, match=rf"^{path}: no valid Parquet \("):
        read_labels(path)
    path.write_text(HEADER + "a,b,c,d,e\n")
    with pytest.raises(InputError, match=rf"^{path}: no valid CSV \("):
        read_labels(path)
    path.write_text("account_id\na\n")
    with pytest.raises(InputError, match=rf"^{path}: labels need the columns "):
        read_labels(path)
