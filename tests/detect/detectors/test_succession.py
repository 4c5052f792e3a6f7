"""One pool after the other, and probing before scale: planted, against innocents that come and go, and by hand."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.detectors import succession
from distillscan.detect.detectors.succession import SuccessionParameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits, share_bits
from tests.support.handmade import at
from tests.support.populations import numbers_of, population_of, signal_graph
from tests.support.weighing import Rows, candidate_of, tuned

# What the figures below are worked out for; the defaults may be tuned.
AFTER = SuccessionParameters(
    hours=12,
    refused=0.2,
    probing_cap=2.0,
)
DETECTOR = tuned(succession.SuccessionDetector(), AFTER)

Spans = Mapping[str, tuple[float, float]]


def lives(spans: Spans, banned: Iterable[str] = ()) -> Rows:
    """Accounts from their first to their last hour; those that are ``banned`` are denied at the end."""
    denied = set(banned)
    return [
        {"account_id": name, "timestamp": at(hour), "status_code": 403 if name in denied and hour == last else 200}
        for name, (first, last) in spans.items()
        for hour in (first, last)
    ]


#: A log of six hundred hours.
ALL = {f"x{k}": (0.0, 600.0) for k in range(60)}


def found(rows: Rows, p: SuccessionParameters = AFTER) -> list[Finding]:
    candidate = candidate_of(population_of(rows), DETECTOR, "m")
    result: list[Finding] = DETECTOR.assess(candidate, p)
    return result


def replaced(rows: Rows, p: SuccessionParameters = AFTER) -> Finding | None:
    return next((f for f in found(rows, p) if f.axis == "coordination"), None)


class TestTurnedAway:
    def away(self, *events: tuple[float, int | None]) -> bool:
        """Whether an account with these hours and status codes was turned away."""
        rows = [{"account_id": "a", "timestamp": at(hour), "status_code": status} for hour, status in events]
        (told,) = population_of(rows).turned_away.tolist()
        return bool(told)

    @pytest.mark.parametrize("status", [401, 403])
    def test_who_is_denied_at_last(self, status: int) -> None:
        assert self.away((1, 200), (2, status))
        assert self.away((1, status))
        assert self.away((1, 200), (2, status), (3, status))

    def test_not_who_came_back_or_was_never_denied(self) -> None:
        assert not self.away((1, 200), (2, 403), (3, 200))
        assert not self.away((1, 200), (2, 500))
        assert not self.away((1, 200), (2, 429))
        assert not self.away((1, None), (2, None))
        assert not self.away((1, None))


class TestStartsNear:
    hours = st.lists(st.integers(0, 60).map(float), max_size=12)

    @given(hours, hours, st.integers(1, 15))
    def test_it_counts_the_starts_soon_after_or_before_each_stop(
        self, stops: list[float], starts: list[float], hours: int
    ) -> None:
        ends, begins = np.array(stops), np.sort(np.array(starts))
        after, before = (succession.starts_near(ends, begins, reach) for reach in (hours, -hours))
        assert after.tolist() == [sum(0 < b - e <= hours for b in starts) for e in stops]
        assert before.tolist() == [sum(0 <= e - b < hours for b in starts) for e in stops]

    @given(hours, hours, st.integers(1, 15))
    def test_windows_with_a_start_are_the_stops_that_have_one(
        self, stops: list[float], starts: list[float], hours: int
    ) -> None:
        ends, begins = np.sort(np.array(stops)), np.sort(np.array(starts))
        found = succession.with_start(ends, ends + hours, begins)
        assert found == np.count_nonzero(succession.starts_near(ends, begins, hours))


def pools(size: int, stop: float = 300, gap: float = 5, banned: bool = True) -> Rows:
    """A pool that stops within an hour, and one as large that starts after a gap."""
    old = {f"ma{k}": (100.0 + k, stop + k / size) for k in range(size)}
    new = {f"mb{k}": (stop + gap + k / size, 590.0) for k in range(size)}
    return lives({**old, **new, **ALL}, old if banned else ())


class TestReplacement:
    def test_a_pool_that_takes_over_after_a_ban(self) -> None:
        finding = replaced(pools(10))
        assert finding is not None
        assert (finding.family, finding.axis) == ("timing", "coordination")
        # All twenty are involved: ten stops, ten starts. Chance is taken for two per cent at least.
        assert finding.bits == pytest.approx(group_bits(10, 10, 10, 0.02, 4.0))
        assert finding.bits > 3.9
        assert finding.details == {
            "stopped": 10,
            "turned_away": 10,
            "followed": 10,
            "started_later": 20,
            "expected_share": 0.02,
        }
        assert finding.summary == (
            "10 of 10 members that were turned away (401, 403) were followed by a new member within 12 hours; "
            "2 % expected"
        )

    def test_one_that_takes_over_when_the_other_falls_silent(self) -> None:
        finding = replaced(pools(10, banned=False))
        assert finding is not None
        assert finding.bits == pytest.approx(group_bits(10, 10, 10, 0.02, 4.0))
        assert finding.summary.startswith("10 of 10 members that fell silent were followed by a new member")
        assert finding.details["turned_away"] == 0

    def test_where_some_were_banned_only_these_ends_count(self) -> None:
        # Twelve more members stop and nobody follows them.
        quiet = lives({f"mc{k}": (60.0 + k, 450.0 + k) for k in range(12)})
        finding = replaced([*pools(10), *quiet])
        assert finding is not None
        assert (finding.details["stopped"], finding.details["followed"]) == (10, 10)
        # Of 32 members twice ten are involved.
        assert finding.bits == pytest.approx(group_bits(10, 10, 10, 0.02, 4.0) * 20 / 32)
        # Of four bans nothing can be said; then all ends count.
        few = replaced([*pools(4), *quiet])
        assert few is not None
        assert (few.details["stopped"], few.details["turned_away"], few.details["followed"]) == (16, 4, 4)

    @pytest.mark.parametrize(("gap", "follows"), [(11.5, True), (12.5, False), (-3, False)])
    def test_hours_later_is_another_matter(self, gap: float, follows: bool) -> None:
        # All at the same minute, so that the gap is the same for all.
        old = {f"ma{k}": (100.0, 300.0) for k in range(8)}
        new = {f"mb{k}": (300.0 + gap, 590.0) for k in range(8)}
        assert (replaced(lives({**old, **new, **ALL}, old)) is not None) == follows

    @pytest.mark.parametrize(("size", "said"), [(5, True), (4, False)])
    def test_it_takes_five_stops(self, size: int, said: bool) -> None:
        assert (replaced(pools(size)) is not None) == said

    def test_strangers_stops_that_members_follow_as_often_are_what_chance_does(self) -> None:
        # Four in ten of the strangers' ends fall just before the new pool, too.
        churn = {f"y{k}": (1.0, 298.0 if k < 8 else 200.0 + k) for k in range(20)}
        finding = replaced([*pools(10), *lives(churn)])
        assert finding is not None
        assert finding.details["expected_share"] == 0.4
        assert finding.bits == pytest.approx(group_bits(10, 10, 10, 0.4, 4.0))

    def test_starts_and_ends_of_the_log_are_its_own(self) -> None:
        assert replaced(pools(10, stop=540)) is not None
        assert replaced(pools(10, stop=552)) is None
        # Nobody begins later than 48 hours after the log does.
        early = {f"ma{k}": (0.0, 20.0) for k in range(10)}
        late = {f"mb{k}": (25.0, 590.0) for k in range(10)}
        assert replaced(lives({**early, **late, **ALL}, early)) is None

    def test_at_an_event_all_come_and_all_go(self) -> None:
        # Two shifts at one venue: the second comes when the first goes, which is what the first did as well.
        rng = np.random.default_rng(3)
        shifts = {f"m{k}": (200.0 + 5 * (k % 2) + rng.random(), 205.0 + 5 * (k % 2) + rng.random()) for k in range(40)}
        assert replaced(lives({**shifts, **ALL})) is None
        # So it is if all come over a day and stay for hours.
        visits = {f"m{k}": (200.0 + (start := 10 * rng.random()), 203.0 + start + 3 * rng.random()) for k in range(40)}
        assert replaced(lives({**visits, **ALL})) is None

    def test_a_banned_account_may_have_lived_for_hours_only(self) -> None:
        # One at a time, banned after 19 hours or after six, and the next an hour later: no other account starts in the
        # twelve hours before an end.
        chain = {f"m{k:02d}": (100.0 + 20 * k, 119.0 + 20 * k) for k in range(12)}
        short = {f"m{k:02d}": (100.0 + 7 * k, 106.0 + 7 * k) for k in range(12)}
        long = replaced(lives({**chain, **ALL}, chain))
        assert long is not None
        assert long.bits > 3
        hours = replaced(lives({**short, **ALL}, short))
        assert hours is not None
        assert hours.bits == pytest.approx(long.bits)

    @given(st.integers(0, 10_000))
    def test_innocent_churn_weighs_next_to_nothing(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        begin, stay = rng.uniform(0, 600, 400), rng.exponential(150, 400)
        spans = {
            f"{'m' if k < 40 else 'x'}{k}": (float(begin[k]), float(min(600.0, begin[k] + stay[k]))) for k in range(400)
        }
        finding = replaced(lives({**spans, **ALL}))
        # Once in a hundred groups it may be two bits; never enough for the family to count.
        assert finding is None or finding.bits < 3

    def test_over_many_such_groups_it_is_nothing_on_average(self) -> None:
        rng = np.random.default_rng(1)
        begin, stay = rng.uniform(0, 600, 1500), rng.exponential(150, 1500)
        spans = {f"x{k}": (float(begin[k]), float(min(600.0, begin[k] + stay[k]))) for k in range(1500)}
        population = population_of(lives({**spans, **ALL}))
        graph = signal_graph(population)
        weights = []
        for _ in range(200):
            members = np.sort(rng.choice(population.size, 30, replace=False))
            said = DETECTOR.assess(Candidate(members, graph), AFTER)
            weights.append(sum(f.bits for f in said))
        assert float(np.mean(weights)) < 0.1
        # One of the two hundred gets two bits; three would be a family.
        assert sum(weight >= 1.5 for weight in weights) <= 2
        assert max(weights) < 2.5

    @given(st.randoms(use_true_random=False))
    def test_the_order_of_rows_does_not_matter(self, random: Any) -> None:
        rows = pools(6)
        assert found(random.sample(rows, len(rows))) == found(rows) != []

    def test_it_links_nobody(self) -> None:
        population = population_of(pools(6))
        assert DETECTOR.signals(population, AFTER).equals(SIGNALS.to_frame())


def asking(name: str, requests: int, refused: int, start: float = 0.0) -> Rows:
    """Requests of an account, one an hour, the first so many of which are refused."""
    return [
        {"account_id": name, "timestamp": at(start + n), "stop_reason": "refusal" if n < refused else "end_turn"}
        for n in range(requests)
    ]


class TestProbing:
    def probing(self, members: Mapping[str, tuple[int, int, float]], strangers: int = 99) -> Finding | None:
        rows = [row for name, what in members.items() for row in asking(name, *what)]
        rows += [row for k in range(strangers) for row in asking(f"x{k}", 10, 3 if k == 0 else 0)]
        rows += [{"account_id": "x0", "timestamp": at(1000)}]
        return next((f for f in found(rows) if f.axis == "extraction"), None)

    def test_members_that_are_refused_again_and_again(self) -> None:
        members = {f"m{k}": (10, 2 if k < 5 else 1, 0.0) for k in range(8)}
        finding = self.probing({**members, "mfew": (4, 4, 0.0)})
        assert finding is not None
        # One of the strangers is refused three of eleven times. Of a member with four requests nothing is said.
        outside = 1.5 / 100
        assert (finding.family, finding.axis) == ("content", "extraction")
        assert finding.bits == pytest.approx(share_bits(5, 8, outside, 2.0))
        assert finding.details == {
            "members_refused": 5,
            "members": 8,
            "rate_outside": outside,
            "hours_ahead": pytest.approx(0.0),
        }
        assert finding.summary == (
            "5 of 8 members are refused 20 % of their requests or more; 2 % of other accounts are"
        )

    @pytest.mark.parametrize(("start", "said"), [(25.0, "1 days"), (72.0, "3 days"), (24.0, None)])
    def test_it_is_said_if_they_came_before_the_others(self, start: float, said: str | None) -> None:
        members = {f"m{k}": (10, 5, 0.0) if k < 5 else (10, 0, start) for k in range(9)}
        finding = self.probing(members)
        assert finding is not None
        assert finding.details["hours_ahead"] == start
        told = f"; they began {said} before the others" if said else "2 % of other accounts are"
        assert finding.summary.endswith(told)

    def test_where_all_probe_nobody_came_before(self) -> None:
        finding = self.probing({f"m{k}": (10, 9, 100.0) for k in range(8)})
        assert finding is not None
        assert finding.details["hours_ahead"] == 0.0
        assert finding.bits == pytest.approx(share_bits(8, 8, 1.5 / 100, 2.0))

    def test_a_few_broken_clients_do_not_make_a_pool_that_probes(self) -> None:
        few = {f"m{k}": (10, 9 if k < 4 else 0, 0.0) for k in range(8)}
        assert self.probing(few) is None
        assert self.probing({**few, "m4": (10, 9, 0.0)}) is not None

    def test_of_those_who_are_served_nothing_is_said(self) -> None:
        assert self.probing({f"m{k}": (10, 1, 0.0) for k in range(8)}) is None
        assert self.probing({f"m{k}": (4, 4, 0.0) for k in range(8)}) is None

    def test_it_links_nobody_to_be_refused(self) -> None:
        population: Population = population_of(asking("m1", 9, 9))
        assert numbers_of(population, "m").size == 1
        assert DETECTOR.signals(population, AFTER).is_empty()
