import importlib
import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from distillscan.columns import CANONICAL
from distillscan.evaluate import read_labels
from tests.support.places import ROOT

FOLDER = ROOT / "benchmarks" / "held_out"
ROWS = 4_000


@pytest.fixture(scope="module", autouse=True)
def on_path() -> Iterator[None]:
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def load(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def writer(on_path: None) -> Any:
    words = load("held_out_words")
    return words.Writer(words.load(None))


@pytest.fixture(scope="module")
def plain(writer: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    made: tuple[pl.DataFrame, pl.DataFrame] = load("make").make("plain", ROWS * 2, 3, writer)
    return made


@pytest.fixture(scope="module")
def both(writer: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    made: tuple[pl.DataFrame, pl.DataFrame] = load("make").make("both", ROWS * 2, 3, writer)
    return made


def of(made: tuple[pl.DataFrame, pl.DataFrame], campaign: str) -> pl.DataFrame:
    log, labels = made
    return log.filter(pl.col("account_id").is_in(labels.filter(pl.col("campaign") == campaign)["account_id"].to_list()))


def test_log_has_the_canonical_columns_in_order_of_time(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    log, labels = plain
    assert log.schema == pl.Schema(dict(CANONICAL))
    assert log["timestamp"].is_sorted()
    assert log.select("timestamp", "account_id", "request_id", "model", "prompt").null_count().row(0) == (0,) * 5
    assert set(log["account_id"]) == set(labels["account_id"])
    assert log["request_id"].n_unique() == len(log)
    assert abs(len(log) - ROWS * 2) < ROWS * 0.2


def test_columns_are_empty_where_their_pathway_does_not_know_them(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
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
    plain: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    log, _ = plain
    seen = log.select("ip", "asn", "country").drop_nulls().unique()
    versions = {ipaddress.ip_address(ip).version for ip in seen["ip"]}
    assert versions == {4, 6}
    assert seen["ip"].n_unique() == len(seen)


def test_labels_name_ten_campaigns_of_a_hundredth_each(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    log, labels = plain
    rows = log.join(labels, on="account_id").group_by("campaign").len()
    shares = {name: count / len(log) for name, count in rows.rows() if name}
    assert sorted(shares) == sorted(load("make").NAMES)
    assert all(0.004 < share < 0.02 for share in shares.values()), shares
    campaign = labels.filter(pl.col("campaign") != "")
    assert campaign["operator"].n_unique() == 10
    assert set(campaign["cohort"]) == {"campaign"}
    assert set(labels.filter(pl.col("campaign") == "")["cohort"]) == {h.name for h in load("held_out_cohorts").COHORTS}


def test_quiet_has_no_campaign(writer: Any) -> None:
    _, labels = load("make").make("quiet", ROWS, 1, writer)
    assert set(labels["campaign"]) == {""}


def test_the_same_seed_gives_the_same_log_and_another_one_another(writer: Any) -> None:
    make = load("make").make
    first, labels = make("mixed", ROWS, 5, writer)
    again, same = make("mixed", ROWS, 5, writer)
    assert first.equals(again)
    assert labels.equals(same)
    assert not first.equals(make("mixed", ROWS, 6, writer)[0])


def test_big_is_three_fifths_of_its_log(writer: Any) -> None:
    log, labels = load("make").make("big", ROWS, 2, writer)
    share = len(log.join(labels.filter(pl.col("campaign") != ""), on="account_id")) / len(log)
    assert 0.5 < share < 0.68


def test_a_plain_operator_shares_servers_cards_and_one_client(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
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
    both: tuple[pl.DataFrame, pl.DataFrame],
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


def test_a_banned_pool_is_refused_then_silent_and_another_takes_over(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
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


def test_the_pivot_moves_about_half_in_a_day(writer: Any) -> None:
    world_module, campaigns = load("held_out_world"), load("held_out_campaigns")
    world = world_module.make_world(1, 50_000, writer)
    chosen = campaigns.CAMPAIGNS[campaigns.NAMES.index("pivot")]
    _, rows = campaigns.run(world, chosen, load("held_out_operators").PLAIN, 4_000, "pivot")
    new = rows["model_number"].to_numpy() == world_module.NEW_LARGE
    passed = (rows["seconds"].to_numpy() - world.release) / world_module.DAY
    assert not new[passed < 0].any()
    assert 0.3 < new[(passed > 0) & (passed < 1)].mean() < 0.6
    assert new[(passed > 2)].mean() > 0.7


def test_probing_is_refused_at_first_and_not_later(plain: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    rows = of(plain, "probing").sort("timestamp")
    refused = (rows["stop_reason"] == "refusal").fill_null(value=False).to_numpy()
    cut = len(rows) // 3
    assert refused[:cut].mean() > 0.7
    assert refused[-cut:].mean() < 0.15


def test_cleaned_reasoning_is_what_was_answered_before(writer: Any) -> None:
    world = load("held_out_world").make_world(2, 50_000, writer)
    campaigns = load("held_out_campaigns")
    chosen = campaigns.CAMPAIGNS[campaigns.NAMES.index("cleaner")]
    _, rows = campaigns.run(world, chosen, load("held_out_operators").PLAIN, 1_500, "cleaner")
    replies = rows.filter(pl.col("reply").is_not_null()).unique("reply").select("reply", "who", answered="seconds")
    back = rows.filter(pl.col("reply").is_null()).with_columns(
        pl.col("prompt").str.split("\n\n").list.last().alias("last")
    )
    met = back.join(replies, left_on="last", right_on="reply")
    assert len(met) > 50
    assert ((met["seconds"] - met["answered"]) > 3_000).mean() > 0.95
    assert (met["who"] != met["who_right"]).mean() > 0.8


@pytest.mark.parametrize("name", ["inline", "rubric", "backward", "clean", "analyst", "soften", "engineer"])
def test_wordings_are_one_five_or_hundreds(name: str) -> None:
    variants = load("held_out_wording").variants
    rng = np.random.default_rng(1)
    assert len(variants(rng, name, "fixed")) == 1
    assert len(variants(rng, name, "few")) == 5
    many = variants(rng, name, "reworded")
    assert len(set(many)) == len(many) >= 300
    assert not any(mark in text for text in many for mark in "{}|")


def test_conversations_grow_and_never_reach_into_another() -> None:
    grow = load("held_out_words").grow
    texts = pl.Series(["a", "b", "c", "d", "e"])
    assert grow(texts, np.array([0, 1, 2, 0, 1]), "/").to_list() == ["a", "a/b", "a/b/c", "d", "d/e"]


def test_written_text_is_new_and_a_persons_words_are_his_own(writer: Any) -> None:
    rng = np.random.default_rng(4)
    size = np.full(300, 40)
    texts = writer.prose(rng, size, np.repeat([1, 2, 3], 100))
    assert texts.n_unique() == 300
    assert (texts.str.count_matches(" ") == 39).all()
    assert writer.say(rng, np.array(["zh", "en"]), np.array([5, 5]), np.array([1, 1])).null_count() == 0


def test_residential_addresses_change_with_every_request_and_rarely_repeat() -> None:
    rng = np.random.default_rng(1)
    network = load("held_out_network").Network(rng, 1000)
    frame = network.residential(5, np.arange(2000), np.array([0, 3]))
    # Some of the providers hide all their customers behind a few addresses.
    assert frame["ip"].n_unique() > 1300
    assert set(frame["country"]) == {"US", "DE"}
    assert frame["asn"].n_unique() > 8


def test_command_writes_a_log_and_labels_that_evaluate_reads(tmp_path: Path, writer: Any) -> None:
    log = tmp_path / "log.parquet"
    load("make").main(["relay_only", str(log), "--rows", str(ROWS), "--seed", "4", "--corpus", str(tmp_path)])
    labels = read_labels(tmp_path / "log.labels.csv")
    assert set(pl.read_parquet(log)["account_id"]) == set(labels["account_id"])
    assert set(labels["campaign"].fill_null("")) == {"", "relay", "relay_2", "replay"}


def test_table_counts_what_a_run_says() -> None:
    run = load("held_out_run")
    one = run.Run(
        scenario="plain",
        seed=1,
        rows=1000,
        accounts=50,
        precision=0.75,
        recall=None,
        campaigns={"relay": (20, 5, 10, 15)},
        accused={"class": (1, 2, 3)},
        bins=((0.8, 1, 0), (0.9, 4, 3)),
        seconds=(1.2, 3.4),
        clusters=("high 0.95: 20 relay (x +3)",),
    )
    text = run.table([one], "--rows 1000")
    assert "| `plain` | 1 | 1,000 | 50 | 0.750 | – | 1 | 2 | 3 of 4 | 1 | 3 |" in text
    assert "| `plain` | 1 | `relay` | 20 | 0.25 | 0.50 | 0.75 |" in text
    assert "| `plain` | 1 | `class` | 1 | 2 | 3 |" in text
    assert "| 0.9–1.0 | 4 | 3 | 0.75 |" in text
    assert "- `plain` 1: high 0.95: 20 relay (x +3)" in text


def test_run_makes_analyses_and_evaluates(tmp_path: Path) -> None:
    output = tmp_path / "table.md"
    arguments = ["--rows", "3000", "--scenarios", "plain", "--first-seed", "2"]
    load("held_out_run").main([*arguments, "--corpus", str(tmp_path), "--output", str(output)])
    text = output.read_text(encoding="utf-8")
    assert "| `plain` | 2 | " in text
    assert text.count("| `plain` | 2 | `") >= 10
