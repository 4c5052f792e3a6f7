from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from distillscan.columns import CANONICAL
from distillscan.errors import UsageError
from distillscan.simulate import SimulatedLog, load_scenario, parse_scenario, simulate

OPTIONAL = {"response"}


def test_the_log_has_the_canonical_columns_and_exactly_the_rows_asked_for(everything: SimulatedLog) -> None:
    assert everything.log.schema == pl.Schema(dict(CANONICAL))
    assert everything.log.height == 60_000
    assert everything.log["timestamp"].is_sorted()
    empty = {name for name in CANONICAL if everything.log[name].null_count() == 60_000}
    assert empty == OPTIONAL


def test_the_same_seed_gives_the_same_log_and_another_seed_another(everything: SimulatedLog) -> None:
    again = simulate(load_scenario("everything"), 60_000, 5)
    assert_frame_equal(everything.log, again.log)
    assert_frame_equal(everything.labels, again.labels)
    other = simulate(load_scenario("default"), 3_000, 6)
    assert set(other.log["account_id"]).isdisjoint(everything.log["account_id"])


def test_every_account_is_labelled_exactly_once(everything: SimulatedLog) -> None:
    assert everything.labels["account_id"].is_unique().all()
    assert set(everything.labels["account_id"]) == set(everything.log["account_id"])
    assert everything.labels.columns == ["account_id", "operator", "cohort", "campaign"]
    assert everything.labels.drop("campaign").null_count().sum_horizontal().item() == 0


def test_campaigns_have_one_operator_and_strangers_are_their_own(everything: SimulatedLog) -> None:
    planted = everything.labels.filter(pl.col("campaign").is_not_null())
    assert (planted["operator"] == planted["campaign"]).all()
    assert planted["campaign"].n_unique() == 9
    strangers = everything.labels.filter(cohort="ordinary")
    assert (strangers["operator"] == strangers["account_id"]).all()


def test_requests_are_within_the_log_and_after_the_account_was_made(everything: SimulatedLog) -> None:
    log = everything.log
    assert log["timestamp"].min() >= datetime(2026, 4, 1, tzinfo=UTC)  # type: ignore[operator]
    assert log["timestamp"].max() < datetime(2026, 5, 1, tzinfo=UTC)  # type: ignore[operator]
    assert (log["account_created_at"] <= log["timestamp"]).all()


def test_request_ids_are_distinct(everything: SimulatedLog) -> None:
    assert everything.log["request_id"].n_unique() == 60_000


def test_what_an_account_declares_is_the_same_in_all_its_requests(everything: SimulatedLog) -> None:
    declared = ("org_id", "payment_id", "email_domain", "account_created_at", "account_type", "plan")
    assert (
        everything.log.group_by("account_id").agg(pl.col(declared).n_unique()).select(declared).max().row(0) == (1,) * 6
    )


def test_network_number_and_country_are_known_exactly_where_the_address_is(everything: SimulatedLog) -> None:
    log = everything.log
    assert (log["ip"].is_null() == log["asn"].is_null()).all()
    assert (log["ip"].is_null() == log["country"].is_null()).all()
    assert (log["ip"].is_null() == (log["pathway"] == "cloud")).all()


def test_other_pathways_leave_other_columns_empty(everything: SimulatedLog) -> None:
    people = everything.log.filter(pl.col("pathway").is_in(["web", "app"]))
    programs = everything.log.filter(pathway="api")
    assert people["api_key_id"].null_count() == people.height
    assert people["session_id"].null_count() == people["device_id"].null_count() == 0
    assert programs["api_key_id"].null_count() == 0
    assert programs["device_id"].null_count() == programs.height
    assert 0.03 < programs["tls_fingerprint"].null_count() / programs.height < 0.07


def test_errors_have_no_output_and_no_stop_reason(everything: SimulatedLog) -> None:
    failed = everything.log.filter(pl.col("status_code") != 200)
    assert 0.01 < failed.height / 60_000 < 0.03
    assert set(failed["status_code"]) >= {429, 500, 403}
    assert failed["output_tokens"].sum() == failed["cached_tokens"].sum() == 0
    assert failed["stop_reason"].null_count() == failed.height
    assert everything.log.filter(status_code=200)["stop_reason"].null_count() == 0
    assert everything.log.filter(status_code=200)["output_tokens"].min() >= 1  # type: ignore[operator]


def test_the_new_model_is_not_used_before_its_release(everything: SimulatedLog) -> None:
    new = everything.log.filter(model="atlas-4")
    assert new["timestamp"].min() >= datetime(2026, 4, 17, tzinfo=UTC)  # type: ignore[operator]
    assert new.height > 2_000


def test_the_default_scenario_has_three_campaigns_of_25_accounts_from_20_000_rows() -> None:
    labels = simulate(load_scenario("default"), 20_000, 1).labels
    sizes = dict(labels.drop_nulls("campaign").group_by("campaign").len().iter_rows())
    assert set(sizes) == {"fanout_template", "injected_instruction", "release_pivot"}
    assert min(sizes.values()) >= 25
    assert {"carrier_nat", "coding_client", "company_rollout", "popular_app"} <= set(labels["cohort"])


def test_the_innocent_scenario_has_no_campaign() -> None:
    labels = simulate(load_scenario("innocent"), 20_000, 1).labels
    assert labels["campaign"].null_count() == labels.height


def test_switching_a_cohort_off_leaves_the_others_as_they_were() -> None:
    whole, part = (
        simulate(scenario, 5_000, 3)
        for scenario in (load_scenario("small"), load_scenario("small").without("carrier_nat"))
    )
    for cohort in ("company_rollout", "fanout_template"):
        one, two = (
            log.log.join(log.labels.filter(cohort=cohort), on="account_id", how="semi").drop("request_id")
            for log in (whole, part)
        )
        assert_frame_equal(one, two)
    assert "carrier_nat" not in part.labels["cohort"]


def test_a_share_of_nothing_switches_an_entry_off() -> None:
    scenario = parse_scenario("x", "[[cohort]]\nkind = 'agency'\nshare = 0")
    assert set(simulate(scenario, 500, 1).labels["cohort"]) == {"ordinary"}


def test_accounts_can_be_set_and_follow_from_the_rate_otherwise() -> None:
    text = "[[campaign]]\nkind = 'grader'\nshare = 0.4\nstart_day = 5\ndays = 10\n"
    fixed = simulate(parse_scenario("x", text + "accounts = 7"), 5_000, 1).labels
    paced = simulate(parse_scenario("x", text + "requests_per_account_day = 2"), 5_000, 1).labels
    assert fixed["campaign"].count() == 7
    assert paced["campaign"].count() == 100


def test_two_entries_of_a_kind_are_two_operators() -> None:
    text = "".join(f"[[campaign]]\nkind = 'grader'\nname = '{name}'\nshare = 0.2\n" for name in ("one", "two"))
    log = simulate(parse_scenario("x", text), 4_000, 1)
    rows = log.log.join(log.labels.drop_nulls("campaign"), on="account_id")
    assert set(rows["campaign"]) == set(rows["operator"]) == {"one", "two"}
    ips = rows.group_by("campaign").agg(pl.col("ip").unique())["ip"].to_list()
    assert set(ips[0]).isdisjoint(ips[1])


def test_too_few_rows_is_a_usage_error() -> None:
    with pytest.raises(
        UsageError, match=r"^30 rows are too few for mine: 15 are left for ordinary accounts, 20 are needed\.$"
    ):
        simulate(parse_scenario("mine", "[[cohort]]\nkind = 'agency'\nshare = 0.5"), 30, 1)


def test_an_entry_outside_the_logs_days_is_a_usage_error() -> None:
    scenario = parse_scenario("x", "[[cohort]]\nkind = 'agency'\nshare = 0.5\nstart_day = 25\ndays = 10")
    with pytest.raises(
        UsageError, match=r"^Scenario x: agency runs from day 25 for 10 days, outside the log's 30 days\.$"
    ):
        simulate(scenario, 1_000, 1)
