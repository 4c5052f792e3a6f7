from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from distillscan.errors import InputError, UsageError
from distillscan.simulate import Simulation, list_scenarios, load_scenario, parse_scenario
from distillscan.simulate.campaigns import CAMPAIGNS
from distillscan.simulate.campaigns.injected_instruction import InjectedInstruction
from distillscan.simulate.cohorts import COHORTS


def test_packaged_scenarios_are_listed_by_name_with_a_summary() -> None:
    listed = list_scenarios()
    assert {"default", "innocent", "everything", "small"} <= set(listed)
    assert list(listed) == sorted(listed)
    assert listed["innocent"] == "Every innocent look-alike and no campaign: nothing may be accused."


def test_everything_has_every_kind_and_innocent_every_cohort() -> None:
    everything = {entry.builder.kind for entry in load_scenario("everything").entries}
    assert everything == {builder.kind for builder in COHORTS + CAMPAIGNS}
    innocent = load_scenario("innocent").entries
    assert {entry.builder.kind for entry in innocent} == {builder.kind for builder in COHORTS}
    assert not any(entry.campaign for entry in innocent)


def test_kinds_are_named_once() -> None:
    kinds = [builder.kind for builder in COHORTS + CAMPAIGNS]
    assert len(set(kinds)) == len(kinds)


def test_a_scenario_file_sets_time_size_and_options(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        summary = "Mine."
        start = 2026-06-01T00:00:00Z
        days = 10
        release_day = 4
        released = "nova-2"
        [background]
        requests_per_account_day = 2
        consumer = 1
        [[campaign]]
        kind = "injected_instruction"
        name = "pool"
        share = 0.1
        accounts = 12
        start_day = 2
        days = 6
        position = "suffix"
        cover = 0
        """
    )
    scenario = load_scenario(path)
    assert (scenario.name, scenario.summary, scenario.days, scenario.released) == ("mine", "Mine.", 10, "nova-2")
    assert scenario.start == datetime(2026, 6, 1, tzinfo=UTC)
    assert (scenario.background_rate, scenario.background.consumer) == (2, 1)
    (entry,) = scenario.entries
    assert (entry.name, entry.accounts, entry.start_day, entry.days, entry.campaign) == ("pool", 12, 2, 6, True)
    assert entry.builder == InjectedInstruction(position="suffix", cover=0)


def test_entries_can_be_switched_off() -> None:
    scenario = load_scenario("default")
    assert [entry.name for entry in scenario.only("carrier_nat", "release_pivot").entries] == [
        "carrier_nat",
        "release_pivot",
    ]
    assert "coding_client" not in [entry.name for entry in scenario.without("coding_client").entries]
    with pytest.raises(UsageError, match=r"^Scenario default has no entry hydra; it has: coding_client, carrier_nat"):
        scenario.without("hydra")
    with pytest.raises(UsageError, match="has no entry hydra"):
        scenario.only("hydra")


def test_a_scenario_can_borrow_the_cohorts_of_another() -> None:
    lent = load_scenario("innocent")
    own = "[[cohort]]\nkind = 'agency'\nname = 'second'\nshare = 0.01\n[background]\nnative = 0.1"
    mine = parse_scenario("mine", f"cohorts_from = 'innocent'\n{own}")
    assert mine.entries[:-1] == lent.entries
    assert mine.entries[-1].name == "second"
    assert (mine.background.native, mine.background.wide, lent.background.native) == (0.1, True, 0.3)
    assert parse_scenario("bare", "cohorts_from = 'innocent'").background == lent.background
    with pytest.raises(UsageError, match=r"^there is no scenario 'nowhere'; the packaged ones are "):
        parse_scenario("mine", "cohorts_from = 'nowhere'")


MEASURED = (
    "one_percent", "per_mille", "paraphrase_strongest", "residential_strongest", "both_strongest", "disclosed",
    "responses",
)  # fmt: skip


@pytest.mark.parametrize("name", MEASURED)
def test_scenarios_to_measure_on_have_every_innocent(name: str) -> None:
    entries = load_scenario(name).entries
    assert {one.builder.kind for one in entries if not one.campaign} == {builder.kind for builder in COHORTS}


@pytest.mark.parametrize(
    ("name", "share", "rows", "fewest", "most"),
    [("one_percent", 0.01, 200_000, 40, 55), ("one_percent", 0.01, 500_000, 110, 130),
     ("per_mille", 0.001, 500_000, 30, 60)],
)  # fmt: skip
def test_every_campaign_has_the_same_share_and_a_realistic_pace(
    name: str, share: float, rows: int, fewest: int, most: int
) -> None:
    planted = [entry for entry in load_scenario(name).entries if entry.campaign]
    assert {entry.builder.kind for entry in planted} == {builder.kind for builder in CAMPAIGNS}
    assert {entry.share for entry in planted} == {share}
    for entry in planted:
        assert entry.rate is not None
        assert entry.days is not None
        assert 3 <= entry.rate <= 30
        assert fewest <= rows * share / (entry.rate * entry.days) <= most, entry.name


def test_the_strongest_evasions_are_one_two_or_both_and_nothing_else() -> None:
    def options(name: str) -> dict[str, Any]:
        return {entry.name: entry.builder for entry in load_scenario(name).entries if entry.campaign}

    words, homes, both = (options(f"{name}_strongest") for name in ("paraphrase", "residential", "both"))
    assert set(homes) == set(both) == {builder.kind for builder in CAMPAIGNS}
    assert set(homes) - set(words) == {"relay", "session_replay"}
    assert {one.paraphrase for one in words.values()} == {300}
    assert not any(one.residential for one in words.values())
    assert all(one.residential and one.paraphrase == 1 for one in homes.values())
    assert all(one.residential and one.own_country for one in both.values())
    assert {name: both[name].paraphrase for name in words} == dict.fromkeys(words, 300)
    for one in (*words.values(), *homes.values(), *both.values()):
        plain = type(one)()
        assert (one.cover, one.jitter, one.distinct_payments, one.free_mail) == (
            plain.cover, plain.jitter, plain.distinct_payments, plain.free_mail
        )  # fmt: skip


CASES = [
    ("colour = 1", "Scenario x: unknown key colour; known are: background, campaign, cohort,"),
    ("[[cohort]]\nkind = 'relay'\nshare = 0.1", "Scenario x: unknown cohort kind 'relay'; known are: agency, campus"),
    ("[[campaign]]\nshare = 0.1", "Scenario x: unknown campaign kind None; known are: fanout_template, grader"),
    (
        "[[cohort]]\nkind = 'agency'",
        "Scenario x, cohort agency: share (of the log's rows, between 0 and 1) is missing.",
    ),
    (
        "[[cohort]]\nkind = 'agency'\nshare = 1.5",
        "Scenario x, cohort agency: share is 1.5; expected a number from 0 up to",
    ),
    (
        "[[cohort]]\nkind = 'early_adopters'\nshare = 0.1\nwithin = 2",
        "Scenario x, cohort early_adopters: early_adopters has no option 'within'; it has: within_hours.",
    ),
    (
        "[[campaign]]\nkind = 'relay'\nshare = 0.1\nsticky = 'no'",
        "Scenario x, campaign relay: option 'sticky' is 'no'; expected float, such as 0.3.",
    ),
    (
        "[[campaign]]\nkind = 'relay'\nshare = 0.1\nwhole = 1",
        "Scenario x, campaign relay: option 'whole' is 1; expected bool, such as True.",
    ),
    (
        "[[campaign]]\nkind = 'injected_instruction'\nshare = 0.1\nposition = 'top'",
        "Scenario x, campaign injected_instruction: option 'position' is 'top'; expected one of: mixed, prefix,",
    ),
    (
        "[[cohort]]\nkind = 'agency'\nshare = 0.1\n[[cohort]]\nkind = 'agency'\nshare = 0.2",
        "Scenario x: agency appears more than once; give each a name of its own (name = ...).",
    ),
    (
        "[[cohort]]\nkind = 'agency'\nshare = 0.6\n[[cohort]]\nkind = 'campus'\nshare = 0.5",
        "Scenario x: the shares of its cohorts and campaigns add up to 1.1; the background needs some.",
    ),
    (
        "[background]\nstudents = 0.1",
        "Scenario x, background: ordinary has no option 'students'; it has: closed, constant",
    ),
]


@pytest.mark.parametrize(("text", "message"), CASES)
def test_a_faulty_scenario_says_what_is_wrong_and_what_is_known(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scenario("x", text)
    assert str(caught.value).startswith(message)


def test_text_that_is_no_toml_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"^Scenario x is not valid TOML: "):
        parse_scenario("x", "days = ")


def test_an_unknown_name_lists_the_packaged_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_scenario("nowhere")
    assert str(caught.value).startswith(
        "there is no scenario 'nowhere'; the packaged ones are both_strongest, default, "
    )
    assert str(caught.value).endswith("(your own scenario's file must end in .toml)")


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--scenario .*gone\.toml: there is no such file$"):
        load_scenario(tmp_path / "gone.toml")


def test_the_mission_has_as_many_accounts_as_was_disclosed() -> None:
    sizes = Simulation(load_scenario("mission"), 16_000_000, 1).sizes
    planted = {entry.name for entry in load_scenario("mission").entries if entry.campaign}
    assert sum(size.rows for size in sizes.values()) == 16_000_000
    assert 365_000 < sum(size.accounts for size in sizes.values()) < 375_000
    assert sum(sizes[name].accounts for name in planted) > 24_000
    assert sizes["proxy_network"].accounts > 20_000


def test_a_hundredth_of_the_mission_has_a_hundredth_of_the_accounts_at_the_same_pace() -> None:
    whole, part = (Simulation(load_scenario("mission"), rows, 1).sizes for rows in (16_000_000, 160_000))
    for name in ("proxy_network", "user_relay", "two_pools", "coding_client", "ordinary"):
        assert part[name].accounts == pytest.approx(whole[name].accounts / 100, rel=0.02)
        assert (part[name].first, part[name].last) == (whole[name].first, whole[name].last)
    assert {name: size.accounts for name, size in part.items() if size.rows < size.accounts} == {}
