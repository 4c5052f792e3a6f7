"""The exam's logs: what is in them is what their README says."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.worlds.base import LabelledLog
from benchmarks.worlds.exam.campaigns import CAMPAIGNS
from benchmarks.worlds.exam.crowd import COHORTS
from benchmarks.worlds.exam.scenarios import Exam
from benchmarks.worlds.exam.scene import START
from benchmarks.worlds.exam.text import Writer, combinations, flattened
from distillscan.columns import CANONICAL

ROWS = 6_000


def make(scenario: str, seed: int = 3) -> LabelledLog:
    return Exam().make(scenario, ROWS, seed, None)


@pytest.fixture(scope="module")
def standard() -> LabelledLog:
    return make("standard")


@pytest.fixture(scope="module")
def hard() -> LabelledLog:
    return make("hard")


def of(made: LabelledLog, column: str, value: str) -> pl.DataFrame:
    chosen = made.labels.filter(pl.col(column) == value)["account_id"]
    return made.log.filter(pl.col("account_id").is_in(chosen.to_list()))


def test_log_has_the_canonical_columns_in_order_of_time(standard: LabelledLog) -> None:
    log, labels = standard
    assert log.schema == pl.Schema(dict(CANONICAL))
    assert log["timestamp"].is_sorted()
    assert log.select("timestamp", "account_id", "model", "prompt").null_count().row(0) == (0,) * 4
    assert set(log["account_id"]) == set(labels["account_id"])
    assert labels["account_id"].n_unique() == len(labels)
    # What runs over the end and the hours of hand-over is dropped.
    assert 0.97 * ROWS < len(log) <= ROWS


def test_labels_name_nine_campaigns_of_a_hundredth_each(standard: LabelledLog) -> None:
    campaigns = standard.labels.filter(pl.col("campaign").is_not_null())
    assert set(campaigns["campaign"]) == set(CAMPAIGNS)
    assert campaigns["operator"].n_unique() == 9
    assert set(standard.labels.filter(pl.col("campaign").is_null())["cohort"]) == {name for name, *_ in COHORTS}
    for name in CAMPAIGNS:
        assert 0.006 * ROWS < len(of(standard, "campaign", name)) <= 0.01 * ROWS


def test_two_rings_are_one_operator_and_no_campaign(standard: LabelledLog) -> None:
    for cohort in ("spam_ring", "reseller_quiet"):
        ring = standard.labels.filter(pl.col("cohort") == cohort)
        assert len(ring) >= 6
        assert ring["operator"].n_unique() == 1
        assert ring["campaign"].null_count() == len(ring)


def test_columns_are_empty_where_their_pathway_does_not_know_them(standard: LabelledLog) -> None:
    cloud = standard.log.filter(pl.col("pathway").str.starts_with("cloud"))
    assert len(cloud) > 10
    assert cloud.select("payment_id", "email_domain", "tls_fingerprint").null_count().row(0) == (len(cloud),) * 3
    failed = standard.log.filter(pl.col("status_code") != 200)
    assert failed["output_tokens"].null_count() == len(failed) > 100


def test_the_same_seed_gives_the_same_log_and_another_one_another() -> None:
    first, again, other = make("random", 5), make("random", 5), make("random", 6)
    assert first.log.equals(again.log)
    assert first.labels.equals(again.labels)
    assert not first.log.equals(other.log)


def test_clean_has_no_campaign_and_swamped_is_half_of_one() -> None:
    clean = make("clean").labels["campaign"]
    assert clean.null_count() == len(clean)
    swamped = make("swamped")
    assert swamped.labels["campaign"].drop_nulls().n_unique() == 1
    name = swamped.labels["campaign"].drop_nulls()[0]
    assert 0.45 < len(of(swamped, "campaign", name)) / len(swamped.log) < 0.55


def test_who_hides_has_cards_of_his_own_and_an_address_a_request(standard: LabelledLog, hard: LabelledLog) -> None:
    shown, hidden = (of(made, "campaign", "relay") for made in (standard, hard))
    paid = hidden["payment_id"].drop_nulls().n_unique()
    assert paid > 2 * shown["payment_id"].drop_nulls().n_unique()
    assert hidden["ip"].drop_nulls().n_unique() > 0.8 * hidden["ip"].drop_nulls().len()
    assert shown["asn"].drop_nulls().n_unique() <= 3
    assert hidden["asn"].drop_nulls().n_unique() > 10
    # The operator's program has one TLS stack, whatever it says it is.
    assert hidden["tls_fingerprint"].drop_nulls().n_unique() == 1
    assert hidden["user_agent"].drop_nulls().n_unique() > 1


def test_the_second_pool_takes_over_when_the_first_is_banned(standard: LabelledLog) -> None:
    rows = of(standard, "campaign", "injected_instruction")
    seen = rows.group_by("account_id").agg(first=pl.col("timestamp").min(), last=pl.col("timestamp").max())
    ban = START + timedelta(days=14 * 0.55)
    early, late = seen.filter(pl.col("first") < ban), seen.filter(pl.col("first") >= ban)
    assert len(early) > 3
    assert len(late) > 3
    # Nobody works on both sides of the ban, which takes half an hour.
    assert (early["last"] < ban + timedelta(minutes=30)).all()
    assert rows.filter(pl.col("status_code") == 403)["account_id"].is_in(early["account_id"].implode()).all()


def test_probes_are_refused_until_one_works(standard: LabelledLog) -> None:
    rows = of(standard, "campaign", "probe_then_scale").sort("timestamp")
    refused = (rows["stop_reason"] == "refusal").fill_null(value=False).to_numpy()
    assert refused[: len(rows) // 5].mean() > 0.6
    assert refused[-len(rows) // 3 :].mean() < 0.2


def test_conversations_are_flattened_oldest_turn_first() -> None:
    message, reply = pl.Series(["a", "b", "c"]), pl.Series(["x", "y", "z"])
    assert flattened(np.array([7, 7, 8]), message, reply).to_list() == [
        "User: a", "User: a\n\nAssistant: x\n\nUser: b", "User: c",
    ]  # fmt: skip


def test_wordings_are_few_or_hundreds_and_every_fourth_is_in_another_tongue() -> None:
    rng = np.random.default_rng(1)
    writer = Writer(rng, None)
    slots = [[f"{letter}{number}" for number in range(8)] for letter in "abc"]
    assert combinations(slots, 2, rng)[0] == "a0 b0 c0"
    assert len(writer.wordings(slots, False, 3)) == 3
    many = writer.wordings(slots, True)
    assert len(set(many)) > 300
    known = {"".join(word) for part in slots for word in part}
    assert [set(text.split()) <= known for text in many[:8]] == [True, True, True, False] * 2
