"""What the worlds have in common does what it says."""

import numpy as np
import polars as pl

from benchmarks.worlds.text import choose, grow, join, nulls


def test_choose_takes_row_by_row_and_repeats_a_single_text() -> None:
    mask = np.array([True, False, True])
    assert choose(mask, pl.Series(["a", "b", "c"]), pl.Series(["x", "y", "z"])).to_list() == ["a", "y", "c"]
    assert choose(pl.Series(mask), pl.Series(["one"]), nulls(3)).to_list() == ["one", None, "one"]


def test_join_makes_texts_of_runs_of_words() -> None:
    words = pl.Series(["a", "b", "c", "d"])
    assert join(words, np.array([3, 0, 1])).to_list() == ["a b c", "", "d"]
    assert join(words, np.array([2, 2]), "").to_list() == ["ab", "cd"]


def test_conversations_grow_and_never_reach_into_another() -> None:
    texts = pl.Series(["a", "b", "c", "d", "e"])
    assert grow(texts, np.array([0, 1, 2, 0, 1]), "/").to_list() == ["a", "a/b", "a/b/c", "d", "d/e"]
