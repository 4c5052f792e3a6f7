"""Shared holders, sign-up bursts and mail domains, on accounts few enough to count by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from distillscan.detect.detectors import account_fanout
from distillscan.detect.detectors.account_fanout import AccountFanoutParameters
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from distillscan.profile.text.hashes import hash_text
from tests.support.handmade import START, at
from tests.support.populations import population_of
from tests.support.weighing import Rows, assess, carried, each, others, tuned

# What the figures below are worked out for; the defaults may be tuned.
FANOUT = AccountFanoutParameters(
    single_holder_cap=4.0,
    burst_hours=6,
    burst_p=1e-6,
)


class TestOwnDomains:
    def domains(self, rows: Rows) -> dict[str, int]:
        population = population_of(rows)
        links = account_fanout.own_domains(population)
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

    @pytest.mark.parametrize(("strangers", "expected"), [(5_940, {"big.example": 60}), (5_939, {})])
    def test_in_a_large_log_too_many_is_one_in_a_hundred(self, strangers: int, expected: dict[str, int]) -> None:
        rows = each(60, email_domain="big.example") + others(strangers, email_domain=None)
        assert self.domains(rows) == expected

    def test_without_the_column_there_are_none(self) -> None:
        assert self.domains(each(3)) == {}


class TestSignupBursts:
    """Windows are six hours; the tests' epoch begins one."""

    first = int(START.timestamp()) // (6 * 3600)

    def bursts(self, hours: Sequence[float | None], p: AccountFanoutParameters = FANOUT) -> dict[int, int]:
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


class TestAccountFanout:
    detector = tuned(account_fanout.AccountFanoutDetector(), FANOUT)

    def test_what_two_accounts_touch_is_a_token_of_its_kind(self) -> None:
        rows = each(
            4,
            payment_id=lambda k: f"card-{k // 3}",
            device_id=lambda k: f"device-{k}",
            session_id=lambda k: "s" if k < 2 else None,
            email_domain=lambda k: "corp.example" if k else "gmail.com",
        )
        population = population_of([*rows, {"account_id": "m3", "api_key_id": "key"}])
        signals = self.detector.signals(population, FANOUT)
        assert signals.schema == SIGNALS
        assert signals["strength"].unique().to_list() == [1.0]
        assert carried(population, signals, "payment") == {hash_text("card-0"): {"m0", "m1", "m2"}}
        assert carried(population, signals, "session") == {hash_text("s"): {"m0", "m1"}}
        assert carried(population, signals, "email_domain") == {hash_text("corp.example"): {"m1", "m2", "m3"}}
        assert set(signals["kind"]) == {"payment", "session", "email_domain"}
        crowd = population_of(each(9, account_created_at=at(-99)))
        signals = self.detector.signals(crowd, FANOUT)
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
