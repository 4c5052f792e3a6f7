"""The held-out logs: what is in them is what their README says."""

import ipaddress

import numpy as np
import polars as pl
import pytest

from benchmarks.worlds.base import LabelledLog
from benchmarks.worlds.held_out.campaigns import CAMPAIGNS, NAMES, run
from benchmarks.worlds.held_out.cohorts import COHORTS
from benchmarks.worlds.held_out.network import Network
from benchmarks.worlds.held_out.operators import PLAIN
from benchmarks.worlds.held_out.scenarios import HeldOut
from benchmarks.worlds.held_out.scene import DAY, NEW_LARGE, make_scene
from benchmarks.worlds.held_out.wording import variants
from benchmarks.worlds.held_out.words import Writer, load
from distillscan.columns import CANONICAL

ROWS = 4_000


def make(scenario: str, rows: int, seed: int) -> LabelledLog:
    return HeldOut().make(scenario, rows, seed, None)


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer(load(None))


@pytest.fixture(scope="module")
def plain() -> LabelledLog:
    return make("plain", ROWS * 2, 3)


@pytest.fixture(scope="module")
def both() -> LabelledLog:
    return make("both", ROWS * 2, 3)


def of(made: LabelledLog, campaign: str) -> pl.DataFrame:
    log, labels = made
    return log.filter(pl.col("account_id").is_in(labels.filter(pl.col("campaign") == campaign)["account_id"].to_list()))


def test_log_has_the_canonical_columns_in_order_of_time(plain: LabelledLog) -> None:
    log, labels = plain
    assert log.schema == pl.Schema(dict(CANONICAL))
    assert log["timestamp"].is_sorted()
    assert log.select("timestamp", "account_id", "request_id", "model", "prompt").null_count().row(0) == (0,) * 5
    assert set(log["account_id"]) == set(labels["account_id"])
    assert log["request_id"].n_unique() == len(log)
    assert abs(len(log) - ROWS * 2) < ROWS * 0.2


def test_columns_are_empty_where_their_pathway_does_not_know_them(plain: LabelledLog) -> None:
    log, _ = plain
    cloud = log.filter(pl.col("pathway").is_in(["cloud_a", "cloud_b"]))
    assert len(cloud) > 100
    assert (
        cloud.select("ip", "tls_fingerprint", "payment_id", "account_created_at").null_count().row(0)
        == (len(cloud),) * 4
    )
    api = log.filter(pl.col("pathway") == "api")
    assert api["device_id"].null_count() == len(api)
    assert 0 < api["session_id"].null_count() < len(api)
    app = log.filter(pl.col("pathway") == "app")
    assert app["api_key_id"].null_count() == len(app)
    assert app["system_prompt"].null_count() > len(app) / 2


def test_addresses_are_of_both_families_and_an_address_has_one_country(
    plain: LabelledLog,
) -> None:
    log, _ = plain
    seen = log.select("ip", "asn", "country").drop_nulls().unique()
    versions = {ipaddress.ip_address(ip).version for ip in seen["ip"]}
    assert versions == {4, 6}
    assert seen["ip"].n_unique() == len(seen)


def test_labels_name_ten_campaigns_of_a_hundredth_each(plain: LabelledLog) -> None:
    log, labels = plain
    rows = log.join(labels, on="account_id").group_by("campaign").len()
    shares = {name: count / len(log) for name, count in rows.rows() if name}
    assert sorted(shares) == sorted(NAMES)
    assert all(0.004 < share < 0.02 for share in shares.values()), shares
    campaign = labels.filter(pl.col("campaign") != "")
    assert campaign["operator"].n_unique() == 10
    assert set(campaign["cohort"]) == {"campaign"}
    assert set(labels.filter(pl.col("campaign") == "")["cohort"]) == {h.name for h in COHORTS}


def test_quiet_has_no_campaign() -> None:
    _, labels = make("quiet", ROWS, 1)
    assert set(labels["campaign"]) == {""}


def test_the_same_seed_gives_the_same_log_and_another_one_another() -> None:
    first, labels = make("mixed", ROWS, 5)
    again, same = make("mixed", ROWS, 5)
    assert first.equals(again)
    assert labels.equals(same)
    assert not first.equals(make("mixed", ROWS, 6).log)


def test_big_is_three_fifths_of_its_log() -> None:
    log, labels = make("big", ROWS, 2)
    share = len(log.join(labels.filter(pl.col("campaign") != ""), on="account_id")) / len(log)
    assert 0.5 < share < 0.68


def test_a_plain_operator_shares_servers_cards_and_one_client(plain: LabelledLog) -> None:
    rows = of(plain, "grader")
    accounts = rows["account_id"].n_unique()
    assert 14 <= accounts <= 16
    assert rows["ip"].drop_nulls().n_unique() <= 7
    assert rows["payment_id"].n_unique() <= 4
    assert rows["user_agent"].drop_nulls().n_unique() == 1
    assert rows["tls_fingerprint"].drop_nulls().n_unique() == 1
    per_account = rows.group_by("account_id").len()["len"].to_numpy()
    # Load balancing: nobody does much more than the others.
    assert per_account.max() < 3 * per_account.mean()


def test_an_operator_who_hides_leaves_one_tls_stack_behind_many_programs(
    both: LabelledLog,
) -> None:
    rows = of(both, "injected")
    accounts = rows["account_id"].n_unique()
    assert rows["payment_id"].n_unique() == accounts
    assert rows["ip"].drop_nulls().n_unique() > accounts * 2
    assert rows["user_agent"].drop_nulls().n_unique() > 2
    assert rows["tls_fingerprint"].drop_nulls().n_unique() == 1
    asked = rows.filter(pl.col("prompt").str.contains(r"<(trace|thoughts|cot|scratch|derivation)>"))
    tags = asked["prompt"].str.extract(r"<(trace|thoughts|cot|scratch|derivation)>").unique()
    assert len(tags) == 1
    assert len(asked) > len(rows) * 0.5


def test_a_banned_pool_is_refused_then_silent_and_another_takes_over(plain: LabelledLog) -> None:
    rows = of(plain, "injected")
    refused = rows.filter(pl.col("status_code") == 403)
    first = refused.group_by("account_id").agg(pl.col("timestamp").min().alias("ban"))
    pool = first.filter(first["account_id"].is_in(refused["account_id"].unique().to_list()))
    worked = rows.filter(pl.col("status_code") == 200).join(pool, on="account_id")
    ended = worked.group_by("account_id").agg((pl.col("timestamp") > pl.col("ban")).mean().alias("after"))
    assert (ended["after"] == 0).mean() > 0.8  # type: ignore[operator]
    later = rows.join(pool, on="account_id", how="anti")
    assert later["account_id"].n_unique() >= 8
    gap = later["timestamp"].min() - refused["timestamp"].max()  # type: ignore[operator]
    assert gap.total_seconds() < 24 * 3600  # type: ignore[union-attr]


def test_the_pivot_moves_about_half_in_a_day(writer: Writer) -> None:
    scene = make_scene(1, 50_000, writer)
    _, rows = run(scene, CAMPAIGNS[NAMES.index("pivot")], PLAIN, 4_000, "pivot")
    new = rows["model_number"].to_numpy() == NEW_LARGE
    passed = (rows["seconds"].to_numpy() - scene.release) / DAY
    assert not new[passed < 0].any()
    assert 0.3 < new[(passed > 0) & (passed < 1)].mean() < 0.6
    assert new[(passed > 2)].mean() > 0.7


def test_probing_is_refused_at_first_and_not_later(plain: LabelledLog) -> None:
    rows = of(plain, "probing").sort("timestamp")
    refused = (rows["stop_reason"] == "refusal").fill_null(value=False).to_numpy()
    cut = len(rows) // 3
    assert refused[:cut].mean() > 0.7
    assert refused[-cut:].mean() < 0.15


def test_cleaned_reasoning_is_what_was_answered_before(writer: Writer) -> None:
    scene = make_scene(2, 50_000, writer)
    _, rows = run(scene, CAMPAIGNS[NAMES.index("cleaner")], PLAIN, 1_500, "cleaner")
    replies = rows.filter(pl.col("reply").is_not_null()).unique("reply").select("reply", "who", answered="seconds")
    back = rows.filter(pl.col("reply").is_null()).with_columns(
        pl.col("prompt").str.split("\n\n").list.last().alias("last")
    )
    met = back.join(replies, left_on="last", right_on="reply")
    assert len(met) > 50
    assert ((met["seconds"] - met["answered"]).to_numpy() > 3_000).mean() > 0.95
    assert (met["who"].to_numpy() != met["who_right"].to_numpy()).mean() > 0.8


@pytest.mark.parametrize("name", ["inline", "rubric", "backward", "clean", "analyst", "soften", "engineer"])
def test_wordings_are_one_five_or_hundreds(name: str) -> None:
    rng = np.random.default_rng(1)
    assert len(variants(rng, name, "fixed")) == 1
    assert len(variants(rng, name, "few")) == 5
    many = variants(rng, name, "reworded")
    assert len(set(many)) == len(many) >= 300
    assert not any(mark in text for text in many for mark in "{}|")


def test_written_text_is_new_and_a_persons_words_are_his_own(writer: Writer) -> None:
    rng = np.random.default_rng(4)
    size = np.full(300, 40)
    texts = writer.prose(rng, size, np.repeat([1, 2, 3], 100))
    assert texts.n_unique() == 300
    assert (texts.str.count_matches(" ") == 39).all()
    assert writer.say(rng, np.array(["zh", "en"]), np.array([5, 5]), np.array([1, 1])).null_count() == 0


def test_residential_addresses_change_with_every_request_and_rarely_repeat() -> None:
    rng = np.random.default_rng(1)
    network = Network(rng, 1000)
    frame = network.residential(5, np.arange(2000), np.array([0, 3]))
    # Some of the providers hide all their customers behind a few addresses.
    assert frame["ip"].n_unique() > 1300
    assert set(frame["country"]) == {"US", "DE"}
    assert frame["asn"].n_unique() > 8


def test_a_campaign_that_comes_twice_has_two_names() -> None:
    _, labels = make("relay_only", ROWS, 4)
    assert set(labels["campaign"]) == {"", "relay", "relay_2", "replay"}
