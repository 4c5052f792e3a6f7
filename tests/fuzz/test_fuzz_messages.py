"""Changed bodies are read within bounds, and cost no row of a log; ``fuzzing_messages.py`` tries many more."""

import copy
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from distillscan.read.bodies.request import extract
from tests.support.fuzzing_messages import SEEDS, change, check, check_log, number, run


def test_whole_bodies_are_read_whole() -> None:
    for name, body in SEEDS.items():
        assert check(body) == "read", name
    assert all(
        extract(SEEDS[name]).tools == ("look",) for name in ("openai", "responses", "converse", "gemini", "otel")
    )
    assert {name for name in SEEDS if extract(SEEDS[name]).images} == {
        *("openai", "responses", "anthropic", "converse", "gemini", "otel")
    }


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_changed_bodies(seed: int) -> None:
    assert check(number(seed, 0)[1]) in ("read", "read up to a bound", "nothing in it", "told why not")


def test_a_change_changes_a_copy() -> None:
    before = copy.deepcopy(SEEDS)
    for at in range(200):
        change(SEEDS["openai"], random.Random(at))
    assert before == SEEDS


def test_a_log_of_changed_bodies_keeps_its_rows() -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_log([number(3, at)[1] for at in range(100)], Path(folder))


def test_a_run_counts_what_came_and_can_be_had_again() -> None:
    tally, failures = run(120, 7)
    assert (sum(tally.values()), failures) == (120, [])
    assert (tally, failures) == run(120, 7)


def test_types_that_are_no_text_are_no_reason_to_stop() -> None:
    """What the first run found: a list where the type of a block should be ended the analysis."""
    for odd in ([], {}, ["tool_result"], {"a": 1}):
        body = {"messages": [{"role": "user", "content": [{"type": odd, "text": "hi"}]}]}
        assert (extract(body).prompt, extract(body).last_user) == ("hi", "hi")
