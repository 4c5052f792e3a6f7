import ipaddress
import tomllib
from datetime import UTC, datetime
from importlib import resources

import numpy as np
import polars as pl
import pytest

from distillscan.simulate import ids
from distillscan.simulate.clients import CHANNELS, fingerprint, load_clients
from distillscan.simulate.clock import DAY, HOUR, MINUTE, RHYTHMS, draw_times, pauses, rhythm
from distillscan.simulate.networks import NetworkKind, load_networks
from distillscan.simulate.people import (
    NEVER,
    SEGMENTS,
    domains,
    draw_adoption_times,
    draw_creation_times,
    free_mail,
    make_accounts,
)
from distillscan.simulate.traffic import divide_rows, draw_visits, move_conversations, prepend_history
from distillscan.simulate.world import Lineup, World
from distillscan.simulate.writer import INTERESTS, make_writer

FIRST = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, 50_000, FIRST, FIRST + 30 * DAY - 1, Lineup(release_us=FIRST + 16 * DAY), make_writer())


def test_identifiers_are_distinct_and_of_one_shape() -> None:
    made = ids.mint(np.random.default_rng(0), "acct", 10_000)
    assert made.n_unique() == 10_000
    assert made.str.contains(r"^acct_[0-9a-f]{16}$").all()


def test_only_keeps_values_where_the_mask_holds() -> None:
    assert ids.null_unless(pl.Series(["a", "b"]), np.array([True, False])).to_list() == ["a", None]


def test_every_network_is_public_and_large_enough_for_a_crowd() -> None:
    text = (resources.files("distillscan.simulate.words") / "networks.toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(text)["networks"]:
        network = ipaddress.ip_network(entry["v4"])
        assert network.is_global, entry
        assert network.num_addresses >= 8_192, entry
        assert entry["asn"].startswith("AS"), entry


def test_addresses_lie_in_the_network_they_are_drawn_from() -> None:
    text = (resources.files("distillscan.simulate.words") / "networks.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["networks"]
    chosen = np.repeat(np.arange(len(entries)), 20)
    drawn = load_networks().draw(np.random.default_rng(1), chosen, 0.5)
    versions = set()
    for at, address in zip(chosen, drawn, strict=True):
        parsed = ipaddress.ip_address(address)
        versions.add(parsed.version)
        home = entries[at]["v4" if parsed.version == 4 else "v6"]
        assert parsed in ipaddress.ip_network(home)
    assert versions == {4, 6}


def test_a_country_without_a_mobile_network_falls_back_to_its_home_networks() -> None:
    networks = load_networks()
    assert networks.of("mobile", "AR").tolist() == networks.of("home", "AR").tolist()
    picked = networks.pick(np.random.default_rng(2), "mobile", pl.Series(["DE", "AR", "DE"]))
    assert networks.country.gather(picked).to_list() == ["DE", "AR", "DE"]


@pytest.mark.parametrize("kind", ["home", "mobile", "office", "campus", "cloud", "vpn"])
def test_there_are_networks_of_every_kind(kind: NetworkKind) -> None:
    assert load_networks().of(kind).size >= 4


def test_a_fingerprint_goes_with_the_stack_not_with_the_program() -> None:
    clients = load_clients()
    table = dict(zip(clients.agent, clients.tls, strict=True))
    assert table["axios/1.12.2"] == table["node-fetch/3.3.2"] == fingerprint("node", 0)
    assert table["axios/1.12.2"] != table["curl/8.14.1"]


def test_the_newer_client_is_the_next_version_of_the_same_program() -> None:
    clients = load_clients()
    at = clients.agent.to_list().index("atlas-python/0.90.0")
    assert clients.agent[int(clients.newer[at])] == "atlas-python/0.91.0"
    newest = clients.agent.to_list().index("atlas-python/0.94.0")
    assert clients.newer[newest] == newest


def test_picked_clients_belong_to_the_channel_and_the_first_is_most_used() -> None:
    clients = load_clients()
    picked = clients.pick(np.random.default_rng(0), "web", 5_000)
    assert set(clients.channel[picked]) == {CHANNELS.index("web")}
    assert np.bincount(picked).argmax() == np.flatnonzero(clients.channel == CHANNELS.index("web"))[0]


def test_office_times_are_in_office_hours_of_the_local_week() -> None:
    count = 4_000
    offset = np.full(count, 330)
    times = draw_times(
        np.random.default_rng(1),
        np.full(count, rhythm("office")),
        offset,
        np.full(count, FIRST),
        np.full(count, FIRST + 28 * DAY),
    )
    local = pl.Series(times + 330 * MINUTE).cast(pl.Datetime("us"))
    assert (local.dt.hour().is_between(8, 17)).mean() > 0.75  # type: ignore[operator]
    assert (local.dt.weekday() >= 6).mean() < 0.08  # type: ignore[operator]
    assert times.min() >= FIRST
    assert times.max() <= FIRST + 28 * DAY


def test_a_window_too_short_for_the_rhythm_gets_times_in_it() -> None:
    first = np.full(50, FIRST + 3 * DAY + 3 * HOUR)
    times = draw_times(
        np.random.default_rng(1), np.full(50, rhythm("office")), np.zeros(50, np.int64), first, first + MINUTE
    )
    assert ((times >= first) & (times <= first + MINUTE)).all()


def test_machines_work_around_the_clock() -> None:
    count = 24_000
    window = np.full(count, FIRST), np.full(count, FIRST + 28 * DAY)
    times = draw_times(np.random.default_rng(1), np.full(count, rhythm("always")), np.zeros(count, np.int64), *window)
    per_hour = np.bincount(times % DAY // HOUR, minlength=24)
    assert per_hour.min() > 850
    assert set(RHYTHMS) == {"home", "office", "student", "night", "always", "nightly"}


def test_pauses_have_the_median_asked_for() -> None:
    assert np.median(pauses(np.random.default_rng(1), 20_000, 75)) == pytest.approx(75e6, rel=0.05)


def test_free_mail_is_mostly_one_provider_and_company_domains_hardly_repeat() -> None:
    rng = np.random.default_rng(1)
    assert (free_mail(rng, 2_000) == "gmail.com").mean() == pytest.approx(0.47, abs=0.06)
    assert domains(rng, 2_000).n_unique() > 1_980


def test_creation_dates_reach_two_years_back_and_into_the_log() -> None:
    created = draw_creation_times(np.random.default_rng(1), FIRST + 30 * DAY, FIRST, 0.2, 5_000)
    assert created.min() >= FIRST - 730 * DAY
    assert created.max() < FIRST + 30 * DAY
    assert (created > FIRST).mean() == pytest.approx(0.2, abs=0.03)


def test_a_new_model_is_adopted_slowly() -> None:
    lineup = Lineup(release_us=FIRST)
    adopts = draw_adoption_times(np.random.default_rng(1), lineup, 10_000)
    assert (adopts < FIRST + DAY).mean() == pytest.approx(0.036, abs=0.01)
    assert (adopts == NEVER).mean() == pytest.approx(0.64, abs=0.03)
    assert adopts.min() >= FIRST


@pytest.mark.parametrize("sort", sorted(SEGMENTS))
def test_recruits_share_nothing(world: World, sort: str) -> None:
    people = make_accounts(world.context("crowd"), 400, sort)
    assert people["account_id"].n_unique() == 400
    assert people["operator"].equals(people["account_id"])
    paying = people["payment_id"].drop_nulls()
    assert paying.n_unique() == len(paying)
    assert people["device_a"].n_unique() == people["api_key_id"].n_unique() == 400
    assert people["ip_a"].n_unique() >= 399
    assert people["org_id"].null_count() == people["campaign"].null_count() == 400


def test_only_free_plans_have_no_payment(world: World) -> None:
    people = make_accounts(world.context("crowd"), 500, "consumer")
    assert (people["payment_id"].is_null() == (people["plan"] == "free")).all()
    assert 0.5 < (people["plan"] == "free").mean() < 0.75  # type: ignore[operator]


def test_recruits_of_one_country_live_there(world: World) -> None:
    people = make_accounts(world.context("crowd"), 50, "consumer", country="BR")
    assert set(people["country"]) == {"BR"}
    networks = load_networks()
    assert set(networks.country.gather(people["home_net"])) == {"BR"}


def test_a_stage_has_randomness_of_its_own(world: World) -> None:
    one, again, other = (world.context(name).mint("x", 5).to_list() for name in ("a", "a", "b"))
    assert one == again != other


def test_shared_values_are_used_by_about_as_many_as_asked(world: World) -> None:
    shared = world.context("a").shared("pm", 800, 8)
    assert 80 <= shared.n_unique() <= 100


def test_share_out_gives_every_account_one_and_caps_the_largest() -> None:
    rng = np.random.default_rng(1)
    weights = np.exp(rng.normal(0, 3, 200))
    counts = divide_rows(rng, weights, 10_000, 0.05)
    assert counts.sum() == 10_000
    assert counts.min() >= 1
    assert counts.max() < 700
    assert divide_rows(rng, weights, 10_000).max() > 700


def test_share_out_with_fewer_rows_than_accounts_leaves_some_without() -> None:
    assert divide_rows(np.random.default_rng(1), np.ones(5), 3).tolist() == [1, 1, 1, 0, 0]


def test_visits_come_in_conversations_within_the_accounts_days(world: World) -> None:
    context = world.context("talk")
    people = make_accounts(context, 100, "consumer")
    when = draw_visits(context, people, np.full(100, 20))
    assert when.height == 2_000
    first, last = (people[name].gather(when["person"]) for name in ("first", "last"))
    assert ((when["time"] >= first) & (when["time"] <= last)).all()
    turns = when.group_by("session", maintain_order=True).agg(
        pl.col("turn"), pl.col("time").diff().min(), pl.col("person").n_unique()
    )
    assert turns.filter(pl.col("turn") != pl.int_ranges(pl.col("turn").list.len())).is_empty()
    assert turns["person"].max() == 1
    assert (turns["time"].drop_nulls() >= 0).all()
    assert 2.5 < 2_000 / turns.height < 5


def test_flatten_lets_prompts_grow_and_long_conversations_begin_anew() -> None:
    lines = pl.DataFrame({"turn": np.arange(14), "prompt": [str(at) for at in range(14)]})
    grown = prepend_history(lines, np.full(14, fill_value=True))["prompt"].to_list()
    assert grown[0] == "0"
    assert grown[2] == "0\n\n1\n\n2"
    assert grown[12] == "12"
    assert grown[13] == "12\n\n13"
    assert prepend_history(lines, np.zeros(14, bool))["prompt"].to_list() == lines["prompt"].to_list()


def test_reschedule_moves_the_whole_conversation(world: World) -> None:
    lines = pl.DataFrame({"session": [0, 0, 1], "time": [FIRST, FIRST + 5, FIRST + 9]})
    moved = move_conversations(world.context("x"), lines, np.array([True, False, False]), np.full(3, FIRST + HOUR))
    assert moved["time"].to_list() == [FIRST + HOUR, FIRST + HOUR + 5, FIRST + 9]
    late = move_conversations(world.context("x"), lines, np.array([True, False, False]), np.full(3, world.last))
    assert late["time"].max() == world.last


def test_speakers_of_other_languages_sometimes_ask_in_english(world: World) -> None:
    rng = np.random.default_rng(1)
    rows = 2_000
    asked = world.writer.ordinary(rng, np.full(rows, 2), np.zeros(rows, np.int64), np.zeros(rows, np.int64))
    assert asked.str.contains(r"\p{Han}").mean() == pytest.approx(0.88, abs=0.03)


def test_some_people_only_type_hello(world: World) -> None:
    rng = np.random.default_rng(1)
    zeros = np.zeros(5_000, np.int64)
    assert world.writer.ordinary(rng, zeros, zeros, zeros).is_in(["hi", "hello", "continue"]).sum() > 15


def test_questions_can_be_kept_to_some_interests(world: World) -> None:
    maths = world.writer.ask(np.random.default_rng(1), 300, ("math",))
    assert maths.str.contains(r"\d").mean() > 0.8  # type: ignore[operator]
    assert len(world.writer.ask(np.random.default_rng(1), 7)) == 7
    assert len(INTERESTS) == 8


def test_a_manual_has_the_size_asked_for(world: World) -> None:
    assert 8_500 < len(world.writer.agent_prompt(np.random.default_rng(1), 9_000).encode()) <= 9_000
