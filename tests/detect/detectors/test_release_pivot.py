"""Who moved to a new model, and compared with whom, on accounts few enough to count by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from distillscan.detect.base import percent
from distillscan.detect.detectors import release_pivot
from distillscan.detect.detectors.release_pivot import ReleasePivotParameters
from distillscan.population.accounts import Release
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits, share_bits
from distillscan.profile.text.hashes import hash_text
from tests.support.handmade import at
from tests.support.populations import number, population_of
from tests.support.weighing import Rows, assess, carried, tuned, used

# What the figures below are worked out for; the defaults may be tuned.
PIVOT = ReleasePivotParameters(window_hours=24, moved=0.3, extraction_cap=1.5)


class TestReleasePivot:
    """The new model ``m2`` appears at hour 200: its window ends at 224, what was done before begins at 32."""

    detector = tuned(release_pivot.ReleasePivotDetector(), PIVOT)
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
        share, before = release_pivot.move(population, self.release, 24, 3)
        told = {name: share[number(population, name)] for name in ("half", "all", "none", "early bird")}
        assert told == {"half": 0.5, "all": 1.0, "none": 0.0, "early bird": 1.0}
        assert all(np.isnan(share[number(population, name)]) for name in ("new", "gone", "early"))
        models = {name: int(before[number(population, name)]) for name in ("half", "all", "new", "early")}
        assert models == {"half": hash_text("m1"), "all": hash_text("m0"), "new": hash_text("m1"), "early": 0}

    def test_of_two_models_used_alike_the_smaller_hash_counts(self) -> None:
        population = population_of(used("a", (100, "m1", 2), (101, "m0", 2), (200, "m1", 3)))
        _, before = release_pivot.move(population, self.release, 24, 3)
        assert before.tolist() == [min(hash_text("m0"), hash_text("m1"))]

    def test_accounts_that_moved_enough_carry_the_model_as_a_token(self) -> None:
        rows: Rows = []
        for name, new in (("little", 2), ("enough", 3), ("much", 9)):
            rows += used(name, (100, "m1", 5), (205, "m2", new), (206, "m1", 10 - new))
        population = population_of(rows, (self.release, Release("m9", at(100), "log")))
        signals = self.detector.signals(population, PIVOT)
        assert carried(population, signals, "pivot") == {hash_text("m2"): {"enough", "much"}}
        assert sorted(signals["strength"]) == [0.3, 0.9]
        assert self.detector.signals(population_of(rows), PIVOT).equals(SIGNALS.to_frame())

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
        found = assess(self.crowd({"m1": 5}, strangers), self.detector, releases=(self.release,))
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

    @pytest.mark.parametrize(("busy", "trials"), [(2, 9), (3, 3)])
    def test_of_a_quiet_pool_all_are_looked_at_however_little_each_did(self, busy: int, trials: int) -> None:
        # Nine were about in the week before and in the window, a quarter or less of twelve often enough to be judged.
        rows = self.crowd({"m1": busy}, [(40, 2, "m1", "two")])
        for k in range(9 - busy):
            rows += used(f"mq{k}", (100, "m1", 1), (205, "m2" if k < 5 else "m1", 1), user_agent="one")
        rows += used("ma", (100, "m1", 1)) + used("mb", (205, "m2", 1)) + used("mc", (250, "m2", 9))
        found = assess(rows, self.detector, releases=(self.release,))
        moved = min(busy + 5, trials)
        outside = 2.5 / 41
        assert found[0].details["members_active"] == trials
        assert found[0].details["members_moved"] == moved
        assert found[0].bits == pytest.approx(group_bits(moved, trials, 12, outside, PIVOT.cap))
        assert found[1].bits == pytest.approx(min(1.5, share_bits(moved, trials, outside, PIVOT.cap) / 2))

    def test_for_harvesting_half_of_those_who_were_about_must_have_moved(self) -> None:
        rows = self.crowd({"m1": 4}, [(400, 2, "m1", "two")])
        rows += [row for k in range(8) for row in used(f"ms{k}", (150, "m1", 4), (205, "m1", 4), user_agent="one")]
        coordination, extraction = assess(rows, self.detector, releases=(self.release,))
        bits = share_bits(4, 12, 2.5 / 401, PIVOT.cap)
        assert coordination.bits == pytest.approx(bits * 4 / 12)
        assert extraction.bits == pytest.approx(bits / 2 * 8 / 12)

    def test_members_that_were_idle_before_do_not_choose_whom_the_others_are_compared_with(self) -> None:
        rows = self.crowd({"m1": 5, "": 6}, [(40, 20, "m1", "two"), (400, 0, "m0", "two")])
        found = assess(rows, self.detector, releases=(self.release,))
        assert found[0].details["compared_with"] == "accounts with the same earlier model"

    def test_nothing_is_said_of_two_members_or_without_anybody_to_compare_with(self) -> None:
        strangers = [(40, 0, "m1", "two")]
        assert assess(self.crowd({"m1": 2}, strangers), self.detector, releases=(self.release,)) == []
        assert assess(self.crowd({"m1": 3}, strangers), self.detector, releases=(self.release,)) != []
        assert assess(self.crowd({"m1": 5}, []), self.detector, releases=(self.release,)) == []

    def test_who_moves_no_more_than_others_is_no_evidence(self) -> None:
        found = assess(self.crowd({"m1": 5}, [(40, 40, "m1", "one")]), self.detector, releases=(self.release,))
        assert found == []
