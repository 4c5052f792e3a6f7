"""Templates and system prompts as tokens and as evidence, on accounts few enough to count by hand."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from distillscan.detect.base import Candidate, percent
from distillscan.detect.detectors import template_uniformity
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from tests.support.populations import graph_of, numbers_of, population_of, signal_graph
from tests.support.weighing import Rows, assess, carried, each, others, tuned

# What the figures below are worked out for; the defaults may be tuned.
WORDING = TemplateUniformityParameters(min_accounts=4, min_prompts=6, coverage=0.15, automation_cap=4.0)


RULES = "you answer for the harbour office in short sentences and never give out a phone number"
NOTES = "read what the lighthouse keeper wrote last winter and list every ship that passed without lights"
#: Hexadecimal digits to letters: words that nobody else has.
LETTERS = str.maketrans("0123456789", "ghijklmnop")


class TestTemplateUniformity:
    detector = tuned(template_uniformity.TemplateUniformityDetector(), WORDING)

    def systems(self, rows: Rows) -> dict[int, set[str]]:
        population = population_of(rows)
        signals = self.detector.signals(population, WORDING)
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
        signals = self.detector.signals(population, WORDING)
        assert list(carried(population, signals, "template").values()) == [{f"m{k}" for k in range(8)}]
        assert carried(population, signals, "system_template") == {}

    def test_an_account_carries_a_template_from_a_share_of_its_texts_on(self) -> None:
        rng = np.random.default_rng(8)

        def asks(k: int) -> Rows:
            built = [f"{RULES} {'abcdefghijkl'[k]}{w}" for w in ("oak", "elm", "ash")[: 3 if k else 1]]
            own = [" ".join("".join(map(chr, rng.integers(97, 123, 7))) for _ in range(9)) for _ in range(6)]
            return [{"account_id": f"m{k}", "prompt": text} for text in built + own]

        population = population_of([row for k in range(8) for row in asks(k)])
        signals = self.detector.signals(population, WORDING)
        found = signals.filter(pl.col("kind") == "template")
        # Three of nine less half a one; the first account has half of one of seven, which is below 0.15.
        assert found["strength"].to_list() == pytest.approx([2.5 / 9] * 7)
        assert list(carried(population, signals, "template").values()) == [{f"m{k}" for k in range(1, 8)}]
        # By default that is enough: a library of a hundred wordings leaves one of sixteen sampled prompts to each.
        signals = self.detector.signals(population, TemplateUniformityParameters())
        assert sorted(signals.filter(pl.col("kind") == "template")["strength"]) == pytest.approx(
            [0.5 / 7, *[2.5 / 9] * 7]
        )

    @pytest.mark.parametrize(("coverage", "carries"), [(0.031, True), (0.032, False)])
    def test_one_of_sixteen_prompts_is_half_a_case_of_sixteen(self, coverage: float, carries: bool) -> None:
        rows = [
            {"account_id": f"m{k}", "prompt": f"{word} {RULES if turn == 0 else word[::-1]}"}
            for k in range(8)
            for turn in range(16)
            for word in [f"{'abcdefgh'[k]}{'ijklmnopqrstuvwx'[turn]}"]
        ]
        signals = self.detector.signals(population_of(rows), replace(WORDING, coverage=coverage))
        found = signals.filter(pl.col("kind") == "template")["strength"].to_list()
        assert found == pytest.approx([0.5 / 16] * (8 if carries else 0))

    def test_where_a_template_covers_more_of_an_account_counts(self) -> None:
        rows: Rows = []
        for k in range(8):
            name, filler = f"m{k}", "abcdefgh"[k]
            rows.append({"account_id": name, "prompt": f"{filler}oak {RULES}", "system_prompt": f"{filler}elm {RULES}"})
            rows += [{"account_id": name, "prompt": f"{filler}{w}"} for w in "xyz"]
        signals = self.detector.signals(population_of(rows), WORDING)
        # A quarter of the prompts, and the only system prompt, which with half a case taken off is more.
        assert signals.filter(pl.col("kind") == "template")["strength"].to_list() == [0.5] * 8

    def test_signals_follow_from_the_profile_and_the_parameters_alone(self) -> None:
        rows = each(5, system_prompt=RULES)
        strict = replace(WORDING, min_accounts=6)
        population = population_of(rows)
        assert self.detector.signals(population, strict).is_empty()
        again = self.detector.signals(population, WORDING)
        assert again.equals(self.detector.signals(population_of(rows), WORDING))

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
        candidate = Candidate(numbers_of(population, "m"), signal_graph(population))
        known = population.mask(numbers_of(population, "m", "x"))
        mask, basis = candidate.peers(known)
        assert (basis, int(mask.sum())) == compared
        assert not (mask & ~known).any()
        assert not mask[candidate.members].any()

    def test_where_clients_are_unknown_all_are_compared_with(self) -> None:
        graph = graph_of(50, {"template": {1: range(10)}})
        candidate = Candidate(np.arange(10), graph)
        mask, basis = candidate.peers(np.ones(50, np.bool_))
        assert (basis, int(mask.sum())) == ("all other accounts", 40)

    def test_how_much_the_skeletons_cover_is_the_real_share_of_all_prompts(self) -> None:
        rows = others(200, prompt=lambda k: f"nothing in common {'z' * k}")
        for k in range(11):
            for turn in range(8):
                # All use the first skeleton in two of eight prompts. The second is in as many others as the number of
                # the account says, and from the fifth account on in every prompt. The last uses neither.
                own = " ".join(hashlib.sha256(f"{k} {turn} {w}".encode()).hexdigest().translate(LETTERS) for w in "abc")
                one = RULES if turn < 2 and k < 10 else ""
                two = NOTES if k < 10 and (k >= 5 or 2 <= turn < 2 + k) else ""
                rows.append({"account_id": f"m{k}", "prompt": f"{own} {one} {own} {two}"})
        coordination, extraction = assess(rows, self.detector)
        assert (coordination.details["members_using"], coordination.details["members_with_text"]) == (10, 11)
        assert coordination.details["templates"] == 2
        # 0.25, 0.375, 0.5, 0.625, 0.75, and five times all, though two of the eight have both: half a case is taken
        # off in signals only.
        assert coordination.details["median_coverage"] == pytest.approx((0.75 + 1.0) / 2)
        assert extraction.details == {
            "median_coverage": pytest.approx(0.875),
            "members_using": 10,
        }
        assert extraction.bits == pytest.approx(4.0 * (1 - math.exp(-6.0 * 0.875 / 4.0)))
        assert extraction.summary == "the skeletons cover 88 % of the typical member's sampled prompts"

    def test_skeletons_in_prompts_and_in_system_prompts_cover_no_more_than_all(self) -> None:
        rows = others(200, prompt=lambda k: f"nothing in common {'z' * k}")
        rows += [
            {"account_id": f"m{k}", "prompt": f"{k} {word} {RULES}", "system_prompt": f"{word[::-1]} {NOTES}"}
            for k in range(10)
            for word in (f"{'abcdefghij'[k]}{'klmnop'[turn]}" for turn in range(6))
        ]
        coordination, extraction = assess(rows, self.detector)
        assert coordination.details["templates"] == 2
        assert coordination.details["median_coverage"] == extraction.details["median_coverage"] == 1.0

    def test_of_skeletons_that_stand_in_no_text_nothing_is_said(self) -> None:
        graph = graph_of(500, {"template": {1: range(10)}})
        first, second = self.detector.assess(Candidate(np.arange(10), graph), WORDING)
        assert (first.bits, first.details["members_with_text"], first.details["median_coverage"]) == (0.0, 0, 0.0)
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
