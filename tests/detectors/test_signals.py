"""The parts of the detectors, one by one, on accounts few enough to count by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from handmade import START, at
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_population import graph_of, number, numbers_of, population_of

from distillscan.detectors import (
    account_fanout,
    infrastructure_overlap,
    output_harvest,
    release_pivot,
    template_uniformity,
)
from distillscan.detectors.base import Candidate, Context, Finding, Release, percent
from distillscan.parameters import (
    AccountFanout,
    InfrastructureOverlap,
    OutputHarvest,
    ReleasePivot,
    TemplateUniformity,
)
from distillscan.population import SIGNALS, Population, SignalGraph
from distillscan.profile import empty_profile
from distillscan.profile.strings import hash_text
from distillscan.weigh import group_bits, share_bits

# What the figures below are worked out for; the defaults may be tuned.
FANOUT = AccountFanout(
    holder_cap=8.0,
    single_holder_cap=4.0,
    single_share=0.7,
    burst_hours=6,
    burst_p=1e-6,
    burst_min=5,
    replacement_hours=12,
    common_domain_share=0.01,
)
OVERLAP = InfrastructureOverlap(site_share=0.6, rotation_share=0.5, rotation_requests=8)
PIVOT = ReleasePivot(window_hours=24, before_days=7, min_before=3, min_after=3, moved=0.3)
HARVEST = OutputHarvest(
    enough=24,
    sleepless=0.12,
    busy_members=5,
    asleep=0.05,
    rhythm_cap=2.0,
    volume_cap=2.0,
    volume_floor=-1.5,
    volume_zero=400,
    loose_pairs=15,
    loose_enough=60,
)
WORDING = TemplateUniformity(
    min_accounts=4, min_prompts=6, coverage=0.15, min_system_tokens=12, automation_cap=4.0, comparable=30
)
PARAMETERS = {
    "account_fanout": FANOUT,
    "infrastructure_overlap": OVERLAP,
    "release_pivot": PIVOT,
    "output_harvest": HARVEST,
    "template_uniformity": WORDING,
}

Rows = list[dict[str, Any]]


def candidate_of(population: Population, detector: Any, prefix: str, context: Context | None = None) -> Candidate:
    """The accounts whose names begin with ``prefix``, with the signals of one detector."""
    context = context or Context()
    graph = SignalGraph(population, detector.signals(population, PARAMETERS[detector.name], context))
    return Candidate(numbers_of(population, prefix), graph, context)


def assess(rows: Rows, detector: Any, prefix: str = "m", context: Context | None = None) -> list[Finding]:
    found: list[Finding] = detector.assess(
        candidate_of(population_of(rows), detector, prefix, context), PARAMETERS[detector.name]
    )
    return found


def ties(rows: Rows, detector: Any) -> list[Finding]:
    """What a detector says of coordination alone."""
    return [finding for finding in assess(rows, detector) if finding.axis == "coordination"]


def carried(population: Population, signals: pl.DataFrame, kind: str) -> dict[int, set[str]]:
    """Token to the names of the accounts that carry it."""
    names = dict(population.profile.accounts.select("account", "account_id").iter_rows())
    out: dict[int, set[str]] = {}
    for account, token in signals.filter(pl.col("kind") == kind).select("account", "token").iter_rows():
        out.setdefault(token, set()).add(names[account])
    return out


def each(count: int, **columns: Any) -> Rows:
    """That many accounts ``m0``, ``m1``, ...; a column may be a function of the number."""
    return [
        {"account_id": f"m{k}", **{name: value(k) if callable(value) else value for name, value in columns.items()}}
        for k in range(count)
    ]


def others(count: int, **columns: Any) -> Rows:
    return [{**row, "account_id": f"x{k}"} for k, row in enumerate(each(count, **columns))]


class TestOwnDomains:
    def domains(self, rows: Rows, **parameters: float) -> dict[str, int]:
        population = population_of(rows)
        links = account_fanout.own_domains(population, replace(FANOUT, **parameters))  # type: ignore[arg-type]
        names = population.values("email_domain", links["entity"].to_list())
        return {name: names.count(name) for name in names}

    def test_mail_providers_are_left_out_by_name_however_they_are_written(self) -> None:
        rows = each(9, email_domain=lambda k: ["gmail.com", " GMail.com ", "corp.example"][k % 3])
        assert self.domains(rows) == {"corp.example": 3}

    @pytest.mark.parametrize(
        ("users", "expected"), [(50, {"big.example": 50, "small.example": 2}), (51, {"small.example": 2})]
    )
    def test_so_are_domains_that_too_many_use(self, users: int, expected: dict[str, int]) -> None:
        rows = each(users, email_domain="big.example") + others(2, email_domain="small.example")
        assert self.domains(rows) == expected

    def test_in_a_large_log_too_many_is_a_share(self) -> None:
        rows = each(60, email_domain="big.example") + others(140, email_domain=None)
        assert self.domains(rows, common_domain_share=0.3) == {"big.example": 60}
        assert self.domains(rows, common_domain_share=0.29) == {}

    def test_without_the_column_there_are_none(self) -> None:
        assert self.domains(each(3)) == {}


class TestSignupBursts:
    """Windows are six hours; the tests' epoch begins one."""

    first = int(START.timestamp()) // (6 * 3600)

    def bursts(self, hours: Sequence[float | None], p: AccountFanout = FANOUT) -> dict[int, int]:
        """Window of a burst, counted from the epoch of the tests, to its accounts, for accounts created then."""
        rows = each(len(hours), account_created_at=lambda k: None if (hour := hours[k]) is None else at(hour))
        found = account_fanout.signup_bursts(population_of(rows), p)
        assert found.schema == {"account": pl.UInt64, "token": pl.UInt64}
        assert found["account"].n_unique() == found.height
        return {token - self.first: rows for token, rows in found.group_by("token").len().iter_rows()}

    #: One sign-up a day over sixty days, in windows 2, 6, 10, ...; none in the first window of a day.
    daily = tuple(24.0 * day + 12 for day in range(60))

    def test_more_than_chance_allows_is_a_burst(self) -> None:
        # Around window 120 stand 28 (and a half) sign-ups in 110 windows, 0.26 each: five of them at once have a
        # chance of 8e-6, six of 3e-7.
        assert self.bursts([*self.daily, *[24 * 30 + 1.0] * 5]) == {}
        assert self.bursts([*self.daily, *[24 * 30 + 1.0] * 6]) == {120: 6}

    def test_a_burst_has_at_least_so_many_accounts_however_quiet_it_is_around(self) -> None:
        quiet = replace(FANOUT, burst_p=1.0)
        assert self.bursts([24 * 30.0] * 4 + [0.0], quiet) == {}
        assert self.bursts([24 * 30.0] * 5 + [0.0], quiet) == {120: 5}

    def test_adjacent_windows_are_one_burst_and_distant_ones_two(self) -> None:
        hours = [*self.daily, *[24 * 30 + 5.9] * 9, *[24 * 30 + 6.1] * 7, *[24 * 40.0] * 8]
        # Window 122 holds one daily sign-up and is no burst; 121 follows on 120.
        assert self.bursts(hours) == {120: 16, 160: 8}

    def test_a_burst_over_two_windows_does_not_hide_itself(self) -> None:
        hours = [*self.daily, *[24 * 30.0] * 40, *[24 * 30 + 6.0] * 40, *[24 * 30 + 12.0] * 39]
        assert self.bursts(hours) == {120: 120}

    def test_the_first_window_of_all_may_be_one(self) -> None:
        assert self.bursts([*[0.0] * 9, *self.daily]) == {0: 9}

    def test_many_sign_ups_at_all_times_are_none(self) -> None:
        assert self.bursts([6.0 * window for window in range(120) for _ in range(12)]) == {}

    def test_unknown_creation_dates_are_left_out(self) -> None:
        assert self.bursts([*self.daily, *[24 * 30.0] * 8, *[None] * 50]) == {120: 8}
        assert self.bursts([None] * 20) == {}

    def test_dates_that_were_never_set_are_no_burst(self) -> None:
        unset = (datetime(1970, 1, 1, tzinfo=UTC) - START).total_seconds() / 3600
        assert self.bursts([*self.daily, *[unset] * 40]) == {}

    def test_the_width_of_a_window_is_a_parameter(self) -> None:
        hours = [*self.daily, *[24.0 * 30 + 2 * k for k in range(12)]]
        assert self.bursts(hours) == {}
        whole_days = replace(FANOUT, burst_hours=24)
        rows = each(len(hours), account_created_at=lambda k: at(hours[k]))
        found = account_fanout.signup_bursts(population_of(rows), whole_days)
        assert found["token"].unique().to_list() == [int(START.timestamp()) // 86_400 + 30]
        assert found.height == 13


class TestReplacements:
    """The log runs from hour 0 to hour 400; ``x`` accounts are strangers."""

    def counted(self, spans: Mapping[str, tuple[float, float]], hours: int = 12) -> tuple[int, int, float]:
        rows = [{"account_id": "xall", "timestamp": at(hour)} for hour in (0, 400)]
        rows += [{"account_id": name, "timestamp": at(hour)} for name, span in spans.items() for hour in span]
        population = population_of(rows)
        return account_fanout.replacements(population, numbers_of(population, "m"), hours)

    def test_a_start_soon_after_a_stop_replaces_it(self) -> None:
        spans = {"m1": (60.0, 100.0), "m2": (105.0, 200.0), "m3": (250.0, 300.0)}
        # m1 is followed by m2 after five hours; m2 by m3 after fifty; m3 by nobody.
        assert self.counted(spans) == (1, 3, 0.0)
        assert self.counted(spans, hours=5) == (1, 3, 0.0)
        assert self.counted(spans, hours=4) == (0, 3, 0.0)
        assert self.counted(spans, hours=50) == (2, 3, 0.0)

    def test_a_start_before_the_stop_is_none(self) -> None:
        assert self.counted({"m1": (60, 100), "m2": (99, 200)}) == (0, 2, 0.0)

    def test_strangers_stops_that_members_follow_are_what_chance_does(self) -> None:
        spans = {"m1": (60.0, 100.0), "m2": (105.0, 395.0), "x1": (0.0, 95.0), "x2": (0.0, 150.0), "x3": (1.0, 170.0)}
        # Of the stops of x1, x2 and x3 that of x1 is followed by m2, ten hours later.
        assert self.counted(spans) == (1, 1, 1 / 3)

    def test_starts_and_stops_at_the_ends_of_the_log_are_the_logs_own(self) -> None:
        assert self.counted({"m1": (10, 40), "m2": (47, 200)}) == (0, 2, 0.0)
        assert self.counted({"m1": (10, 40), "m2": (49, 200)}) == (1, 2, 0.0)
        assert self.counted({"m1": (10, 40), "m2": (48, 200)}) == (0, 2, 0.0)
        assert self.counted({"m1": (60, 353)}) == (0, 0, 0.0)
        assert self.counted({"m1": (60, 352)}) == (0, 0, 0.0)
        assert self.counted({"m1": (60, 351)}) == (0, 1, 0.0)

    def test_an_account_with_a_single_request_does_not_replace_itself(self) -> None:
        assert self.counted({f"m{k}": (60 + 20.0 * k, 60 + 20.0 * k) for k in range(9)}) == (0, 9, 0.0)

    def test_an_empty_log_has_none(self) -> None:
        nobody = Population(empty_profile())
        assert account_fanout.replacements(nobody, np.zeros(0, np.int64), 12) == (0, 0, 0.0)


class TestAccountFanout:
    detector = account_fanout.Detector()

    def test_what_two_accounts_touch_is_a_token_of_its_kind(self) -> None:
        rows = each(
            4,
            payment_id=lambda k: f"card-{k // 3}",
            device_id=lambda k: f"device-{k}",
            session_id=lambda k: "s" if k < 2 else None,
            email_domain=lambda k: "corp.example" if k else "gmail.com",
        )
        population = population_of([*rows, {"account_id": "m3", "api_key_id": "key"}])
        signals = self.detector.signals(population, FANOUT, Context())
        assert signals.schema == SIGNALS
        assert signals["strength"].unique().to_list() == [1.0]
        assert carried(population, signals, "payment") == {hash_text("card-0"): {"m0", "m1", "m2"}}
        assert carried(population, signals, "session") == {hash_text("s"): {"m0", "m1"}}
        assert carried(population, signals, "email_domain") == {hash_text("corp.example"): {"m1", "m2", "m3"}}
        assert set(signals["kind"]) == {"payment", "session", "email_domain"}
        crowd = population_of(each(9, account_created_at=at(-99)))
        signals = self.detector.signals(crowd, FANOUT, Context())
        assert signals.select("kind", "strength").unique().rows() == [("signup", 1.0)]

    def test_holders_are_weighed_against_how_usual_sharing_is(self) -> None:
        rows = each(12, payment_id=lambda k: f"card-{k // 5}" if k < 10 else None)
        (found,) = assess(rows + others(190, payment_id=lambda k: f"own-{max(4, k)}"), self.detector)
        # Of 190 strangers with a card five share one.
        outside = 5.5 / 191
        assert found.summary == (
            "10 of 10 members with a known payment method share 2 payment methods; 3 % of other accounts share theirs"
        )
        assert (found.family, found.axis) == ("identity", "coordination")
        assert found.bits == pytest.approx(group_bits(10, 10, 12, outside, 8.0))
        assert found.details == {
            "kind": "payment",
            "members_sharing": 10,
            "members_stating": 10,
            "values": 2,
            "members_on_the_commonest": 5,
            "sharing_outside": outside,
        }

    @pytest.mark.parametrize(("on_one", "cap", "words"), [(7, 4.0, "share one device;"), (6, 8.0, "share 2 devices;")])
    def test_one_value_for_most_is_what_an_agency_has(self, on_one: int, cap: float, words: str) -> None:
        rows = each(10, device_id=lambda k: "a" if k < on_one else "b") + others(300, device_id=lambda k: f"own-{k}")
        (found,) = assess(rows, self.detector)
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 301, cap))
        assert words in found.summary

    def test_a_domain_of_their_own_and_sign_ups_in_bursts_are_registration(self) -> None:
        rows = each(
            10,
            email_domain=lambda k: "corp.example" if k < 8 else None,
            account_created_at=lambda k: at(24 * 30.0 + k / 10) if k < 9 else at(-900),
        )
        rows += others(200, email_domain="gmail.com", account_created_at=lambda k: at(24.0 * (k % 60) + 13))
        domain, signup = assess(rows, self.detector)
        assert domain.summary == (
            "8 of 8 members use mail domains of their own (1 domain); 0.25 % of other accounts do the same"
        )
        assert domain.bits == pytest.approx(group_bits(8, 8, 10, 0.5 / 201, FANOUT.domain_cap))
        assert signup.summary == "9 of 10 members signed up in bursts (1 burst); 0.25 % of other accounts do the same"
        assert signup.bits == pytest.approx(group_bits(9, 10, 10, 0.5 / 201, FANOUT.signup_cap))
        assert signup.details == {
            "kind": "signup",
            "members": 9,
            "members_stating": 10,
            "values": 1,
            "rate_outside": 0.5 / 201,
        }

    def test_replacement_is_weighed_from_five_stops_on(self) -> None:
        def chain(stops: int) -> Rows:
            rows = others(60, timestamp=lambda k: at(0 if k % 2 else 600))
            spans = [(f"m{k}", 60 + 50.0 * k, 108 + 50.0 * k) for k in range(stops + 1)]
            spans[-1] = (spans[-1][0], spans[-1][1], 599)
            return rows + [{"account_id": m, "timestamp": at(t)} for m, first, last in spans for t in (first, last)]

        assert assess(chain(4), self.detector) == []
        (found,) = assess(chain(5), self.detector)
        assert found.summary == (
            "5 of 5 accounts that fell silent were followed by a new member within 12 hours (0 % expected)"
        )
        # Chance is taken for 2 % at least.
        assert found.bits == pytest.approx(group_bits(5, 5, 6, 0.02, FANOUT.replacement_cap))
        assert found.details == {"stopped": 5, "followed": 5, "expected_share": 0.0}


class TestRotating:
    @pytest.mark.parametrize(
        ("requests", "networks", "expected"), [(8, 4, True), (8, 3, False), (7, 7, False), (60, 48, True)]
    )
    def test_ever_new_networks_are_half_of_the_requests(self, requests: int, networks: int, expected: bool) -> None:
        rows = [{"account_id": "m", "ip": f"10.{k % networks}.0.{k}"} for k in range(requests)]
        assert infrastructure_overlap.rotating(population_of(rows), OVERLAP).tolist() == [expected]

    def test_new_addresses_of_one_carrier_are_no_rotation(self) -> None:
        rows = [{"account_id": "m", "ip": f"10.0.0.{k}"} for k in range(20)]
        assert infrastructure_overlap.rotating(population_of(rows), OVERLAP).tolist() == [False]

    def test_without_addresses_nobody_rotates(self) -> None:
        assert infrastructure_overlap.rotating(population_of(each(9)), OVERLAP).tolist() == [False] * 9


class TestInfrastructureOverlap:
    detector = infrastructure_overlap.Detector()

    def effort(self, rows: Rows) -> float:
        """What is said of their harvesting, of at most 1."""
        found = [f for f in assess(rows, self.detector) if f.axis == "extraction"]
        assert all(f.bits == pytest.approx(OVERLAP.concealment_cap * f.details["effort"]) for f in found)
        return float(sum(f.details["effort"] for f in found))

    def test_a_pool_takes_effort_and_an_office_does_not(self) -> None:
        assert self.effort([*self.pool]) == pytest.approx(ties([*self.pool], self.detector)[0].bits / OVERLAP.pool_cap)
        office = each(10, ip=lambda k: "192.0.1.1" if k < 6 else "192.0.2.1")
        assert self.effort([*office, *self.pool[10:]]) == 0

    def test_so_does_rotation_and_the_greater_of_both_counts(self) -> None:
        turning = [{"account_id": f"m{k}", "ip": f"{20 + k}.{j}.0.1"} for k in range(10) for j in range(12)]
        settled = [{"account_id": f"x{k}", "ip": f"60.{k}.0.{j}"} for k in range(60) for j in range(9)]
        (rotation,) = ties(turning + settled, self.detector)
        assert self.effort(turning + settled) == pytest.approx(rotation.bits / OVERLAP.rotation_cap)
        # Two proxies that all have in common, and two networks of their own where they mostly are.
        places = [("192.0.1.1", 1), ("192.0.2.1", 1), ("20.{}.0.1", 3), ("21.{}.0.1", 3)]
        both = [{"account_id": f"m{k}", "ip": ip.format(k)} for k in range(10) for ip, n in places for _ in range(n)]
        pool, rotation = ties(both + settled, self.detector)
        efforts = {pool.bits / OVERLAP.pool_cap, rotation.bits / OVERLAP.rotation_cap}
        assert len(efforts) == 2
        assert self.effort(both + settled) == pytest.approx(max(efforts))

    def test_shared_addresses_networks_and_fingerprints_are_tokens(self) -> None:
        rows = each(
            4,
            ip=lambda k: f"10.0.{k // 2}.{k % 2}" if k else "10.0.0.1",
            tls_fingerprint=lambda k: "t" if k < 3 else "u",
            user_agent=lambda k: f"agent/{k}",
        )
        rows += [{"account_id": "m3", "ip": f"11.{k}.0.1"} for k in range(7)]
        population = population_of(rows)
        signals = self.detector.signals(population, OVERLAP, Context())
        assert signals.schema == SIGNALS
        assert carried(population, signals, "ip") == {hash_text("10.0.0.1"): {"m0", "m1"}}
        assert carried(population, signals, "ip_prefix") == {
            hash_text("10.0.0.0/24"): {"m0", "m1"},
            hash_text("10.0.1.0/24"): {"m2", "m3"},
        }
        assert carried(population, signals, "tls") == {hash_text("t"): {"m0", "m1", "m2"}}
        assert carried(population, signals, "rotation") == {1: {"m3"}}
        assert set(signals["kind"]) == {"ip", "ip_prefix", "tls", "rotation"}
        assert set(signals["strength"]) == {1.0}

    #: Ten members on two proxies in two networks, strangers at home.
    pool = (*each(10, ip=lambda k: f"192.0.{k % 2}.1"), *others(190, ip=lambda k: f"10.0.{k}.1"))

    def test_a_pool_that_nobody_else_uses(self) -> None:
        (found,) = ties([*self.pool], self.detector)
        assert found.summary == (
            "10 of 10 members meet on shared addresses (2 addresses in 2 networks); 100 % of the accounts on these are "
            "members, and 0.26 % of other accounts share an address with anyone"
        )
        assert (found.family, found.axis) == ("network", "coordination")
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, OVERLAP.pool_cap))
        assert found.details == {
            "members_sharing": 10,
            "members_with_address": 10,
            "addresses": 2,
            "networks": 2,
            "largest_network_share": 0.5,
            "accounts_on_them": 10,
            "sharing_outside": 0.5 / 191,
        }

    def test_strangers_on_it_take_their_share_even_if_it_is_little_of_what_they_use(self) -> None:
        passing = [
            {"account_id": "x0", "ip": "192.0.0.1"},
            *({"account_id": "x0", "ip": f"11.0.{k}.1"} for k in range(9)),
        ]
        (found,) = ties([*self.pool, *passing], self.detector)
        assert found.details["accounts_on_them"] == 11
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 1.5 / 191, OVERLAP.pool_cap) * 10 / 11)

    @pytest.mark.parametrize(("at_home", "one_site"), [(6, True), (5, False)])
    def test_one_network_for_most_is_an_office(self, at_home: int, one_site: bool) -> None:
        rows = each(10, ip=lambda k: "192.0.1.1" if k < at_home else "192.0.2.1")
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        cap = OVERLAP.site_cap if one_site else OVERLAP.pool_cap
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, cap))
        assert ("one network serves 60 % of them" in found.summary) == one_site

    def test_networks_stand_in_where_no_address_is_shared(self) -> None:
        rows = each(10, ip=lambda k: f"192.0.{k % 2}.{k}")
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        assert (found.details["addresses"], found.details["networks"]) == (0, 2)
        assert "(2 networks in 2 networks)" in found.summary
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 191, OVERLAP.pool_cap))

    def test_one_address_is_said_in_the_singular(self) -> None:
        rows = each(10, ip="192.0.1.1") + each(10, ip=lambda k: f"11.0.{k}.1") * 2
        (found,) = ties([*rows, *self.pool[10:]], self.detector)
        assert found.details["largest_network_share"] == 0.1
        assert "(1 address in 1 network)" in found.summary

    def test_rotation_is_counted_among_those_who_ask_often_enough(self) -> None:
        rows = [{"account_id": f"m{k}", "ip": f"{20 + k}.{j}.0.1"} for k in range(5) for j in range(8 if k < 4 else 3)]
        rows += [{"account_id": f"x{k}", "ip": f"{60 + k}.0.0.{j}"} for k in range(30) for j in range(9)]
        rows += [{"account_id": f"x{k}", "ip": f"{200}.{k}.{j}.1"} for k in range(3) for j in range(9)]
        (found,) = ties(rows, self.detector)
        outside = 3.5 / 31
        assert found.summary == "4 of 4 members come from ever new networks; 11 % of other accounts do"
        assert found.bits == pytest.approx(group_bits(4, 4, 5, outside, OVERLAP.rotation_cap))
        assert found.details == {
            "members_rotating": 4,
            "members_with_enough_requests": 4,
            "rate_outside": outside,
        }

    def test_agent_and_fingerprint_are_one_program_and_the_stronger_speaks(self) -> None:
        rows = each(10, user_agent="rare/1", tls_fingerprint=lambda k: "t" if k < 6 else f"t{k}")
        rows += others(200, user_agent=lambda k: f"a{k % 4}", tls_fingerprint=lambda k: f"f{k % 4}")
        (found,) = ties(rows, self.detector)
        assert found.summary == "10 of 10 members use user agents that 0.25 % of other accounts use"
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 201, OVERLAP.software_cap))
        assert found.details == {
            "kind": "user_agent",
            "members": 10,
            "members_stating": 10,
            "values": 1,
            "rate_outside": 0.5 / 201,
        }
        (weaker,) = ties([{**row, "user_agent": None} for row in rows], self.detector)
        assert weaker.summary == "6 of 10 members use TLS fingerprints that 0.25 % of other accounts use"
        assert weaker.bits == pytest.approx(group_bits(6, 10, 10, 0.5 / 201, OVERLAP.software_cap))


def used(account: str, *what: tuple[float, str | None, int], **columns: Any) -> Rows:
    """Requests of an account: hour, model, how many."""
    return [
        {"account_id": account, "timestamp": at(hour), "model": model, **columns}
        for hour, model, count in what
        for _ in range(count)
    ]


class TestReleasePivot:
    """The new model ``m2`` appears at hour 200: its window ends at 224, what was done before begins at 32."""

    detector = release_pivot.Detector()
    release = Release("m2", at(200), "file")

    def test_the_share_of_the_new_model_in_the_window(self) -> None:
        rows = [
            *used("half", (32, "m1", 3), (200, "m2", 2), (210, "m1", 1), (223.9, None, 1)),
            *used("all", (100, "m1", 3), (150, "m0", 4), (223.9, "m2", 3), (224, "m1", 9)),
            *used("none", (199.9, "m1", 3), (205, "m1", 5)),
            *used("new", (199, "m1", 2), (205, "m2", 5)),
            *used("gone", (199, "m1", 5), (205, "m2", 2)),
            *used("early", (31.9, "m1", 5), (205, "m2", 5)),
            *used("early bird", (198, "m2", 3), (205, "m2", 5)),
        ]
        population = population_of(rows)
        moves = release_pivot.move(population, self.release, PIVOT)
        share = {name: moves.share[number(population, name)] for name in ("half", "all", "none", "early bird")}
        assert share == {"half": 0.5, "all": 1.0, "none": 0.0, "early bird": 1.0}
        assert all(np.isnan(moves.share[number(population, name)]) for name in ("new", "gone", "early"))
        before = {name: int(moves.before[number(population, name)]) for name in ("half", "all", "new", "early")}
        assert before == {"half": hash_text("m1"), "all": hash_text("m0"), "new": hash_text("m1"), "early": 0}

    def test_of_two_models_used_alike_the_smaller_hash_counts(self) -> None:
        population = population_of(used("a", (100, "m1", 2), (101, "m0", 2), (200, "m1", 3)))
        before = release_pivot.move(population, self.release, PIVOT).before
        assert before.tolist() == [min(hash_text("m0"), hash_text("m1"))]

    def test_accounts_that_moved_enough_carry_the_model_as_a_token(self) -> None:
        rows: Rows = []
        for name, new in (("little", 2), ("enough", 3), ("much", 9)):
            rows += used(name, (100, "m1", 5), (205, "m2", new), (206, "m1", 10 - new))
        population = population_of(rows)
        context = Context((self.release, Release("m9", at(100), "log")))
        signals = self.detector.signals(population, PIVOT, context)
        assert carried(population, signals, "pivot") == {hash_text("m2"): {"enough", "much"}}
        assert sorted(signals["strength"]) == [0.3, 0.9]
        assert self.detector.signals(population, PIVOT, Context()).equals(SIGNALS.to_frame())

    def crowd(self, members: Mapping[str, int], strangers: Sequence[tuple[int, int, str, str]]) -> Rows:
        """Members by model used before, all of client one and all moved; strangers by how many, how many of them moved,
        model before and client."""
        rows: Rows = []
        for model, count in members.items():
            for k in range(count):
                before: list[tuple[float, str | None, int]] = [(150, model, 4)] if model else []
                rows += used(f"m{model}{k}", *before, (205, "m2", 4), user_agent="one")
        for row, (count, moved, model, client) in enumerate(strangers):
            for k in range(count):
                after = "m2" if k < moved else model
                rows += used(f"x{row}-{k}", (150, model, 4), (205, after, 4), user_agent=client)
        return rows

    @pytest.mark.parametrize(
        ("strangers", "basis", "compared", "moved"),
        [
            ([(30, 3, "m1", "one"), (40, 9, "m1", "two")], "accounts with the same client and earlier model", 30, 3),
            ([(29, 3, "m1", "one"), (40, 9, "m1", "two")], "accounts with the same earlier model", 69, 12),
            ([(29, 15, "m1", "one"), (1, 0, "m1", "two")], "accounts with the same earlier model", 30, 15),
            ([(14, 1, "m1", "one"), (15, 2, "m1", "two"), (9, 1, "m0", "one")], "all other accounts", 38, 4),
        ],
    )
    def test_members_are_compared_with_the_likest_of_whom_there_are_enough(
        self, strangers: list[tuple[int, int, str, str]], basis: str, compared: int, moved: int
    ) -> None:
        found = assess(self.crowd({"m1": 5}, strangers), self.detector, context=Context((self.release,)))
        coordination, extraction = found
        outside = (moved + 0.5) / (compared + 1)
        assert coordination.details == {
            "model": "m2",
            "released": "2026-04-09T08:00:00Z",
            "members_moved": 5,
            "members_active": 5,
            "mean_share": 1.0,
            "rate_outside": outside,
            "compared_with": basis,
        }
        bits = group_bits(5, 5, 5, outside, PIVOT.cap)
        assert (bits / 2 < 1.5) == (moved == 15)
        assert (coordination.family, coordination.axis, coordination.bits) == ("timing", "coordination", bits)
        assert (extraction.axis, extraction.bits) == ("extraction", min(1.5, bits / 2))
        assert coordination.summary == (
            f"5 of 5 members active around the release of m2 moved to it within 24 h (mean share 100 %), "
            f"as {percent(outside)} of {basis} did"
        )

    def test_members_that_were_idle_before_do_not_choose_whom_the_others_are_compared_with(self) -> None:
        rows = self.crowd({"m1": 5, "": 6}, [(40, 20, "m1", "two"), (400, 0, "m0", "two")])
        found = assess(rows, self.detector, context=Context((self.release,)))
        assert found[0].details["compared_with"] == "accounts with the same earlier model"

    def test_nothing_is_said_of_two_members_or_without_anybody_to_compare_with(self) -> None:
        context = Context((self.release,))
        strangers = [(40, 0, "m1", "two")]
        assert assess(self.crowd({"m1": 2}, strangers), self.detector, context=context) == []
        assert assess(self.crowd({"m1": 3}, strangers), self.detector, context=context) != []
        assert assess(self.crowd({"m1": 5}, []), self.detector, context=context) == []

    def test_who_moves_no_more_than_others_is_no_evidence(self) -> None:
        found = assess(self.crowd({"m1": 5}, [(40, 40, "m1", "one")]), self.detector, context=Context((self.release,)))
        assert found == []


TABLES = arrays.arrays(np.float64, st.tuples(st.integers(1, 4), st.just(24)), elements=st.integers(0, 5))


class TestOutputHarvest:
    detector = output_harvest.Detector()

    @given(TABLES)
    def test_the_quietest_eight_hours_may_go_over_midnight(
        self, table: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> None:
        quiet = output_harvest.quiet_share(table, enough=24)
        for row, share in zip(table, quiet, strict=True):
            if row.sum() < 24:
                assert np.isnan(share)
            else:
                least = min(sum(row[(start + k) % 24] for k in range(8)) for start in range(24))
                assert share == pytest.approx(least / row.sum())

    def test_hours_of_the_day_are_those_of_utc_summed_over_days_and_models(self) -> None:
        rows = [*used("a", (3, "m1", 2), (27.5, "m2", 1), (23.9, None, 4)), *used("b", (48, "m1", 1))]
        population = population_of(rows)
        table = output_harvest.hours_of_day(population)
        a, b = number(population, "a"), number(population, "b")
        assert {(int(r), int(h)): table[r, h] for r, h in np.argwhere(table)} == {(a, 3): 3, (a, 23): 4, (b, 0): 1}
        assert table.shape == (2, 24)

    def test_the_share_of_the_main_model(self) -> None:
        rows = [
            *used("a", (1, "m1", 12), (30, "m1", 8), (2, "m2", 5)),
            *used("b", (1, "m1", 23), (2, None, 9)),
            *used("c", (1, "m3", 24)),
        ]
        population = population_of(rows)
        share = output_harvest.main_model_share(population, enough=24)
        assert [share[number(population, name)] for name in "ac"] == [0.8, 1.0]
        assert np.isnan(share[number(population, "b")])

    def test_distinct_prompts_are_counted_while_the_sample_is_not_full(self) -> None:
        rows: Rows = [{"account_id": "a", "prompt": f"question {k % 15}"} for k in range(30)]
        rows += [{"account_id": "b", "prompt": "again"} for _ in range(25)]
        rows += [{"account_id": "c", "prompt": f"question {k}" if k < 20 else None} for k in range(30)]
        population = population_of([*rows, *each(1)])
        share = output_harvest.distinct_share(population, enough=24)
        assert [share[number(population, name)] for name in "ab"] == [0.5, 1 / 25]
        assert np.isnan(share[number(population, "c")])
        assert np.isnan(share[number(population, "m0")])

    def test_a_full_sample_is_estimated_from(self) -> None:
        rows = [{"account_id": f"a{a}", "prompt": f"{a} asks {k % 100}"} for a in range(150) for k in range(200)]
        share = output_harvest.distinct_share(population_of(rows), enough=24)
        # One estimate is good to 27 % (1 over the root of 14), the mean of 150 to two per cent.
        assert share.max() <= 1
        assert float(share.mean()) == pytest.approx(0.5, rel=0.07)

    def workers(self, robots: int, people: int, requests: int = 24) -> Rows:
        """Robots ask every hour, people at noon."""
        rows = [row for k in range(robots) for h in range(requests) for row in used(f"mr{k}", (h, "m1", 1))]
        return rows + [row for k in range(people) for row in used(f"mp{k}", (12, "m1", requests))]

    def rhythm(self, rows: Rows) -> Finding | None:
        found = assess(rows, self.detector)
        return next((f for f in found if "sleepless" in f.details), None)

    @pytest.mark.parametrize(("robots", "bits"), [(0, -2.0), (1, -1.2), (2, -0.4), (3, 0.4), (5, 2.0), (8, 2.0)])
    def test_who_never_rests_is_a_machine(self, robots: int, bits: float) -> None:
        found = self.rhythm(self.workers(robots, 10 - robots))
        assert found is not None
        assert found.bits == pytest.approx(bits)
        assert (found.family, found.axis) == ("timing", "extraction")
        assert found.details["sleepless"] == robots / 10
        quiet = {5: 1 / 6, 8: 1 / 3}.get(robots, 0.0)
        assert found.details["median_quiet_share"] == pytest.approx(quiet)

    def test_what_is_said_of_rest(self) -> None:
        found = self.rhythm(self.workers(4, 2))
        assert found is not None
        assert found.summary == (
            "67 % of 6 members with 24 requests or more never rest: "
            "their quietest eight hours hold 33 % of their requests (an even spread: 33 %)"
        )

    def test_five_busy_members_are_enough_to_be_judged_one_by_one(self) -> None:
        found = self.rhythm(self.workers(5, 0))
        assert found is not None
        assert (found.details["members"], found.bits) == (5, 2.0)
        assert self.rhythm(self.workers(4, 0)) is None

    def quiet(self, hours: Mapping[str, Callable[[int, int], int]], requests: int = 4) -> Rows:
        """Accounts with a few requests each; the hour of the n-th request of the k-th account of a group."""
        return [
            row
            for prefix, hour in hours.items()
            for k in range(40)
            for n in range(requests)
            for row in used(f"{prefix}{k}", (24 * n + hour(k, n), "m1", 1))
        ]

    @pytest.mark.parametrize(("spread", "bits"), [(6, 2.0), (0, -2.0)])
    def test_quiet_members_are_held_against_how_others_keep_to_the_day(self, spread: int, bits: float) -> None:
        # Others keep to one hour, each to their own; the members' four requests go round the clock, or do the same.
        rows = self.quiet({"m": lambda k, n: (k + spread * n) % 24, "x": lambda k, n: k % 24})
        found = next(f for f in assess(rows, self.detector) if "daily_rhythm" in f.details)
        # Four evenly spread hours have no direction: (0 - 4) / (4 * 3), taken as none.
        assert found.details == {"daily_rhythm": 0.0 if spread else 1.0, "members": 40, "pairs_of_requests": 240.0}
        assert found.bits == pytest.approx(bits * 240 / 300)

    def test_too_few_pairs_of_requests_say_nothing_of_rhythm(self) -> None:
        rows = self.quiet({"m": lambda k, n: (k + 12 * n) % 24, "x": lambda k, n: k % 24}, requests=2)
        assert not [f for f in assess(rows, self.detector) if "daily_rhythm" in f.details]

    def test_few_busy_members_are_judged_together_and_only_if_they_rest(self) -> None:
        found = self.rhythm(self.workers(0, 30, requests=3))
        assert found is not None
        assert found.bits == -2.0
        assert found.details == {"sleepless": 0.0, "quiet_share_together": 0.0}
        assert found.summary == (
            "all rest in the same eight hours of the day (0 % of the requests), as people of one place do"
        )
        # Three of 45 requests while the others sleep are too many; fewer than 24 in all are too few.
        awake = used("mz", (0, "m1", 3), (8, "m1", 3), (16, "m1", 3))
        assert self.rhythm(self.workers(0, 12, requests=3) + awake) is None
        assert self.rhythm(self.workers(0, 7, requests=3)) is None

    @given(TABLES)
    def test_keeping_to_a_part_of_the_day_is_the_mean_over_pairs_of_requests(
        self, table: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> None:
        squared, pairs = output_harvest.concentration(table)
        for row, found, count in zip(table, squared, pairs, strict=True):
            angles = [2 * math.pi * hour / 24 for hour in range(24) for _ in range(int(row[hour]))]
            apart = [math.cos(one - other) for k, one in enumerate(angles) for other in angles[:k]]
            assert count == len(apart)
            assert np.isnan(found) if not apart else found == pytest.approx(np.mean(apart), abs=1e-9)

    def loosely(self, members: int, hours: Sequence[int], strangers: Sequence[int]) -> Finding | None:
        """What is said of members and twenty strangers that ask once at each of these hours of the day."""
        rows = [row for k in range(members) for hour in hours for row in used(f"m{k}", (hour, "m1", 1))]
        rows += [row for k in range(20) for hour in strangers for row in used(f"x{k}", (hour, "m1", 1))]
        found = assess(rows, self.detector)
        return next((f for f in found if "daily_rhythm" in f.details), None)

    @pytest.mark.parametrize(("members", "certainty"), [(4, 0.2), (5, 0.25), (20, 1.0), (30, 1.0)])
    def test_quiet_members_are_held_against_quiet_others(self, members: int, certainty: float) -> None:
        # Six requests are fifteen pairs, three hundred of which are certain; spread evenly they keep to no part.
        found = self.loosely(members, range(0, 24, 4), [12, 12, 13])
        assert found is not None
        assert found.bits == pytest.approx(HARVEST.rhythm_cap * certainty)
        assert found.details == {"daily_rhythm": 0.0, "members": members, "pairs_of_requests": 15 * members}
        assert found.summary == (
            "taken one by one, members keep to a part of the day 0 % as strictly as other accounts do "
            f"({members} members with two requests or more)"
        )

    def test_who_rests_as_others_do_is_no_machine(self) -> None:
        shifts = [row for k in range(20) for h in (k, k, k + 1, k + 1) for row in used(f"m{k}", (h, "m1", 1))]
        strangers = [row for k in range(20) for h in (12, 12, 13, 13) for row in used(f"x{k}", (h, "m1", 1))]
        found = assess(shifts + strangers, self.detector)
        same = next(f for f in found if "daily_rhythm" in f.details)
        # As strict as the others, though over all hours together: 20 members of six pairs each are 120 of 300.
        assert same.details["daily_rhythm"] == pytest.approx(1.0)
        assert same.bits == pytest.approx(-HARVEST.rhythm_cap * 120 / 300)

    def test_nothing_is_said_of_few_requests_or_where_nobody_rests(self) -> None:
        assert self.loosely(3, range(0, 24, 4), [12, 12, 13]) is None
        assert self.loosely(20, range(0, 24, 4), [0, 12]) is None
        assert self.loosely(20, range(0, 24, 4), [12]) is None

    def volume(self, rows: Rows) -> Finding:
        (found,) = (f for f in assess(rows, self.detector) if "output_tokens" in f.details)
        return found

    @pytest.mark.parametrize(
        ("requests", "bits"), [(400, 0.0), (1600, 1.0), (100, -1.0), (10, -1.5), (6400, 2.0), (30_000, 2.0)]
    )
    def test_volume_is_counted_in_doublings(self, requests: int, bits: float) -> None:
        rows = [{"account_id": "m", "output_tokens": 7}] * requests + others(100)
        found = self.volume(rows)
        assert found.bits == pytest.approx(bits)
        assert found.details == {
            "requests": requests,
            "share": requests / (requests + 100),
            "output_tokens": 7 * requests,
        }

    def test_what_is_said_of_volume(self) -> None:
        found = self.volume([{"account_id": "m", "output_tokens": 7}] * 1600 + others(1600))
        assert found.summary == "1,600 requests (50 % of the log), 11,200 output tokens"

    def habits(self, members: Rows, strangers: Rows) -> list[Finding]:
        found = assess(members + strangers, self.detector)
        return [f for f in found if "members_with_enough_requests" in f.details]

    def test_one_model_where_others_use_several(self) -> None:
        members = [row for k in range(4) for row in used(f"m{k}", (12, "m1", 27), (13, "m2", 3))]
        strangers = [row for k in range(20) for row in used(f"x{k}", (12, "m1", 24 if k < 3 else 13), (13, "m2", 11))]
        strangers += [row for k in range(3) for row in used(f"x{k}", (12, "m1", 90))]
        (found,) = self.habits(members, strangers)
        outside = 3.5 / 21
        assert found.summary == (
            "4 of 4 members send 90 % or more of their requests to one model, as 17 % of other accounts do"
        )
        assert (found.family, found.axis) == ("timing", "extraction")
        assert found.bits == pytest.approx(share_bits(4, 4, outside, HARVEST.model_cap))
        assert found.details == {"members": 4, "members_with_enough_requests": 4, "rate_outside": outside}

    def test_prompts_that_hardly_ever_repeat(self) -> None:
        def asks(name: str, distinct: int) -> Rows:
            return [{"account_id": name, "prompt": f"{name} {k % distinct}"} for k in range(24)]

        members = [row for k in range(4) for row in asks(f"m{k}", 24)]
        strangers = [row for k in range(20) for row in asks(f"x{k}", 12)]
        (found,) = self.habits(members, strangers)
        assert found.family == "content"
        assert " members hardly ever repeat a prompt, as 2 % of other accounts do" in found.summary
        inside = found.details["members"]
        assert found.bits == pytest.approx(share_bits(inside, 4, 0.5 / 21, HARVEST.distinct_cap))

    @pytest.mark.parametrize(("members", "strangers", "said"), [(2, 20, 0), (3, 20, 1), (4, 0, 0)])
    def test_nothing_is_said_of_two_members_or_without_others(self, members: int, strangers: int, said: int) -> None:
        rows = [row for k in range(members) for row in used(f"m{k}", (12, "m1", 30))]
        mixed = [row for k in range(strangers) for row in used(f"x{k}", (12, "m1", 15), (12, "m2", 15))]
        assert len(self.habits(rows, mixed)) == said

    def test_it_links_nobody(self) -> None:
        assert self.detector.signals(population_of(each(3)), HARVEST, Context()).equals(SIGNALS.to_frame())


RULES = "you answer for the harbour office in short sentences and never give out a phone number"


class TestTemplateUniformity:
    detector = template_uniformity.Detector()

    def systems(self, rows: Rows) -> dict[int, set[str]]:
        population = population_of(rows)
        signals = self.detector.signals(population, WORDING, Context())
        assert signals.schema == SIGNALS
        return carried(population, signals, "system_template")

    def test_a_system_prompt_that_several_use_as_it_is_is_a_token(self) -> None:
        found = self.systems(each(4, system_prompt=RULES) + others(3, system_prompt=RULES.replace("phone", "fax")))
        assert list(found.values()) == [{"m0", "m1", "m2", "m3"}]

    def test_it_is_the_same_whatever_its_digits_case_and_punctuation(self) -> None:
        forms = [f"{RULES} 1", f"{RULES.upper()} 22", f"{RULES}, 3.", f"- {RULES}: 4444"]
        assert list(self.systems(each(4, system_prompt=lambda k: forms[k])).values()) == [{"m0", "m1", "m2", "m3"}]

    def test_a_short_one_says_nothing(self) -> None:
        twelve = " ".join(RULES.split()[:12])
        assert len(self.systems(each(9, system_prompt=twelve))) == 1
        assert self.systems(each(9, system_prompt=" ".join(RULES.split()[:11]))) == {}

    def test_one_that_is_an_instance_of_a_skeleton_is_not_counted_twice(self) -> None:
        rows = each(
            8, system_prompt=lambda k: f"{RULES} and greet the guests of the {'abcdefgh'[k]}{'hgfedcba'[k]} hotel"
        )
        rows += each(8, system_prompt=f"{RULES} and greet the guests of the last hotel")
        population = population_of(rows)
        signals = self.detector.signals(population, WORDING, Context())
        assert list(carried(population, signals, "template").values()) == [{f"m{k}" for k in range(8)}]
        assert carried(population, signals, "system_template") == {}

    def test_an_account_carries_a_template_from_a_share_of_its_texts_on(self) -> None:
        rng = np.random.default_rng(8)

        def asks(k: int) -> Rows:
            built = [f"{RULES} {'abcdefghijkl'[k]}{w}" for w in ("oak", "elm", "ash")[: 3 if k else 1]]
            own = [" ".join("".join(map(chr, rng.integers(97, 123, 7))) for _ in range(9)) for _ in range(6)]
            return [{"account_id": f"m{k}", "prompt": text} for text in built + own]

        population = population_of([row for k in range(8) for row in asks(k)])
        signals = self.detector.signals(population, WORDING, Context())
        found = signals.filter(pl.col("kind") == "template")
        # Three of nine; the first account has one of seven, which is below 0.15.
        assert set(found["strength"]) == {3 / 9}
        assert list(carried(population, signals, "template").values()) == [{f"m{k}" for k in range(1, 8)}]

    def test_where_a_template_covers_more_of_an_account_counts(self) -> None:
        rows: Rows = []
        for k in range(8):
            name, filler = f"m{k}", "abcdefgh"[k]
            rows.append({"account_id": name, "prompt": f"{filler}oak {RULES}", "system_prompt": f"{filler}elm {RULES}"})
            rows += [{"account_id": name, "prompt": f"{filler}{w}"} for w in "xyz"]
        signals = self.detector.signals(population_of(rows), WORDING, Context())
        # A quarter of the prompts, the only system prompt.
        assert signals.filter(pl.col("kind") == "template")["strength"].to_list() == [1.0] * 8

    def test_signals_follow_from_the_profile_and_the_parameters_alone(self) -> None:
        rows = each(5, system_prompt=RULES)
        strict = replace(WORDING, min_accounts=6)
        population = population_of(rows)
        assert self.detector.signals(population, strict, Context()).is_empty()
        again = self.detector.signals(population, WORDING, Context())
        assert again.equals(self.detector.signals(population_of(rows), WORDING, Context()))

    def test_a_system_prompt_is_weighed_by_who_else_states_it(self) -> None:
        rows = each(10, system_prompt=RULES) + others(100, system_prompt=lambda k: f"rules of my own, number {'x' * k}")
        (found,) = assess([*rows, *each(2, prompt="hi"), *({"account_id": f"m{k}"} for k in (10, 11))], self.detector)
        assert found.summary == (
            "100 % of the members send system prompts built on one skeleton that 0.5 % of all other accounts use"
        )
        assert found.bits == pytest.approx(group_bits(10, 10, 12, 0.5 / 101, WORDING.cap))
        assert found.details == {
            "members_using": 10,
            "members_with_text": 10,
            "templates": 1,
            "rate_outside": 0.5 / 101,
            "compared_with": "all other accounts",
            "median_coverage": 1.0,
        }

    @pytest.mark.parametrize(
        ("own", "strangers", "compared"),
        [
            (5, 30, ("other users of the same client", 30)),
            (4, 30, ("all other accounts", 50)),
            (5, 29, ("all other accounts", 49)),
        ],
    )
    def test_users_of_the_same_client_are_compared_with_if_there_are_enough(
        self, own: int, strangers: int, compared: tuple[str, int]
    ) -> None:
        rows = each(10, user_agent=lambda k: "c1/1.0" if k < own else f"other{'abcdefghij'[k]}")
        rows += others(strangers + 20, user_agent=lambda k: "c1/2.5" if k < strangers else f"odd{'abc'[k % 3]}")
        rows += [{"account_id": "silent", "user_agent": "c1/1.0"}]
        population = population_of(rows)
        candidate = Candidate(numbers_of(population, "m"), SignalGraph(population, SIGNALS.to_frame()), Context())
        known = population.mask(numbers_of(population, "m", "x"))
        mask, basis = template_uniformity.comparable(candidate, known, 30)
        assert (basis, int(mask.sum())) == compared
        assert not (mask & ~known).any()
        assert not mask[candidate.members].any()

    def test_where_clients_are_unknown_all_are_compared_with(self) -> None:
        graph = graph_of(50, {"template": {1: range(10)}})
        candidate = Candidate(np.arange(10), graph, Context())
        mask, basis = template_uniformity.comparable(candidate, np.ones(50, np.bool_), 1)
        assert (basis, int(mask.sum())) == ("all other accounts", 40)

    def test_how_much_the_skeletons_cover_makes_it_a_machine(self) -> None:
        population = graph_of(500, {}).population
        signals = pl.DataFrame(
            [
                (population.profile.accounts["account"][k], "template", token, strength)
                for k in range(10)
                for token, strength in ((1, 0.25), (2, 0.05 * k if k < 5 else 0.9))
            ],
            schema=SIGNALS,
            orient="row",
        )
        candidate = Candidate(np.arange(10), SignalGraph(population, signals), Context())
        first, second = self.detector.assess(candidate, WORDING)
        # None of these accounts has text in the profile, so nothing can be said of how many use the skeletons.
        assert (first.bits, first.details["members_with_text"]) == (0.0, 0)
        assert first.details["templates"] == 2
        assert first.details["median_coverage"] == pytest.approx((0.25 + 0.05 * 4 + 1.0) / 2)
        assert (second.axis, second.bits) == ("extraction", 0.0)

    @pytest.mark.parametrize(("coverage", "users"), [(1.0, 10), (0.5, 10), (1.0, 5)])
    def test_automation_grows_with_coverage_and_weight(self, coverage: float, users: int) -> None:
        rng = np.random.default_rng(3)
        rows = others(300, prompt=lambda k: f"nothing in common {'z' * k}")
        for k in range(10):
            for turn in range(6):
                filler = "".join(map(chr, rng.integers(97, 123, 9)))
                built = turn < 6 * coverage and k < users
                rows.append({"account_id": f"m{k}", "prompt": f"{filler} {RULES}" if built else f"{filler} {k} {turn}"})
        coordination, extraction = assess(rows, self.detector)
        assert coordination.details["median_coverage"] == coverage
        assert (coordination.bits >= 6) == (users == 10)
        expected = 6.0 * coverage * min(1.0, coordination.bits / 6.0)
        assert extraction.bits == pytest.approx(4.0 * (1 - math.exp(-expected / 4.0)))
        assert extraction.summary == f"the skeletons cover {percent(coverage)} of the typical member's sampled prompts"


class TestNumbersInWords:
    def test_nearly_all_is_not_said_as_all(self) -> None:
        assert percent(0.9996) == "99.9 %"

    def test_very_small_shares_are_written_out(self) -> None:
        assert percent(0.5 / 1_000_001) == "0.00005 %"

    @pytest.mark.parametrize(
        ("share", "text"), [(0.995, "99.5 %"), (0.9949, "99 %"), (0.00999, "1 %"), (0.000012, "0.0012 %")]
    )
    def test_decimals_are_shown_where_they_matter(self, share: float, text: str) -> None:
        assert percent(share) == text
