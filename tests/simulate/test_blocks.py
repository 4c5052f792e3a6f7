"""Logs that are made in many blocks, as large ones are; here the blocks are small."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from distillscan.simulate import (
    SimulatedLog,
    Simulation,
    load_scenario,
    parse_scenario,
    simulate,
    simulation,
    world,
    write,
)
from distillscan.simulate.simulation import ahead

ROWS = 20_000


def use_small_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(world, "_BLOCK", 400)
    patch.setattr(simulation, "_SLICES_PER_BLOCK", 1)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_blocks(monkeypatch)


@pytest.fixture(scope="module")
def made() -> SimulatedLog:
    with pytest.MonkeyPatch.context() as patch:
        use_small_blocks(patch)
        return simulate(load_scenario("everything"), ROWS, 5)


@pytest.fixture(scope="module")
def whole() -> SimulatedLog:
    return simulate(load_scenario("everything"), ROWS, 5)


def rows(made: SimulatedLog) -> pl.DataFrame:
    return made.log.join(made.labels, on="account_id", maintain_order="left")


def test_a_log_in_blocks_has_the_same_rows_in_order_of_time(made: SimulatedLog) -> None:
    assert made.log.height == ROWS
    assert made.log["timestamp"].is_sorted()
    assert made.log["request_id"].n_unique() == ROWS


def test_every_account_of_a_log_in_blocks_is_labelled_once(made: SimulatedLog) -> None:
    assert made.labels["account_id"].is_unique().all()
    assert set(made.labels["account_id"]) == set(made.log["account_id"])


def test_what_an_account_declares_is_the_same_in_all_blocks(made: SimulatedLog) -> None:
    declared = ("org_id", "payment_id", "email_domain", "account_created_at", "account_type", "plan")
    assert made.log.group_by("account_id").agg(pl.col(declared).n_unique()).select(declared).max().row(0) == (1,) * 6


def test_campaigns_in_blocks_have_as_many_accounts_and_requests(made: SimulatedLog, whole: SimulatedLog) -> None:
    planted = pl.col("campaign").is_not_null()
    counts = pl.len().alias("requests"), pl.col("account_id").n_unique().alias("accounts")
    blocks, one = (rows(log).filter(planted).group_by("campaign").agg(counts).sort("campaign") for log in (made, whole))
    assert blocks["requests"].to_list() == one["requests"].to_list()
    # An account of a proxy network may be replaced before it sends anything.
    settled = pl.col("campaign") != "hydra"
    assert blocks.filter(settled)["accounts"].to_list() == one.filter(settled)["accounts"].to_list()


@pytest.mark.parametrize("campaign", ["fanout_template", "release_pivot", "session_replay", "grader"])
def test_a_campaign_has_one_wording_in_all_its_blocks(made: SimulatedLog, whole: SimulatedLog, campaign: str) -> None:
    systems = [rows(log).filter(campaign=campaign)["system_prompt"].drop_nulls().n_unique() for log in (made, whole)]
    assert systems[0] == systems[1]


@pytest.mark.parametrize(
    ("cohort", "column"),
    [("coding_client", "system_prompt"), ("carrier_nat", "ip"), ("campus", "email_domain"), ("agency", "org_id"),
     ("company_rollout", "org_id"), ("reseller", "ip"), ("ci_fleet", "api_key_id"), ("hackathon", "payment_id")],
)  # fmt: skip
def test_a_cohort_shares_in_all_blocks_what_it_shares_in_one(
    made: SimulatedLog, whole: SimulatedLog, cohort: str, column: str
) -> None:
    shared = [rows(log).filter(cohort=cohort)[column].drop_nulls().n_unique() for log in (made, whole)]
    assert shared[0] == shared[1]


def test_blocks_of_a_banned_pool_are_banned_once(small_blocks: None) -> None:
    text = "[[campaign]]\nkind = 'injected_instruction'\nshare = 0.5\naccounts = 60"
    log = simulate(parse_scenario("x", text), 6_000, 1)
    planted = rows(log).filter(pl.col("campaign").is_not_null()).group_by("account_id")
    first_pool = planted.agg(pl.col("timestamp").min(), pl.col("status_code").last()).sort("timestamp").head(36)
    assert set(first_pool["status_code"]) == {403}


def test_files_of_a_log_in_blocks_are_the_same_each_time(small_blocks: None, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(Simulation(load_scenario("small"), 4_000, 2), tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.labels.csv", "a.parquet", "b.labels.csv", "b.parquet",
    ]  # fmt: skip
    assert_frame_equal(pl.read_parquet(tmp_path / "a.parquet"), simulate(load_scenario("small"), 4_000, 2).log)


def test_csv_of_a_log_in_blocks_has_one_header(small_blocks: None, tmp_path: Path) -> None:
    write(Simulation(load_scenario("small"), 4_000, 2), tmp_path / "log.csv")
    assert pl.read_csv(tmp_path / "log.csv", infer_schema=False).height == 4_000


def test_items_made_ahead_come_in_order_and_errors_come_through() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("the fourth")

    taken: list[int] = []
    with pytest.raises(ValueError, match="the fourth"):
        taken.extend(ahead(items()))
    assert list(ahead(iter([1, 2]))) == [1, 2]
