"""Mutated logs give rows or an error that was meant, twice the same; ``fuzzing.py`` tries many more."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import answer, check, mutate, number, run, seeds


@pytest.mark.parametrize("name", sorted(seeds().keys() - {"headerless.csv"}))
def test_whole_logs_are_read_whole(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(seeds()[name])
    whole = answer(tmp_path / name, threads=1)
    assert (whole.refusal, whole.rejects, whole.unread) == (None, (), ())
    assert len(whole.rows) == 40 + 5


@settings(max_examples=120)
@given(st.sampled_from(sorted(seeds())), st.integers(0, 2**32))
def test_mutated_logs(name: str, seed: int) -> None:
    content = mutate(seeds()[name], random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        assert check(name, content, Path(folder), piped=seed % 4 == 0).kind in ("read", "read in part", "refused")


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.ndjson", "x.parquet", "x.csv.gz", "x"]))
def test_any_bytes(content: bytes, name: str) -> None:
    head = {"x.csv": b"timestamp,account_id\n", "x.ndjson": b'{"timestamp":1,"account_id":2}\n'}.get(name, b"")
    with tempfile.TemporaryDirectory() as folder:
        assert check(name, head + content, Path(folder)).kind in ("read", "read in part", "refused")


def test_a_run_counts_what_came() -> None:
    tally, failures = run(12, 7, "csv")
    assert (sum(tally.values()), failures) == (12, [])
    assert all(kind.startswith("csv") for kind in tally)


def test_the_inputs_of_a_run_can_be_had_again() -> None:
    assert number(1, 5) == number(1, 5)
    assert number(1, 5) != number(1, 6)
