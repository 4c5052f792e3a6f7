import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.profile.text.hashes import hash_column, hash_text, texts_of
from distillscan.profile.text.sketches import sketch
from tests.support import reference as plain

TEXT = st.one_of(st.none(), st.text(max_size=40), st.sampled_from(["", "x" * 12, "x" * 13, "好" * 4, "好" * 5]))


def reference(text: str | None) -> int | None:
    return None if text is None else plain.hash_text(text.encode())


@given(st.lists(st.lists(TEXT, max_size=8), min_size=1, max_size=4), st.integers(0, 3))
def test_strings_are_found_in_any_chunks_and_slices(chunks: list[list[str | None]], start: int) -> None:
    column = pl.concat([pl.Series("x", chunk, pl.String) for chunk in chunks], rechunk=False)[start:]
    values = [text for chunk in chunks for text in chunk][start:]
    assert hash_column(column).to_list() == [reference(text) for text in values]
    texts = texts_of(column)
    assert texts.lengths.tolist() == [len((text or "").encode()) for text in values]
    assert texts.valid.tolist() == [text is not None for text in values]


def test_values_of_a_dictionary_and_picked_rows_are_found_without_a_copy() -> None:
    column = pl.Series(["one and the same long text", "short", None]).gather([1, 0, 0, 2, 1])
    assert hash_column(column).to_list() == [reference(text) for text in column]
    texts = texts_of(column)
    assert texts.addresses[1] == texts.addresses[2]


@pytest.mark.parametrize("length", [20, 600])
def test_texts_that_are_in_memory_once_are_hashed_alike_also_where_one_is_cut(length: int) -> None:
    column = pl.Series(["a" * length, "b" * length]).gather([0, 1, 1, 0, 1, 0]).append(pl.Series([None, "", "c"]))
    cut = pl.concat([column, column.str.head(length - 1), column.clear()])
    assert hash_column(cut).to_list() == [reference(text) for text in cut]
    assert hash_column(column).to_list() == [reference(text) for text in column]


def test_rows_are_taken_with_what_is_known_of_them() -> None:
    taken = texts_of(pl.Series(["a", None, "see you tomorrow then"])).take(pl.Series([2, 1]).to_numpy())
    assert taken.lengths.tolist() == [21, 0]
    assert taken.valid.tolist() == [True, False]
    assert int(taken.hashes()[0]) == hash_text("see you tomorrow then")


@pytest.mark.parametrize(("text", "enough"), [("x" * 7, False), ("x" * 8, True), ("x" * 8 + "tail", True)])
def test_heads_are_hashed_where_there_is_enough_text(text: str, enough: bool) -> None:
    rows, hashes = texts_of(pl.Series(["short", text])).head_hashes(8)
    assert (rows.tolist(), hashes.tolist()) == (([1], [hash_text("x" * 8)]) if enough else ([], []))


def test_sketches_are_a_row_each() -> None:
    frame = sketch(texts_of(pl.Series(["One two three four five", "", "six seven eight nine"])))
    expected = [plain.sketch_text(text) for text in (b"one two three four five", b"", b"six seven eight nine")]
    assert frame.rows() == expected
    assert frame.schema == {"normal": pl.UInt64, "tokens": pl.UInt32, "sketch": pl.List(pl.UInt64)}
