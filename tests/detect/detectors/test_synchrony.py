"""Requests dealt out evenly, and work in step: on rhythms made by hand, and against slow plain counting."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect.base import Finding
from distillscan.detect.detectors import synchrony
from distillscan.detect.detectors.synchrony import Diary, SynchronyParameters
from distillscan.population.accounts import Mask, Population
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from tests.support.handmade import START, at
from tests.support.populations import number, population_of
from tests.support.weighing import Rows, candidate_of, carried, tuned

# What the figures below are worked out for; the defaults may be tuned.
STEP = SynchronyParameters(
    enough_pairs=3.0,
    scattered=2.0,
    even_requests=15,
    even=1.3,
    dealt_cap=3.0,
    significant=4.0,
    step_cap=3.0,
)
DETECTOR = tuned(synchrony.SynchronyDetector(), STEP)

#: Hour of the tests' epoch, a Wednesday at midnight.
EPOCH = int(START.timestamp()) // 3600

Hours = Mapping[str, Sequence[float]]


def asked(hours: Hours) -> Rows:
    """One request of each account at each of its hours."""
    return [{"account_id": name, "timestamp": at(hour)} for name, when in hours.items() for hour in when]


def shown(measured: tuple[Mask, Mask], population: Population) -> dict[str, bool]:
    """Whether each account shows it, of those of which it can be told."""
    shows, able = measured
    assert not (shows & ~able).any()
    names = population.profile.accounts["account_id"].to_list()
    return {name: bool(shows[k]) for k, name in enumerate(names) if able[k]}


class TestHourly:
    def test_requests_are_counted_by_account_and_hour_whatever_the_model(self) -> None:
        rows = asked({"a": [0.1, 0.9, 5, 5], "b": [5.5]})
        rows = [{**row, "model": f"m{k % 2}"} for k, row in enumerate(rows)]
        population = population_of(rows)
        a, b = number(population, "a"), number(population, "b")
        found = list(synchrony.hourly(population).iter_rows())
        assert found == sorted([(a, EPOCH, 2.0), (a, EPOCH + 5, 2.0), (b, EPOCH + 5, 1.0)])


class TestScattered:
    def told(self, hours: Hours) -> dict[str, bool]:
        population = population_of(asked(hours))
        return shown(synchrony.scattered(population, STEP), population)

    def test_pairs_in_one_hour_are_held_against_a_random_spread(self) -> None:
        # Twenty requests over hours 0 to 99: 20 x 19 / 100 = 3.8 ordered pairs are expected, up to 7.6 allowed.
        spread = [0, 99, *range(10, 28)]
        assert self.told({"a": spread}) == {"a": True}
        # Each hour with two requests has two ordered pairs: three such hours are six, four are eight.
        assert self.told({"a": [*spread[:17], 10, 11, 12]}) == {"a": True}
        assert self.told({"a": [*spread[:16], 10, 11, 12, 13]}) == {"a": False}

    def test_a_sitting_is_a_person(self) -> None:
        # Four sittings of five: eighty ordered pairs where 3.8 are expected.
        assert self.told({"a": [0, 30, 60, 99] * 5}) == {"a": False}

    @pytest.mark.parametrize(("last", "told"), [(125, True), (127, False)])
    def test_it_takes_enough_pairs_to_be_expected(self, last: int, told: bool) -> None:
        # 20 x 19 / 126 = 3.02, / 128 = 2.97.
        assert bool(self.told({"a": [0, last, *range(10, 28)]})) == told

    @pytest.mark.parametrize(("last", "told"), [(47, True), (46, False)])
    def test_it_takes_two_days(self, last: int, told: bool) -> None:
        assert bool(self.told({"a": [0, last, *range(10, 28)]})) == told

    def test_the_span_is_the_accounts_own(self) -> None:
        hours = {"a": [0, 99, *range(10, 28)], "b": [0, 30, 60, 99] * 5}
        late = {f"{name} later": [hour + 1000 for hour in when] for name, when in hours.items()}
        assert self.told({**hours, **late}) == {"a": True, "a later": True, "b": False, "b later": False}


class TestEven:
    def told(self, days: Mapping[str, Sequence[int]]) -> dict[str, bool]:
        """Accounts to how many requests they have on each day, in turn."""
        hours = {name: [24 * d + 7 for d, n in enumerate(counts) for _ in range(n)] for name, counts in days.items()}
        population = population_of(asked(hours))
        return shown(synchrony.even(population, STEP), population)

    def test_variance_over_mean_of_the_days_between_first_and_last(self) -> None:
        # Days of 3 and 5: mean 4, variance 6 / 5 = 1.2. First and last day are cut off somewhere and left out.
        assert self.told({"a": [1, 3, 5, 3, 5, 3, 5, 9]}) == {"a": True}
        # A day in two is idle: mean 4, variance 16 x 6 / 5.
        assert self.told({"a": [1, 8, 0, 8, 0, 8, 0, 9]}) == {"a": False}

    def test_the_limit_is_a_ratio(self) -> None:
        # Six days with a mean of 5: a sum of squares of 32 is a variance of 6.4 (1.28 times), 34 of 6.8 (1.36 times).
        below, above = [1, 5, 9, 5, 1, 5, 5, 1], [1, 5, 9, 4, 1, 5, 6, 1]
        assert [sum((n - 5) ** 2 for n in days[1:-1]) for days in (below, above)] == [32, 34]
        assert self.told({"below": below, "above": above}) == {"below": True, "above": False}

    def test_idle_days_count(self) -> None:
        # Without the idle days every day would have the same number.
        assert self.told({"a": [1, 6, 0, 0, 6, 0, 6, 1]}) == {"a": False}

    @pytest.mark.parametrize(("days", "told"), [(5, True), (4, False)])
    def test_it_takes_days(self, days: int, told: bool) -> None:
        assert bool(self.told({"a": [1, *[4] * days, 1]})) == told

    @pytest.mark.parametrize(("each", "told"), [([3, 3, 3, 3, 3], True), ([3, 3, 3, 3, 2], False)])
    def test_and_requests(self, each: list[int], told: bool) -> None:
        # Those of the first and the last day do not count.
        assert bool(self.told({"a": [20, *each, 20]})) == told


class TestSignals:
    def test_both_are_tokens_of_those_of_whom_they_can_be_told(self) -> None:
        hours = {
            # Four times a day, never twice in an hour: even in both ways.
            "both": [24 * d + h for d in range(12) for h in (1, 7, 13, 19)],
            "sitting": [h for h in (0, 90, 180, 270) for _ in range(10)],
            "seldom": [0, 100],
        }
        population = population_of(asked(hours))
        signals = DETECTOR.signals(population, STEP)
        assert signals.schema == SIGNALS
        assert set(signals["kind"]) == {"dealt"}
        assert carried(population, signals, "dealt", 1.0) == {1: {"both"}, 2: {"both"}}
        assert carried(population, signals, "dealt", 0.0) == {1: {"sitting"}, 2: {"sitting"}}


def dealt_findings(members: Hours, strangers: Hours) -> list[Finding]:
    population = population_of(asked({**members, **strangers}))
    found: list[Finding] = DETECTOR.assess(candidate_of(population, DETECTOR, "m"), STEP)
    return [f for f in found if "kind" in f.details]


def sittings(k: int) -> list[int]:
    """Eight requests in an hour, every second day."""
    return [24 * d + (7 * k) % 24 for d in range(0, 12, 2) for _ in range(8)]


class TestDealt:
    evenly = tuple(24 * d + h for d in range(12) for h in (2, 9, 17))

    def test_members_that_are_dealt_their_requests_against_others(self) -> None:
        members = {f"m{k}": [hour + k % 6 for hour in self.evenly] if k < 8 else sittings(k) for k in range(10)}
        strangers = {f"x{k}": sittings(k) for k in range(60)}
        (found,) = dealt_findings(members, {**strangers, "x60": self.evenly, "x61": self.evenly})
        outside = 2.5 / 63
        assert (found.family, found.axis) == ("timing", "coordination")
        assert found.details == {
            "kind": "over the hours",
            "members": 8,
            "members_stating": 10,
            "rate_outside": outside,
        }
        assert found.bits == pytest.approx(group_bits(8, 10, 10, outside, 3.0))
        assert found.summary == (
            "requests of 8 of 10 members arrive evenly over the hours, as from a load balancer; "
            "so do those of 4 % of other accounts"
        )

    def test_an_even_number_a_day_is_said_where_it_is_the_stronger(self) -> None:
        # Three requests every day in the same hour are even from day to day, not over the hours.
        members = {f"m{k}": [24 * d + k for d in range(12) for _ in range(3)] for k in range(10)}
        (found,) = dealt_findings(members, {f"x{k}": sittings(k) for k in range(60)})
        assert found.details["kind"] == "from day to day"
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 0.5 / 61, 3.0))

    def test_people_are_not_and_what_everybody_does_says_nothing(self) -> None:
        people = {f"m{k}": sittings(k) for k in range(10)}
        assert dealt_findings(people, {f"x{k}": sittings(k) for k in range(60)}) == []
        robots = {f"{name}{k}": self.evenly for name in "mx" for k in range(20)}
        assert dealt_findings(robots, {}) == []


def framed(hours: Hours) -> dict[str, list[float]]:
    """The same with a request on the day before and on the day after: on such days an account is active anyway."""
    return {
        name: [24 * (min(when) // 24) - 24 + 3, *when, 24 * (max(when) // 24) + 24 + 3] for name, when in hours.items()
    }


def inner(hours: Hours) -> dict[str, set[int]]:
    """Each account's active hours (since 1970) but for those of its first and its last day."""
    days = {name: (min(when) // 24, max(when) // 24) for name, when in hours.items()}
    return {
        name: {EPOCH + int(hour) for hour in when if days[name][0] < hour // 24 < days[name][1]}
        for name, when in hours.items()
    }


def diary(hours: Hours) -> Diary:
    """The diary of accounts active at these hours, counted from the tests' epoch."""
    population = population_of(asked(hours))
    return Diary.of(population, np.arange(population.size))


def weekend(day: int) -> bool:
    """Whether a day since 1970, a Thursday, is a Saturday or a Sunday."""
    return (day + 3) % 7 >= 5


def by_account(made: Diary) -> list[set[int]]:
    """The hours of each account."""
    return [set(made.hour[made.account == k].tolist()) for k in range(int(made.account.max()) + 1)]


def expected_by_hand(hours: Hours) -> float:
    """The mean of common hours over all exchanges of days.

    Those of two accounts are independent, so pairs add up: over every placement of the one's active days of a kind
    among its days of that kind, how often is the other active in the same hour? First and last day are left out.
    """
    chance: list[dict[int, float]] = []
    for when, mine in zip(hours.values(), inner(hours).values(), strict=True):
        span = range((EPOCH + int(min(when))) // 24 + 1, (EPOCH + int(max(when))) // 24)
        alike = {kind: [day for day in span if weekend(day) == kind] for kind in (False, True)}
        here: dict[int, float] = defaultdict(float)
        for hour in mine:
            places = alike[weekend(hour // 24)]
            for day in places:
                here[day * 24 + hour % 24] += 1 / len(places)
        chance.append(here)
    return sum(
        share * other.get(hour, 0.0) for one, other in itertools.combinations(chance, 2) for hour, share in one.items()
    )


#: Some accounts, with the hours they are active over up to nine days (two of them a weekend), framed.
DIARIES = st.lists(
    st.sets(st.tuples(st.integers(0, 8), st.sampled_from([0, 7, 23])), min_size=1, max_size=6), min_size=1, max_size=4
).map(lambda accounts: framed({f"a{k}": sorted(24 * d + h for d, h in pairs) for k, pairs in enumerate(accounts)}))


class TestDiary:
    def test_it_holds_active_hours_and_the_days_between_first_and_last(self) -> None:
        population = population_of(asked(framed({"a": [3, 3.5, 30, 100], "b": [3], "x": [999]})))
        members = np.sort(np.array([number(population, "a"), number(population, "b")]))
        made = Diary.of(population, members)
        order = "ab" if number(population, "a") < number(population, "b") else "ba"
        hours = {"a": [3, 30, 100], "b": [3]}
        assert (made.hour - EPOCH).tolist() == [hour for name in order for hour in hours[name]]
        assert made.account.tolist() == [k for k, name in enumerate(order) for _ in hours[name]]
        days = {"a": [0, 1, 2, 3, 4], "b": [0]}
        assert (made.day - EPOCH // 24).tolist() == [d for name in order for d in days[name]]
        assert made.owner.tolist() == [k for k, name in enumerate(order) for _ in days[name]]
        # From a Wednesday on, the fourth and fifth day are a weekend.
        assert START.weekday() == 2
        assert [weekend(d) for d in made.day.tolist()] == [d in (3, 4) for name in order for d in days[name]]

    def test_the_days_on_which_an_account_begins_and_ends_are_left_out(self) -> None:
        made = diary({"a": [3, 5, 24 + 7, 48 + 8, 72, 95], "b": [3, 4], "c": [3, 40]})
        assert (made.hour - EPOCH).tolist() == [24 + 7, 48 + 8]
        assert made.account.tolist() == [0, 0]
        assert made.owner.tolist() == [0, 0]
        assert made.day.tolist() == [EPOCH // 24 + 1, EPOCH // 24 + 2]

    def test_all_days_between_could_have_been_active_ones(self) -> None:
        made = diary({"a": [3, 48 + 7, 120 + 3]})
        assert (made.hour - EPOCH).tolist() == [48 + 7]
        assert (made.day - EPOCH // 24).tolist() == [1, 2, 3, 4]

    @pytest.mark.parametrize("hours", [{"a": [3]}, {"a": [3, 30]}], ids=["one day", "two days"])
    def test_of_nobody_it_is_empty(self, hours: Hours) -> None:
        population = population_of(asked(hours))
        for members in (np.zeros(0, np.int64), np.zeros(1, np.int64)):
            empty = Diary.of(population, members)
            assert empty.hour.size == 0
            assert (empty.common_hours(), empty.expected()) == (0.0, 0.0)
            assert empty.exchanged(1).hour.size == 0

    @given(DIARIES)
    def test_common_hours_are_pairs_of_accounts_in_the_same_hour(self, hours: dict[str, list[int]]) -> None:
        active = inner(hours)
        pairs = sum(len(active[one] & active[other]) for one, other in itertools.combinations(active, 2))
        assert diary(hours).common_hours() == pairs

    @given(DIARIES)
    def test_an_exchange_keeps_an_accounts_span_hours_and_kind_of_day(self, hours: dict[str, list[int]]) -> None:
        made = diary(hours)
        mixed = made.exchanged(1)
        for k, (before, after) in enumerate(zip(by_account(made), by_account(mixed), strict=True)):
            assert len(after) == len(before)
            kinds = [Counter((hour % 24, weekend(hour // 24)) for hour in one) for one in (before, after)]
            assert kinds[0] == kinds[1]
            assert {hour // 24 for hour in after} <= set(made.day[made.owner == k].tolist())
            # Whole days are exchanged: what was one day is one day.
            one_day = [sorted(Counter(hour // 24 for hour in each).values()) for each in (before, after)]
            assert one_day[0] == one_day[1]

    def test_every_exchange_is_another_and_can_be_repeated(self) -> None:
        made = diary(framed({f"a{k}": [24 * d + k for d in range(0, 10, 2)] for k in range(5)}))
        assert made.exchanged(3).hour.tolist() == made.exchanged(3).hour.tolist()
        assert made.exchanged(3).hour.tolist() != made.exchanged(4).hour.tolist()

    @given(DIARIES)
    def test_what_is_expected_is_the_mean_over_all_exchanges(self, hours: dict[str, list[int]]) -> None:
        assert diary(hours).expected() == pytest.approx(expected_by_hand(hours))

    @pytest.mark.parametrize(
        "hours",
        [
            framed({"a": [0, 24 + 5, 96 + 5], "b": [5, 48 + 5, 120], "c": [24 * d + 5 for d in range(0, 12, 3)]}),
            framed({f"a{k}": [24 * d + (k + d) % 3 for d in range(k % 4, 14, 1 + k % 3)] for k in range(12)}),
        ],
    )
    def test_it_is_the_mean_of_many_exchanges(self, hours: dict[str, list[int]]) -> None:
        made = diary(hours)
        many = np.array([made.exchanged(seed).common_hours() for seed in range(3000)])
        assert made.expected() == pytest.approx(many.mean(), abs=4 * many.std() / math.sqrt(many.size))
        assert many.std() > 0

    def test_every_exchange_is_as_likely(self) -> None:
        # One account with three active days of five: sixty arrangements, fifty times each.
        made = diary(framed({"a": [24 * 5, 24 * 6 + 1, 24 * 9 + 1]}))
        assert not any(map(weekend, made.day.tolist()))
        seen = Counter(tuple(made.exchanged(seed).hour.tolist()) for seed in range(3000))
        assert len(seen) == 60
        assert max(seen.values()) < 2 * min(seen.values())


#: The thirteen working days of the first seventeen.
WORKDAYS = tuple(day for day in range(17) if not weekend(EPOCH // 24 + day))


def at_nine(days: Sequence[int]) -> list[int]:
    return [24 * day + 9 for day in days]


def in_step(hours: Hours, p: SynchronyParameters = STEP) -> Finding | None:
    """What is said of the hours that the accounts beginning with ``m`` keep."""
    population = population_of(asked(hours))
    found = DETECTOR.assess(candidate_of(population, DETECTOR, "m"), p)
    return next((f for f in found if "excess" in f.details), None)


def anywhere(count: int, seed: int = 5, prefix: str = "x") -> dict[str, list[float]]:
    """Accounts at work at nine o'clock on six working days each, on days of their own."""
    rng = np.random.default_rng(seed)
    days = [sorted(rng.choice(WORKDAYS, 6, replace=False).tolist()) for _ in range(count)]
    return framed({f"{prefix}{k}": at_nine(own) for k, own in enumerate(days)})


class TestStep:
    members: ClassVar[Hours] = framed({f"m{k}": at_nine((0, 1, 5, 7, 13, 16)) for k in range(10)})

    def measured(self, hours: Hours) -> tuple[float, float, int]:
        population = population_of(asked(hours))
        return synchrony.step(population, np.arange(population.size))

    def test_who_works_on_the_same_days_is_in_step(self) -> None:
        assert len(WORKDAYS) == 13
        excess, deviations, active = self.measured(self.members)
        # 45 pairs meet on six days; with their days exchanged on 6 x 6 / 13 of them.
        assert excess == pytest.approx(math.log2(13 / 6))
        population = population_of(asked(self.members))
        made = Diary.of(population, np.arange(10))
        exchanges = np.array([made.exchanged(seed).common_hours() for seed in range(400)])
        # Sixteen exchanges give the deviation to a fifth or so.
        assert deviations == pytest.approx((270 - 45 * 36 / 13) / exchanges.std(ddof=1), rel=0.5)
        assert deviations > 10
        assert active == 60

    def test_habits_are_no_step(self) -> None:
        # Always at nine, every day of the log: exchanging days changes nothing.
        always = framed({f"m{k}": at_nine(WORKDAYS) for k in range(10)})
        excess, deviations, active = self.measured(always)
        assert excess == pytest.approx(0.0)
        assert deviations == pytest.approx(0.0)
        assert active == 130
        # Of accounts that begin and end whenever they like, spans are cut to what was seen, so that less is expected.
        excess, deviations, _ = self.measured(anywhere(60, prefix="m"))
        assert (abs(excess) < 0.1, deviations < 4) == (True, True)

    def test_taking_turns_is_the_opposite(self) -> None:
        # Each begins and ends with an hour of its own, and has one morning of the eleven between to work.
        mornings = [[24 * WORKDAYS[1 + k] + hour for hour in (6, 7, 8, 9)] for k in range(11)]
        turns = framed({f"m{k}": [10 + k, *morning, 24 * 16 + 10 + k] for k, morning in enumerate(mornings)})
        excess, deviations, active = self.measured(turns)
        assert (deviations, active) == (0.0, 66)
        # Nobody meets, which is taken for half a meeting.
        assert excess == pytest.approx(math.log2(0.5 / expected_by_hand(turns)))
        assert excess < -2

    def test_too_few_active_hours_say_nothing(self) -> None:
        assert self.measured(self.members)[0] > 1
        fewer = {**self.members, **framed({"m0": at_nine((0, 1, 5, 7, 13))})}
        assert self.measured(fewer) == (0.0, 0.0, 59)

    def test_only_so_many_members_are_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        population = population_of(asked({**self.members, **anywhere(4, prefix="n")}))
        monkeypatch.setattr("distillscan.detect.detectors.synchrony._MOST_MEMBERS", 10)
        assert synchrony.step(population, np.arange(14)) == synchrony.step(population, np.arange(10))
        assert synchrony.step(population, np.arange(14))[2] == 60


class TestInStep:
    members = TestStep.members

    def test_working_in_step_beyond_what_all_do_is_evidence(self) -> None:
        # So few strangers that the members are felt among them.
        everyone = {**self.members, **anywhere(10)}
        found = in_step(everyone)
        assert found is not None
        usual = math.log2(diary(everyone).common_hours() / expected_by_hand(everyone))
        assert 0.05 < usual < 0.4
        excess = math.log2(13 / 6)
        assert (found.family, found.axis) == ("timing", "coordination")
        assert found.details["excess"] == pytest.approx(excess)
        assert found.details["usual_excess"] == pytest.approx(usual)
        assert found.details["active_hours"] == 60
        # Beyond 0.6 it weighs in full.
        assert found.bits == pytest.approx(3.0)
        assert found.summary.startswith(
            "members are active in the same hours 117 % more often than if their days were exchanged ("
        )
        assert found.summary.endswith(
            f" standard deviations); accounts from all over the log {2**usual - 1:.0%} more often".replace("%", " %")
        )

    def test_it_weighs_in_part_where_many_others_are_nearly_as_much_in_step(self) -> None:
        crowd = {f"x{k}": hours for k, hours in enumerate(self.members.values(), 100)}
        everyone = {**self.members, **crowd, **anywhere(10)}
        found = in_step(everyone)
        assert found is not None
        beyond = math.log2(13 / 6) - math.log2(diary(everyone).common_hours() / expected_by_hand(everyone))
        assert 0.1 < beyond < 0.6
        assert found.bits == pytest.approx(3.0 * beyond / 0.6)

    @given(st.integers(0, 1000))
    def test_with_days_of_their_own_the_same_accounts_are_not(self, seed: int) -> None:
        assert in_step({**anywhere(10, seed, "m"), **anywhere(60)}) is None

    def test_an_outage_sets_the_pace_of_all(self) -> None:
        everyone = {**self.members, **{f"x{k}": hours for k, hours in enumerate(list(self.members.values()) * 20)}}
        found = in_step(everyone)
        assert found is None or found.bits == pytest.approx(0, abs=1e-9)

    def test_members_that_are_less_in_step_than_all_are_no_evidence(self) -> None:
        crowd = framed({f"x{k}": at_nine((0, 1, 16)) for k in range(60)})
        assert synchrony.step(population_of(asked(self.members)), np.arange(10))[1] > STEP.significant
        assert in_step({**self.members, **crowd}) is None

    @pytest.mark.parametrize("seed", range(3))
    def test_to_have_begun_together_is_not_to_work_in_step(self, seed: int) -> None:
        # Thirty of a course: all in the first hour of it, from then on whenever they like.
        rng = np.random.default_rng(seed)
        slots = [24 * day + hour for day in range(28) if not weekend(EPOCH // 24 + day) for hour in range(9, 19)]

        def whenever(first: int) -> list[int]:
            free = [slot for slot in slots if slot >= 24 * first]
            return [free[k] for k in rng.choice(len(free), 19, replace=False)]

        course = {f"m{k}": [9, *whenever(0)] for k in range(30)}
        strangers = {f"x{k}": whenever(int(rng.integers(0, 14))) for k in range(300)}
        assert in_step({**course, **strangers}) is None

    def test_it_must_be_beyond_chance(self) -> None:
        everyone = {**self.members, **anywhere(200)}
        found = in_step(everyone)
        assert found is not None
        deviations = float(found.details["standard_deviations"])
        assert in_step(everyone, replace(STEP, significant=deviations + 0.01)) is None
        assert in_step(everyone, replace(STEP, significant=deviations - 0.01)) is not None

    def test_it_is_the_same_however_the_rows_lie(self) -> None:
        rows = asked({**self.members, **anywhere(50)})
        first, second = (population_of(each) for each in (rows, rows[::-1]))
        one, other = (DETECTOR.assess(candidate_of(p, DETECTOR, "m"), STEP) for p in (first, second))
        assert one == other
        assert len(one) == 1
