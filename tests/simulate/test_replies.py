"""Logs that hold the text of answers, and answers that come back as input."""

import numpy as np
import polars as pl
import pytest

from distillscan.simulate import SimulatedLog, load_scenario, parse_scenario, simulate
from distillscan.simulate.clock import DAY
from distillscan.simulate.replies import add_responses, feed_back_answers
from distillscan.simulate.world import Context, Lineup, World
from distillscan.simulate.writer import make_writer

BODY = """
responses = {}
[[campaign]]
kind = "grader"
share = 0.2
accounts = 30
[[campaign]]
kind = "relay"
share = 0.2
accounts = 30
[[campaign]]
kind = "hydra"
share = 0.1
accounts = 30
[[campaign]]
kind = "session_replay"
share = 0.1
accounts = 30
[[cohort]]
kind = "eval_harness"
share = 0.1
"""


@pytest.fixture(scope="module")
def answered() -> SimulatedLog:
    return simulate(parse_scenario("x", BODY.format("true")), 3_000, 3)


@pytest.fixture(scope="module")
def silent() -> SimulatedLog:
    return simulate(parse_scenario("x", BODY.format("false")), 3_000, 3)


@pytest.fixture
def context() -> Context:
    return World(1, 1_000, 0, 30 * DAY, Lineup(), make_writer(), responses=True).context("x")


def of(log: SimulatedLog, cohort: str) -> pl.DataFrame:
    return log.log.join(log.labels.filter(cohort=cohort), on="account_id", how="semi").sort("timestamp")


def test_every_answered_request_has_its_answer_and_no_other_has(answered: SimulatedLog, silent: SimulatedLog) -> None:
    ok = pl.col("status_code") == 200
    assert answered.log.filter(ok)["response"].null_count() == 0
    assert answered.log.filter(~ok)["response"].count() == 0
    assert silent.log["response"].count() == 0


def test_outputs_are_as_long_as_the_answers(answered: SimulatedLog) -> None:
    ok = answered.log.filter(status_code=200)
    assert ((ok["response"].str.len_bytes() // 4).clip(lower_bound=1) == ok["output_tokens"]).all()
    per_cohort = {name: of(answered, name)["output_tokens"].median() for name in ("grader", "ordinary")}
    assert per_cohort["grader"] > 2 * per_cohort["ordinary"]  # type: ignore[operator]


def test_logging_answers_changes_nothing_about_who_asked_when(answered: SimulatedLog, silent: SimulatedLog) -> None:
    for cohort in ("ordinary", "relay"):
        same = ["timestamp", "account_id", "ip", "session_id", "model"]
        assert of(answered, cohort).select(same).equals(of(silent, cohort).select(same))


def back(frame: pl.DataFrame, marker: str) -> list[tuple[str, str, bool]]:
    """Each prompt that carries an earlier answer after the marker: who sent it, who was answered, whether before."""
    given = {
        text: (account, time)
        for text, account, time in frame.select("response", "account_id", "timestamp").iter_rows()
        if text is not None and len(text) > 60
    }
    found = []
    for account, time, prompt in frame.select("account_id", "timestamp", "prompt").iter_rows():
        carried = [given[text] for text in given if marker + text in prompt]
        found += [(account, asked, before < time) for asked, before in carried]
    return found


def test_graders_send_answers_of_other_accounts_back_in(answered: SimulatedLog) -> None:
    frame = of(answered, "grader")
    returned = back(frame, "\n\n")
    assert len(returned) > 0.5 * frame.height
    assert all(sender != asked and before for sender, asked, before in returned)


def test_graders_wrap_written_reasoning_where_the_log_holds_no_answers(silent: SimulatedLog) -> None:
    assert of(silent, "grader")["prompt"].str.contains(r"Then \d+ \* \d|Step \d:|Check:|Hmm|Wait|Let x").mean() > 0.8  # type: ignore[operator]


def test_an_evaluation_team_judges_its_own_answers(answered: SimulatedLog) -> None:
    frame = of(answered, "eval_harness")
    judged = frame.filter(pl.col("prompt").str.contains("\n\nResponse:\n"))
    returned = back(frame, "\n\nResponse:\n")
    assert 0.3 < judged.height / frame.height < 0.7
    assert len(returned) > 0.7 * judged.height
    assert all(sender != asked and before for sender, asked, before in returned)


def test_relayed_conversations_hold_what_another_account_was_answered(answered: SimulatedLog) -> None:
    returned = back(of(answered, "relay"), "\n\n")
    assert len(returned) > 100
    assert np.mean([sender != asked for sender, asked, _ in returned]) > 0.3


def test_ordinary_programs_send_back_only_what_they_were_answered_themselves(answered: SimulatedLog) -> None:
    returned = back(of(answered, "ordinary"), "\n\n")
    assert len(returned) > 10
    assert all(sender == asked for sender, asked, _ in returned)


def test_replayed_sessions_hold_answers_that_nobody_here_was_given(answered: SimulatedLog) -> None:
    frame = of(answered, "session_replay")
    assert back(frame, "\n\n") == []
    assert frame["prompt"].str.len_bytes().max() > 3_000  # type: ignore[operator]


def test_answers_keep_to_the_language_of_the_request(context: Context) -> None:
    lines = pl.DataFrame({"prompt": ["你好吗", "привет", "hello", "hello", "hola"], "language": [0, 0, 2, 3, 1]})
    told = add_responses(context, lines)["response"]
    assert told.str.contains(r"\p{Han}").to_list() == [True, False, False, False, False]
    assert told.str.contains(r"\p{Cyrillic}").to_list()[0::2] == [False, False, False]


def test_answers_that_are_there_stay_and_gaps_are_filled(context: Context) -> None:
    lines = pl.DataFrame({"prompt": ["a", "b"], "language": [0, 0], "response": ["mine", None]})
    told = add_responses(context, lines)["response"].to_list()
    assert told[0] == "mine"
    assert told[1]
    full = lines.with_columns(response=pl.lit("mine"))
    assert add_responses(context, full).equals(full)


def test_the_longer_the_typical_output_the_longer_the_answers(context: Context) -> None:
    lines = pl.DataFrame({"prompt": ["a"] * 400, "language": [0] * 400})
    lengths = [
        add_responses(context, lines, pl.Series([float(np.log(tokens))] * 400))["response"].str.len_bytes().mean()
        for tokens in (10, 100, 1_500)
    ]
    assert 3 * lengths[0] < 1.5 * lengths[1] < lengths[2]  # type: ignore[operator]


def test_nobody_takes_an_answer_of_the_future_or_of_its_own(context: Context) -> None:
    rng = np.random.default_rng(2)
    lines = pl.DataFrame({"person": rng.integers(0, 3, 500), "time": rng.permutation(500)})
    told, taken = feed_back_answers(context, lines.with_columns(prompt=pl.lit(""), language=pl.lit(0, pl.Int64)), 0.3)
    got = np.flatnonzero(taken >= 0)
    assert 0.6 < got.size / 500 < 0.8
    person, time = lines["person"].to_numpy(), lines["time"].to_numpy()
    assert (time[taken[got]] < time[got]).all()
    assert (person[taken[got]] != person[got]).all()
    used = np.unique(taken[got])
    assert (told["status_code"].to_numpy()[used] == 200).all()
    assert told["status_code"].null_count() == 500 - used.size
    assert told["response"].null_count() == 0


def test_one_account_alone_has_nobody_to_take_answers_from(context: Context) -> None:
    lines = pl.DataFrame({"person": [0, 0, 0], "time": [1, 2, 3], "prompt": [""] * 3, "language": [0] * 3})
    _, taken = feed_back_answers(context, lines, 0.5)
    assert taken.tolist() == [-1, -1, -1]


def test_only_the_responses_scenario_holds_answers() -> None:
    assert load_scenario("responses").responses
    assert not load_scenario("everything").responses
