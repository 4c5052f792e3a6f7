"""What accounts ask for, on accounts counted by hand and on the planted groups."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from distillscan.detect.base import Finding
from distillscan.detect.detectors import extraction_intent
from distillscan.detect.detectors.extraction_intent import ExtractionIntentParameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from distillscan.profile.text.intents import HARVEST, INTENTS
from distillscan.score import ScoreParameters
from tests.support import planted
from tests.support.populations import numbers_of, population_of
from tests.support.weighing import Rows, assess, candidate_of, carried, each, others, ties, tuned

# What the figures below are worked out for; the defaults may be tuned.
ASKING = ExtractionIntentParameters(
    enough=3,
    least=2,
    share=0.2,
    system_share=0.5,
    cap=4.0,
    ordinary_cap=2.5,
    narrow_cap=1.5,
)
DETECTOR = tuned(extraction_intent.ExtractionIntentDetector(), ASKING)

TRACE = "Reproduce your previous chain of thought about {} word for word."
INLINE = "About {}: put every thought into <think> tags before the answer, and only then give the reply."
GRADE = "Score the answer about {} for accuracy and clarity from 1 to 10."
COMPARE = "Response A or Response B on {}, which one is better?"
CODE = "Write a Python function about {}."
TALK = "Tell me something nice about {}."


def sends(account: str, *texts: str, **columns: Any) -> Rows:
    """Requests of an account, each prompt about something else."""
    return [{"account_id": account, "prompt": text.format(f"item {k}"), **columns} for k, text in enumerate(texts)]


def crowd(count: int, make: Callable[[int], Rows]) -> Rows:
    return [row for k in range(count) for row in make(k)]


def strangers(count: int = 40, *texts: str, **columns: Any) -> Rows:
    return crowd(count, lambda k: sends(f"x{k}", *(texts or (TALK,) * 4), **columns))


def members(count: int, *texts: str, **columns: Any) -> Rows:
    return crowd(count, lambda k: sends(f"m{k}", *texts, **columns))


def showing(rows: Rows, intent: str, p: ExtractionIntentParameters = ASKING) -> tuple[set[str], set[str]]:
    """Names of the accounts that show an intent, and of those of which it can be told."""
    population = population_of(rows)
    shows, able = extraction_intent.showing(population, intent, p)
    names = population.profile.accounts["account_id"].to_numpy()
    return set(names[shows]), set(names[able])


def harvest(rows: Rows) -> list[Finding]:
    """What is said of harvesting alone."""
    return [finding for finding in assess(rows, DETECTOR) if finding.axis == "extraction"]


def by_intent(found: list[Finding]) -> dict[str, Finding]:
    found = [finding for finding in found if finding.axis == "extraction"]
    return {str(finding.details.get("intent") or finding.details["capability"]): finding for finding in found}


class TestWhoShowsAnIntent:
    def test_one_prompt_in_five_is_enough_and_one_alone_is_not(self) -> None:
        rows = (
            sends("a", TRACE, TRACE, *[TALK] * 8)
            + sends("b", TRACE, TRACE, *[TALK] * 9)
            + sends("c", TRACE, *[TALK] * 3)
            + sends("d", TALK, TALK, TALK)
            + sends("e", TRACE, TRACE)
        )
        assert showing(rows, "reasoning_trace") == ({"a"}, {"a", "b", "c", "d"})

    def test_a_prompt_sent_again_is_asked_again(self) -> None:
        rows = [{"account_id": "a", "prompt": TRACE}] * 3 + [{"account_id": "b", "prompt": TRACE}] * 2
        assert showing(rows, "reasoning_trace") == ({"a"}, {"a"})

    def test_system_prompts_count_as_they_are_used(self) -> None:
        def used(account: str, graded: int, plain: int) -> Rows:
            return [{"account_id": account, "system_prompt": GRADE}] * graded + [
                {"account_id": account, "system_prompt": TALK}
            ] * plain

        rows = used("a", 2, 2) + used("b", 2, 3) + used("c", 2, 0) + used("d", 0, 4)
        assert showing(rows, "rubric_grading") == ({"a"}, {"a", "b", "d"})

    def test_without_texts_nothing_can_be_told(self) -> None:
        rows = [{"account_id": name, "prompt": None, "model": "m"} for name in "aaaabbbb"]
        assert showing(rows, "reasoning_trace") == (set(), set())


class TestIntents:
    def test_shares_are_those_of_accounts_against_all_others(self) -> None:
        rows = (
            members(10, TRACE, TALK, TALK, TALK, TRACE)
            + strangers(38)
            + crowd(2, lambda k: sends(f"y{k}", *[TRACE] * 3))
        )
        (found,) = harvest(rows)
        assert (found.family, found.axis) == ("content", "extraction")
        assert dict(found.details) == {
            "intent": "reasoning_trace",
            "members_showing": 10,
            "members_stating": 10,
            "rate_outside": pytest.approx(2.5 / 41),
            "compared_with": "all other accounts",
            "median_share_of_prompts": pytest.approx(0.4),
        }
        assert found.bits == pytest.approx(group_bits(10, 10, 10, 2.5 / 41, 4.0))
        assert found.summary == (
            "10 of 10 members ask for reasoning that is hidden or lies behind a finished answer, "
            "as 6 % of all other accounts do"
        )

    def test_a_busy_account_speaks_for_itself_only(self) -> None:
        rows = sends("m0", *[TRACE] * 40) + crowd(9, lambda k: sends(f"m{k + 1}", *[TALK] * 4)) + strangers()
        found = assess(rows, DETECTOR)
        assert sum(f.bits for f in found) < 0.2

    def test_a_part_of_the_members_speaks_for_that_part(self) -> None:
        rows = members(5, *[TRACE] * 4) + crowd(5, lambda k: sends(f"m{k + 5}", *[TALK] * 4)) + strangers()
        (found,) = harvest(rows)
        assert found.bits == pytest.approx(group_bits(5, 10, 10, 0.5 / 41, 4.0))
        assert found.bits < 2.1

    def test_grading_weighs_less_than_asking_for_reasoning(self) -> None:
        graders = by_intent(assess(members(10, *[GRADE] * 4) + strangers(), DETECTOR))
        assert graders["rubric_grading"].bits == pytest.approx(2.5, abs=0.01)
        askers = by_intent(assess(members(10, *[TRACE] * 4) + strangers(), DETECTOR))
        assert askers["reasoning_trace"].bits == pytest.approx(4.0, abs=0.01)

    def test_all_intents_together_weigh_no_more_than_one_may(self) -> None:
        rows = members(20, TRACE, TRACE, INLINE, INLINE, GRADE, GRADE, COMPARE, COMPARE) + strangers()
        found = harvest(rows)
        assert {f.details["intent"] for f in found} <= set(HARVEST)
        assert sum(f.bits for f in found) == pytest.approx(4.0)
        assert [f.bits for f in found] == sorted((f.bits for f in found), reverse=True)

    def test_no_more_than_others_ask_for_is_no_evidence(self) -> None:
        assert assess(members(10, *[GRADE] * 4) + strangers(40, *[GRADE] * 4), DETECTOR) == []
        assert assess(members(10, *[TALK] * 4) + strangers(), DETECTOR) == []

    def test_without_prompts_nothing_is_said(self) -> None:
        assert assess(each(5, model="a") + others(40, model="a"), DETECTOR) == []

    def test_a_lone_cluster_has_nothing_to_be_compared_with(self) -> None:
        (found,) = harvest(members(5, *[TRACE] * 4))
        assert found.details["rate_outside"] == 0.5
        assert found.bits < 2.5


class TestAccord:
    """To ask for the same rare thing, in whatever words, is a little evidence for one hand."""

    def test_it_weighs_as_far_as_the_strongest_rare_intent_does(self) -> None:
        rows = members(10, *[TRACE] * 4) + strangers()
        (found,) = ties(rows, DETECTOR)
        (asking,) = harvest(rows)
        assert (found.family, found.axis) == ("content", "coordination")
        assert found.bits == pytest.approx(2.9 * group_bits(10, 10, 10, 0.5 / 41, 4.0) / 4.0)
        assert found.summary == (
            "regardless of wording, 10 of 10 members ask for reasoning that is hidden or lies behind a finished "
            "answer, "
            "as 1 % of all other accounts do"
        )
        assert found.details == asking.details

    def test_where_half_do_it_weighs_half_as_much(self) -> None:
        rows = members(5, *[TRACE] * 4) + crowd(5, lambda k: sends(f"m{k + 5}", *[TALK] * 4)) + strangers()
        (found,) = ties(rows, DETECTOR)
        assert found.bits == pytest.approx(2.9 * group_bits(5, 10, 10, 0.5 / 41, 4.0) / 4.0)
        assert 1.4 < found.bits < 1.5

    def test_several_intents_are_one_accord_and_what_is_left_for_harvesting_does_not_matter(self) -> None:
        rows = members(20, TRACE, TRACE, INLINE, INLINE) + strangers()
        (found,) = ties(rows, DETECTOR)
        # The two share the four bits that harvesting may have; the accord is the whole of the stronger.
        assert len(harvest(rows)) == 2
        assert found.bits == pytest.approx(2.9 * group_bits(20, 20, 20, 0.5 / 41, 4.0) / 4.0)

    def test_what_teachers_and_judges_do_daily_is_none(self) -> None:
        assert ties(members(20, GRADE, GRADE, COMPARE, COMPARE) + strangers(), DETECTOR) == []
        # Nor does it speak for those who ask for reasoning as well.
        rows = members(5, *[TRACE] * 4, *[GRADE] * 4)
        rows += crowd(5, lambda k: sends(f"m{k + 5}", *[GRADE] * 4)) + strangers()
        (found,) = ties(rows, DETECTOR)
        assert found.details["intent"] == "reasoning_trace"
        assert found.bits == pytest.approx(2.9 * group_bits(5, 10, 10, 0.5 / 41, 4.0) / 4.0)

    def test_by_itself_it_is_no_family(self) -> None:
        assert ScoreParameters().family_counts > extraction_intent._ACCORD_CAP
        assert ties(members(10, *[TALK] * 4) + strangers(), DETECTOR) == []


class TestSignals:
    def test_every_intent_of_harvesting_is_a_trait_of_those_of_whom_it_can_be_told(self) -> None:
        rows = sends("a", *[TRACE] * 4) + sends("b", *[TALK] * 3) + sends("c", *[TRACE] * 2) + sends("d", *[GRADE] * 4)
        population = population_of(rows)
        signals = DETECTOR.signals(population, ASKING)
        assert signals.schema == SIGNALS
        assert set(signals["kind"]) == {"intent"}
        token = {name: 1 + INTENTS.index(name) for name in HARVEST}
        assert carried(population, signals, "intent") == {
            token["reasoning_trace"]: {"a"},
            token["rubric_grading"]: {"d"},
        }
        # Of the third account, with two requests, nothing is said.
        untold = carried(population, signals, "intent", 0.0)
        assert set(untold) == set(token.values())
        assert untold[token["reasoning_trace"]] == {"b", "d"}
        assert untold[token["task_synthesis"]] == {"a", "b", "d"}

    def test_where_nothing_can_be_told_there_are_none(self) -> None:
        assert DETECTOR.signals(population_of(each(5, model="a")), ASKING).equals(SIGNALS.to_frame())

    def test_they_join_nobody(self) -> None:
        assert not DETECTOR.kinds[0].seeding


class TestComparableAccounts:
    grader = ("evals/2.0", [GRADE] * 4)

    def rows(self, same: int) -> Rows:
        agent, texts = self.grader
        return (
            members(10, *texts, user_agent=agent)
            + crowd(same, lambda k: sends(f"e{k}", *texts, user_agent=agent))
            + strangers(200, user_agent="browser/1.0")
        )

    def test_users_of_a_client_that_grades_are_compared_with_its_other_users(self) -> None:
        assert assess(self.rows(30), DETECTOR) == []

    def test_too_few_of_them_leave_all_others(self) -> None:
        found = by_intent(assess(self.rows(29), DETECTOR))["rubric_grading"]
        assert found.details["compared_with"] == "all other accounts"
        assert found.details["rate_outside"] == pytest.approx(29.5 / 230)


class TestOneCapability:
    def test_keeping_to_one_is_weighed_against_others(self) -> None:
        rows = members(10, *[CODE] * 8, TALK, TALK) + strangers(40, *[TALK] * 6, CODE)
        (found,) = assess(rows, DETECTOR)
        assert dict(found.details) == {
            "capability": "coding",
            "members_showing": 10,
            "members_stating": 10,
            "rate_outside": pytest.approx(0.5 / 41),
            "compared_with": "all other accounts",
        }
        assert found.bits == pytest.approx(1.5, abs=0.01)
        assert found.summary == ("10 of 10 members ask for hardly anything but coding, as 1 % of all other accounts do")

    def test_three_quarters_are_not_one_capability_and_five_prompts_tell_nothing(self) -> None:
        assert assess(members(10, *[CODE] * 6, TALK, TALK) + strangers(40, *[TALK] * 6), DETECTOR) == []
        assert assess(members(10, *[CODE] * 5) + strangers(40, *[TALK] * 6), DETECTOR) == []

    def test_grading_is_one_whether_by_criteria_or_by_comparison(self) -> None:
        rows = members(10, *[GRADE] * 4, *[COMPARE] * 4) + strangers(40, *[TALK] * 6)
        found = by_intent(assess(rows, DETECTOR))
        assert found["grading"].bits == pytest.approx(1.5, abs=0.01)
        assert found["grading"].details["members_showing"] == 10

    def test_users_of_a_coding_client_are_compared_with_each_other(self) -> None:
        rows = members(10, *[CODE] * 8, user_agent="coder/1") + crowd(
            30, lambda k: sends(f"c{k}", *[CODE] * 8, user_agent="coder/1")
        )
        assert assess(rows + strangers(100, *[TALK] * 8), DETECTOR) == []


class TestCapabilityShares:
    def shares(self, rows: Rows) -> dict[str, float]:
        return extraction_intent.capability_shares(candidate_of(population_of(rows), DETECTOR, "m"))

    def test_they_are_means_over_members(self) -> None:
        rows = (
            sends("m0", *[CODE] * 12)
            + sends("m1", GRADE, COMPARE, TALK, CODE)
            + sends("x", *[GRADE] * 9)
            + [{"account_id": "m2", "model": "a"}]
        )
        assert self.shares(rows) == {"coding": pytest.approx(0.625), "grading": pytest.approx(0.25)}
        assert list(self.shares(rows)) == ["coding", "grading"]

    def test_without_prompts_there_are_none(self) -> None:
        assert self.shares([{"account_id": "m0", "model": "a"}]) == {}


class TestPlanted:
    @pytest.mark.parametrize("group", ["home", "office", "app"])
    def test_ordinary_groups_have_no_intent(self, group: str) -> None:
        assert DETECTOR.assess(planted.members(group), ASKING) == []

    def test_a_campaign_that_has_thoughts_written_down_does(self) -> None:
        found = by_intent(DETECTOR.assess(planted.members("camp"), ASKING))
        assert set(found) == {"reasoning_trace"}
        assert found["reasoning_trace"].details["members_showing"] == 50
        assert found["reasoning_trace"].bits == pytest.approx(4.0, abs=0.01)

    def test_its_members_are_marked_and_nobody_else(self) -> None:
        signals = DETECTOR.signals(planted.population(), ASKING)
        trace = 1 + INTENTS.index("reasoning_trace")
        marked = carried(planted.population(), signals, "intent")
        assert marked == {trace: {f"camp-{k:03d}" for k in range(50)}}

    def test_what_accounts_ask_for_is_worked_out_once(self) -> None:
        population: Population = planted.population()
        assert extraction_intent.intent_counts(population) is extraction_intent.intent_counts(population)

    def test_numbers_are_those_of_the_population(self) -> None:
        population = population_of(sends("b", TRACE, TRACE, TRACE) + sends("a", TALK, TALK, TALK))
        prompts, requests, _ = extraction_intent.intent_counts(population)
        at_b = numbers_of(population, "b")
        assert np.flatnonzero(prompts.share("reasoning_trace")).tolist() == at_b.tolist()
        assert requests.count("reasoning_trace")[at_b].tolist() == [3]
        assert prompts.total.tolist() == [3, 3]
        assert set(prompts.counts) == {*HARVEST, "reasoning", "coding", "tools", "vision", "grading"}
