"""Rest, volume, models and repeats, on accounts few enough to count by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from distillscan.detect.base import Finding
from distillscan.detect.detectors import output_harvest
from distillscan.detect.detectors.output_harvest import OutputHarvestParameters
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import share_bits
from tests.support.populations import number, population_of
from tests.support.weighing import Rows, assess, each, others, tuned, used

# What the figures below are worked out for; the defaults may be tuned.
HARVEST = OutputHarvestParameters(
    sleepless=0.12,
    busy_members=5,
    rhythm_cap=2.0,
    volume_zero=400,
    enough_answers=5,
    long_cap=1.5,
    long_full=2.0,
)


TABLES = arrays.arrays(np.float64, st.tuples(st.integers(1, 4), st.just(24)), elements=st.integers(0, 5))


class TestOutputHarvest:
    detector = tuned(output_harvest.OutputHarvestDetector(), HARVEST)

    @given(TABLES)
    def test_the_quietest_eight_hours_may_go_over_midnight(
        self, table: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> None:
        quiet = output_harvest.quiet_share(table)
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
        share = output_harvest.main_model_share(population)
        assert [share[number(population, name)] for name in "ac"] == [0.8, 1.0]
        assert np.isnan(share[number(population, "b")])

    def test_distinct_prompts_are_counted_while_the_sample_is_not_full(self) -> None:
        rows: Rows = [{"account_id": "a", "prompt": f"question {k % 15}"} for k in range(30)]
        rows += [{"account_id": "b", "prompt": "again"} for _ in range(25)]
        rows += [{"account_id": "c", "prompt": f"question {k}" if k < 20 else None} for k in range(30)]
        population = population_of([*rows, *each(1)])
        share = output_harvest.distinct_share(population)
        assert [share[number(population, name)] for name in "ab"] == [0.5, 1 / 25]
        assert np.isnan(share[number(population, "c")])
        assert np.isnan(share[number(population, "m0")])

    def test_a_full_sample_is_estimated_from(self) -> None:
        rows = [{"account_id": f"a{a}", "prompt": f"{a} asks {k % 100}"} for a in range(150) for k in range(200)]
        share = output_harvest.distinct_share(population_of(rows))
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
        assert found.specific is False

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
        assert found.details == {
            "daily_rhythm": 0.0 if spread else 1.0,
            "members": 40,
            "pairs_of_requests": 240.0,
        }
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
        assert found.details == {
            "daily_rhythm": 0.0,
            "members": members,
            "pairs_of_requests": 15 * members,
        }
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
        ("requests", "bits"), [(400, 0.0), (1600, 1.0), (100, -1.0), (10, -1.0), (6400, 2.0), (30_000, 2.0)]
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
        assert found.bits == pytest.approx(share_bits(4, 4, outside, 2.0))
        assert found.details == {
            "members": 4,
            "members_with_enough_requests": 4,
            "rate_outside": outside,
        }

    @pytest.mark.parametrize(("worded", "specific"), [(0, True), (1, True), (2, False), (4, False)])
    def test_one_model_stands_for_harvesting_only_where_prompts_cannot_be_read(
        self, worded: int, specific: bool
    ) -> None:
        members = [row for k in range(4) for row in used(f"m{k}", (12, "m1", 30))]
        members += [{"account_id": f"m{k}", "model": "m1", "prompt": f"a question {k}"} for k in range(worded)]
        strangers = [row for k in range(20) for row in used(f"x{k}", (12, "m1", 13), (13, "m2", 11))]
        found = next(f for f in self.habits(members, strangers) if f.family == "timing")
        assert found.specific is specific

    def test_prompts_that_hardly_ever_repeat(self) -> None:
        def asks(name: str, distinct: int) -> Rows:
            return [{"account_id": name, "prompt": f"{name} {k % distinct}"} for k in range(24)]

        members = [row for k in range(4) for row in asks(f"m{k}", 24)]
        strangers = [row for k in range(20) for row in asks(f"x{k}", 12)]
        (found,) = self.habits(members, strangers)
        assert found.family == "content"
        assert " members hardly ever repeat a prompt, as 2 % of other accounts do" in found.summary
        assert found.specific is False
        inside = found.details["members"]
        assert found.bits == pytest.approx(share_bits(inside, 4, 0.5 / 21, 1.0))

    @pytest.mark.parametrize(("members", "strangers", "said"), [(2, 20, 0), (3, 20, 1), (4, 0, 0)])
    def test_nothing_is_said_of_two_members_or_without_others(self, members: int, strangers: int, said: int) -> None:
        rows = [row for k in range(members) for row in used(f"m{k}", (12, "m1", 30))]
        mixed = [row for k in range(strangers) for row in used(f"x{k}", (12, "m1", 15), (12, "m2", 15))]
        assert len(self.habits(rows, mixed)) == said

    def test_it_links_nobody(self) -> None:
        assert self.detector.signals(population_of(each(3)), HARVEST).equals(SIGNALS.to_frame())


@given(st.lists(st.integers(0, 30), min_size=1, max_size=15), st.data())
def test_the_median_of_what_is_left(values: list[int], data: st.DataObject) -> None:
    ordered = np.sort(np.array(values, np.float64))
    left_out = data.draw(st.sets(st.integers(0, ordered.size - 1), max_size=ordered.size - 1))
    found = output_harvest.median_without(ordered, np.array(sorted(left_out), np.int64))
    assert found == np.median(np.delete(ordered, sorted(left_out)))


class TestLongAnswers:
    """Members whose answers are longer than those that other accounts get: whole reasoning is long."""

    detector = TestOutputHarvest.detector

    @staticmethod
    def answers(prefix: str, *lengths: int | None, times: int = 5) -> Rows:
        """Accounts that get answers of these lengths, again and again."""
        return [
            {"account_id": f"{prefix}{k}", "output_tokens": length}
            for k, length in enumerate(lengths)
            for _ in range(times)
        ]

    def long(self, members: Rows, strangers: Rows) -> Finding | None:
        found = assess(members + strangers, self.detector)
        return next((f for f in found if "median_inside" in f.details), None)

    usual = tuple(range(80, 121, 10))

    def test_four_times_as_long_weighs_in_full(self) -> None:
        found = self.long(self.answers("m", 380, 390, 400, 410, 420, 5000), self.answers("x", *self.usual))
        assert found is not None
        # The typical one of six gets 405 tokens, others 100: more than two doublings.
        assert (found.family, found.axis, found.bits) == ("content", "extraction", 1.5)
        assert found.summary == "the typical member gets 405 tokens an answer, the typical other account 100"
        assert found.details == {"median_inside": 405.0, "median_outside": 100.0, "members": 6}

    @pytest.mark.parametrize(("length", "bits"), [(200, 0.75), (141, 0.75 * math.log2(1.41)), (100, None), (50, None)])
    def test_less_than_that_weighs_by_doublings(self, length: int, bits: float | None) -> None:
        found = self.long(self.answers("m", *[length] * 5), self.answers("x", *self.usual))
        assert (found and found.bits) == (bits and pytest.approx(bits))

    @pytest.mark.parametrize(("verbose", "bits"), [(10, 1.5), (9, 1.2), (6, 0.3)])
    def test_a_few_verbose_members_do_not_speak_for_all(self, verbose: int, bits: float) -> None:
        found = self.long(self.answers("m", *[400] * verbose, *[90] * (10 - verbose)), self.answers("x", *self.usual))
        assert found is not None
        assert found.bits == pytest.approx(bits)
        assert self.long(self.answers("m", *[400] * 5, *[90] * 5), self.answers("x", *self.usual)) is None

    def test_length_is_the_mean_over_answers_of_which_it_is_known(self) -> None:
        rows = [row for k in range(5) for row in self.answers(f"m{k}-", 700, times=2)]
        rows += [row for k in range(5) for row in self.answers(f"m{k}-", 200, times=3)]
        rows += [row for k in range(5) for row in self.answers(f"m{k}-", None, times=9)]
        found = self.long(rows, self.answers("x", *self.usual))
        assert found is not None
        assert found.details["median_inside"] == 400.0

    def test_it_takes_five_answers_of_five_accounts_on_either_side(self) -> None:
        five, usual = self.answers("m", *[400] * 5), self.answers("x", *self.usual)
        assert self.long(five, usual) is not None
        assert self.long(five[5:], usual) is None
        assert self.long(five, usual[5:]) is None
        assert self.long(five[1:], usual) is None
        assert self.long(five, usual[1:]) is None

    def test_without_lengths_nothing_is_said(self) -> None:
        assert self.long(self.answers("m", *[None] * 5), self.answers("x", *[None] * 5)) is None
