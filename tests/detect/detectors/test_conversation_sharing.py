"""Conversations in several accounts, signatures sent back, many voices in one account; on accounts counted by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect.base import Finding
from distillscan.detect.detectors import conversation_sharing
from distillscan.detect.detectors.conversation_sharing import ConversationSharingParameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import group_bits
from distillscan.profile.text.hashes import hash_text
from tests.support.handmade import at
from tests.support.populations import numbers_of, population_of
from tests.support.weighing import Rows, assess, candidate_of, carried, others, ties, tuned

# What the figures below are worked out for; the defaults may be tuned.
SHARING = ConversationSharingParameters(
    most_accounts=24,
    cap=8.0,
    replay_cap=3.0,
    relay_cap=1.5,
    circle=2,
    returned_cap=8.0,
    cleaning_cap=2.5,
)
DETECTOR = tuned(conversation_sharing.ConversationSharingDetector(), SHARING)


def talk(text: object, turn: str = "") -> str:
    """A prompt that begins with a text long enough to tell a conversation by, and goes on with ``turn``."""
    return f"{text}: {'as we said when we last met ' * 10}{turn}"


def asking(asked: Mapping[str, Sequence[object]], turn: str = "") -> Rows:
    """Accounts to the conversations they have."""
    return [{"account_id": name, "prompt": talk(text, turn)} for name, texts in asked.items() for text in texts]


def loners(count: int) -> Rows:
    """Strangers with a conversation each."""
    return others(count, prompt=lambda k: talk(f"x{k}"))


def ring(size: int) -> dict[str, list[object]]:
    """Members that each share a conversation with the one before and the one after."""
    return {f"m{k}": [k, (k + 1) % size] for k in range(size)}


def shared_bits(inside: int, stating: int, members: int, outside: float, cap: float) -> float:
    """What a group that shares weighs, where that part of all other accounts shares as well."""
    return group_bits(inside, stating, members, outside, cap) * (1 - outside)


class TestConversations:
    def shared(self, rows: Rows, p: ConversationSharingParameters = SHARING) -> list[int]:
        """How many accounts are on each conversation that counts."""
        links = conversation_sharing.conversations(population_of(rows), p)
        return sorted(links.group_by("entity").len()["len"].to_list())

    @pytest.mark.parametrize(("accounts", "counts"), [(1, False), (2, True), (24, True), (25, False)])
    def test_a_few_accounts_share_one_and_many_an_application(self, accounts: int, counts: bool) -> None:
        rows = asking({f"m{k}": ["a"] for k in range(accounts)})
        assert self.shared(rows) == ([accounts] if counts else [])

    def test_the_limit_is_a_parameter(self) -> None:
        rows = asking({f"m{k}": ["a"] for k in range(5)})
        assert self.shared(rows, replace(SHARING, most_accounts=4)) == []

    def test_a_conversation_that_goes_on_is_the_same(self) -> None:
        rows = asking({"m1": ["a"]}, "yes") + asking({"m2": ["a"]}, "and then?") + asking({"m3": ["b"]})
        assert self.shared(rows) == [2]

    def test_short_prompts_are_no_conversation(self) -> None:
        rows = [{"account_id": f"m{k}", "prompt": "continue"} for k in range(5)]
        assert self.shared(rows) == []


def said(text: object) -> str:
    """What the model says about something: one line, long enough to be told again."""
    return f"Of {text} it can be said that it depends on how one looks at it"


def got(account: str, *texts: object, hour: float = 0, prompt: str = "Well?") -> Rows:
    """A request that is answered with a line about each of the texts."""
    answer = "\n".join(said(text) for text in texts)
    return [{"account_id": account, "timestamp": at(hour), "prompt": prompt, "response": answer}]


def sends(account: str, *texts: object, hour: float = 1, answer: str | None = "Good.") -> Rows:
    """A request that sends such lines in, between others."""
    lines = "\n".join(said(text) for text in texts)
    prompt = f"Grade the answer that is given below, from one to ten.\n{lines}\nThank you."
    return [{"account_id": account, "timestamp": at(hour), "prompt": prompt, "response": answer}]


class TestReturned:
    def returned(self, rows: Rows, p: ConversationSharingParameters = SHARING) -> dict[str, set[str]]:
        """Lines that come back (by what they are about) to the accounts on them."""
        population = population_of(rows)
        signals = DETECTOR.signals(population, p)
        about = {hash_text(said(text)): str(text) for text in "abcdef"}
        return {about[token]: who for token, who in carried(population, signals, "returned").items()}

    def test_what_one_was_given_and_another_sends_in(self) -> None:
        rows = [*got("m1", "a", "b"), *sends("m2", "b", "c"), *sends("m3", "b"), *got("m4", "d"), *sends("m4", "d")]
        assert self.returned(rows) == {"b": {"m1", "m2", "m3"}}

    def test_ones_own_conversation_may_go_on_beside_it(self) -> None:
        rows = [*got("m1", "a"), *sends("m1", "a"), *sends("m2", "a", hour=2)]
        assert self.returned(rows) == {"a": {"m1", "m2"}}
        assert self.returned(rows[:2]) == {}

    def test_the_words_around_it_count_for_nothing(self) -> None:
        rows = [*got("m1", "a"), *sends("m2", "b"), *sends("m3", "c"), *sends("m4", "d")]
        assert self.returned(rows) == {}

    def test_a_sentence_within_a_line_is_enough(self) -> None:
        rows = got("m1", "a")
        rows += [{"account_id": "m2", "timestamp": at(1), "prompt": f"<it>So. {said('a')}", "response": "Yes."}]
        assert self.returned(rows) == {"a": {"m1", "m2"}}

    def test_what_the_model_says_to_several_belongs_to_nobody(self) -> None:
        assert self.returned([*got("m1", "a"), *got("m3", "a"), *sends("m2", "a")]) == {}

    def test_a_question_that_the_answer_repeats_is_no_answer(self) -> None:
        rows = [*got("m1", "a", prompt=f"Is it so?\n{said('a')}"), *sends("m2", "a")]
        assert self.returned(rows) == {}

    @pytest.mark.parametrize(("hour", "counts"), [(4, False), (5, True), (6, True)])
    def test_a_text_that_was_about_before_is_no_answer(self, hour: float, counts: bool) -> None:
        # Logs may state the day alone, so another account may send it in at the very time.
        rows = [*got("m1", "a", hour=5), *sends("m2", "a", hour=hour), *sends("m3", "a", hour=7)]
        assert self.returned(rows) == ({"a": {"m1", "m2", "m3"}} if counts else {})

    @pytest.mark.parametrize(("senders", "counts"), [(1, True), (23, True), (24, False)])
    def test_what_many_send_in_is_quoted_everywhere(self, senders: int, counts: bool) -> None:
        rows = [*got("m1", "a"), *(row for k in range(senders) for row in sends(f"x{k}", "a"))]
        found = self.returned(rows)
        assert [len(who) for who in found.values()] == ([senders + 1] if counts else [])

    def test_the_limit_is_a_parameter(self) -> None:
        rows = [*got("m1", "a"), *sends("m2", "a"), *sends("m3", "a")]
        assert self.returned(rows, replace(SHARING, most_accounts=3)) == {"a": {"m1", "m2", "m3"}}
        assert self.returned(rows, replace(SHARING, most_accounts=2)) == {}

    def test_a_couple_or_small_team_is_no_circle(self) -> None:
        # m1 to m4 are joined over one another's answers; x1 and x2 to nobody else.
        rows = [row for k, text in enumerate("abc", 1) for row in (*got(f"m{k}", text), *sends(f"m{k + 1}", text))]
        rows += [*got("x1", "d", "e"), *sends("x2", "d"), *sends("x2", "e")]
        team, couple = {"a": {"m1", "m2"}, "b": {"m2", "m3"}, "c": {"m3", "m4"}}, {"d": {"x1", "x2"}, "e": {"x1", "x2"}}
        for circle, expected in ((2, team | couple), (3, team), (4, team), (5, {})):
            assert self.returned(rows, replace(SHARING, circle=circle)) == expected

    def test_prompts_that_have_no_answer_are_not_looked_at(self) -> None:
        assert self.returned([*got("m1", "a"), *sends("m2", "a", answer=None)]) == {}

    @pytest.mark.parametrize(("small", "counts"), [(True, True), (False, False)])
    @pytest.mark.parametrize("what", ["given", "asked"])
    def test_beyond_a_full_sample_nothing_can_be_told(self, what: str, small: bool, counts: bool) -> None:
        # m2 was given, or m1 sent in, sixty lines, of which the forty-eight with the smallest hashes are known: whether
        # it met the one of the largest hash before, as it may have, is not.
        lines = sorted(map(str, range(61)), key=lambda text: hash_text(said(text)))
        passed, rest = (lines[0], lines[1:]) if small else (lines[-1], lines[:-1])
        many = got("m2", *rest) if what == "given" else sends("m1", *rest, hour=-1)
        population = population_of([*many, *got("m1", passed), *sends("m2", passed)])
        found = conversation_sharing.returned(population, SHARING)
        assert found["entity"].to_list() == ([hash_text(said(passed))] * 2 if counts else [])


def speaking(told: Mapping[str, Sequence[int]], programs: Mapping[str, int] | None = None) -> Population:
    """Accounts to the languages (by number, 0 if it cannot be told) of their sampled prompts, and to their programs."""
    rows = [
        {
            "account_id": name,
            "prompt": f"{name} {n}",
            "user_agent": f"{'abcdefgh'[n % (programs or {}).get(name, 1)]}/1",
        }
        for name, each in told.items()
        for n in range(len(each))
    ]
    profile = population_of([*rows, {"account_id": "silent"}]).profile
    names = dict(profile.accounts.select("account", "account_id").iter_rows())
    left = {name: list(each) for name, each in told.items()}
    numbers = [left[names[account]].pop() for account in profile.prompts["account"]]
    return Population(replace(profile, prompts=profile.prompts.with_columns(pl.Series("language", numbers, pl.UInt8))))


class TestLanguages:
    def test_three_with_two_prompts_each_are_many(self) -> None:
        population = speaking(
            {
                "three": [1, 1, 2, 2, 3, 3, 3, 3],
                "once": [1, 1, 1, 1, 1, 2, 2, 3],
                "two": [1] * 4 + [2] * 4,
                "few": [1, 1, 2, 2, 3, 3, 4],
                "untold": [1, 1, 2, 2, 3, 3, 0, 0, 0],
                "told": [1, 1, 2, 2, 3, 3, 4, 5, 0, 0],
            }
        )
        shows, able = conversation_sharing.languages(population)
        names = population.profile.accounts["account_id"]
        # Of seven prompts nothing is said, nor of those whose language cannot be told.
        assert set(names.filter(pl.Series(able))) == {"three", "once", "two", "told"}
        assert set(names.filter(pl.Series(shows))) == {"three", "told"}


def using(name: str, programs: int, requests: int) -> Rows:
    return [{"account_id": name, "user_agent": f"{'abcdefgh'[n % programs]}-client/{n}.1"} for n in range(requests)]


class TestPrograms:
    def test_versions_are_one_program_and_four_programs_are_many(self) -> None:
        rows = [*using("four", 4, 8), *using("three", 3, 30), *using("few", 7, 7), *[{"account_id": "mute"}] * 9]
        population = population_of(rows)
        shows, able = conversation_sharing.programs(population)
        names = population.profile.accounts["account_id"]
        assert set(names.filter(pl.Series(able))) == {"four", "three"}
        assert set(names.filter(pl.Series(shows))) == {"four"}


class TestSignals:
    def test_conversations_signatures_and_voices_are_tokens(self) -> None:
        rows = asking({"m1": ["a", "b"], "m2": ["a"], "m3": ["c"]})
        rows += [{"account_id": name, "reasoning_signature": "s"} for name in ("m1", "m3")]
        rows += [{"account_id": "m2", "reasoning_signature": "t"}, *using("m4", 5, 9), *using("m5", 1, 9)]
        population = population_of(rows)
        signals = DETECTOR.signals(population, SHARING)
        assert signals.schema == SIGNALS
        assert list(carried(population, signals, "conversation").values()) == [{"m1", "m2"}]
        assert carried(population, signals, "signature") == {hash_text("s"): {"m1", "m3"}}
        # Two is the token of many programs.
        assert carried(population, signals, "voices") == {2: {"m4"}}
        assert carried(population, signals, "voices", 0.0) == {2: {"m5"}}
        assert set(signals["kind"]) == {"conversation", "signature", "voices"}

    def test_languages_are_another_token(self) -> None:
        population = speaking({"a": [1, 1, 2, 2, 3, 3, 4, 4], "b": [1] * 8})
        signals = DETECTOR.signals(population, SHARING)
        assert carried(population, signals, "voices") == {1: {"a"}}
        # Both use one program.
        assert carried(population, signals, "voices", 0.0) == {1: {"b"}, 2: {"a", "b"}}

    def test_signed_reasoning_counts_however_many_send_it_back(self) -> None:
        population = population_of([{"account_id": f"m{k}", "reasoning_signature": "s"} for k in range(60)])
        signals = DETECTOR.signals(population, SHARING)
        assert len(carried(population, signals, "signature")[hash_text("s")]) == 60


class TestConversationSharing:
    def test_conversations_that_go_on_in_other_accounts(self) -> None:
        coordination, extraction = assess([*asking(ring(10)), *loners(190)], DETECTOR)
        outside = 0.5 / 191
        bits = shared_bits(10, 10, 10, outside, 8.0)
        assert bits > 7.9
        assert (coordination.family, coordination.axis) == ("content", "coordination")
        assert coordination.bits == pytest.approx(bits)
        assert coordination.details == {
            "members_sharing": 10,
            "members_stating": 10,
            "values": 10,
            "median_shared_by_a_member": 2.0,
            "accounts_on_them": 10,
            "sharing_outside": outside,
        }
        assert coordination.summary == (
            "10 of 10 members have conversations that others go on with (10 seen); "
            "0.26 % of other accounts share any with anyone"
        )
        # They are spread over accounts, which is what a relay does.
        assert (extraction.family, extraction.axis) == ("content", "extraction")
        assert extraction.bits == pytest.approx(1.5 * bits / 8.0)
        assert extraction.details == {"effort": pytest.approx(bits / 8.0)}

    def test_members_of_whom_no_conversation_is_known_dilute_it(self) -> None:
        (found,) = ties([*asking(ring(10)), *({"account_id": f"m9{k}"} for k in range(5)), *loners(190)], DETECTOR)
        assert (found.details["members_sharing"], found.details["members_stating"]) == (10, 10)
        assert found.bits == pytest.approx(shared_bits(10, 10, 15, 0.5 / 191, 8.0))

    def test_strangers_on_them_take_their_share(self) -> None:
        # Every second conversation has one other account on it.
        beside = {f"x{k}": [2 * k] for k in range(5)}
        (found,) = ties([*asking(ring(10)), *asking(beside), *loners(190)], DETECTOR)
        assert found.details["accounts_on_them"] == 15
        # Those five share with someone, of 190 strangers of whom conversations are known.
        assert found.bits == pytest.approx(shared_bits(10, 10, 10, 5.5 / 191, 8.0) * 10 / 15)

    def test_where_everybody_has_a_second_account_it_weighs_less(self) -> None:
        pairs = {f"x{k}": [f"pair {k // 2}"] for k in range(80)}
        (found,) = ties([*asking(ring(10)), *asking(pairs), *loners(190)], DETECTOR)
        assert found.details["sharing_outside"] == 80.5 / 191
        assert found.bits == pytest.approx(shared_bits(10, 10, 10, 80.5 / 191, 8.0))

    def test_one_text_for_all_is_a_task_that_was_handed_out(self) -> None:
        course = {f"m{k}": ["the task of the week"] for k in range(10)}
        (found,) = ties([*asking(course), *loners(190)], DETECTOR)
        assert found.details["values"] == 1
        assert found.bits == pytest.approx(shared_bits(10, 10, 10, 0.5 / 191, 8.0) / 10)

    def test_signed_reasoning_sent_back_by_others_is_a_replay(self) -> None:
        rows = [
            {"account_id": f"m{k}", "reasoning_signature": s} for k in range(10) for s in (f"s{k}", f"s{(k + 1) % 10}")
        ]
        rows += others(190, reasoning_signature=lambda k: f"own {k}")
        coordination, extraction = assess(rows, DETECTOR)
        bits = shared_bits(10, 10, 10, 0.5 / 191, 9.0)
        # A signature is handed out like a ticket: it says who holds the accounts, not what is said in them.
        assert (coordination.family, coordination.axis) == ("identity", "coordination")
        assert coordination.bits == pytest.approx(bits)
        assert coordination.details["values"] == 10
        assert coordination.summary.startswith("10 of 10 members have signatures that others send too (")
        assert (extraction.family, extraction.axis) == ("content", "extraction")
        assert extraction.bits == pytest.approx(3.0 * bits / 9.0)
        assert extraction.details == {"members": 10}

    def grading(self, members: int = 10) -> Rows:
        """Members that each grade what the one before was told, among people who carry on their own conversations."""
        rows = [row for k in range(members) for row in got(f"m{k}", k)]
        rows += [row for k in range(members) for row in sends(f"m{k}", (k + 1) % members)]
        return rows + [row for k in range(190) for row in (*got(f"x{k}", f"x{k}"), *sends(f"x{k}", f"x{k}"))]

    def test_answers_that_other_members_send_in_are_graded(self) -> None:
        coordination, extraction = assess(self.grading(), DETECTOR)
        bits = shared_bits(10, 10, 10, 0.5 / 191, 8.0)
        assert (coordination.family, coordination.axis) == ("content", "coordination")
        assert coordination.bits == pytest.approx(bits)
        assert coordination.details == {
            "members_sharing": 10,
            "members_stating": 10,
            "values": 10,
            "median_shared_by_a_member": 2.0,
            "accounts_on_them": 10,
            "sharing_outside": 0.5 / 191,
        }
        assert coordination.summary == (
            "10 of 10 members have answers others send in as well (10 seen); "
            "0.26 % of other accounts share any with anyone"
        )
        assert (extraction.family, extraction.axis) == ("content", "extraction")
        assert extraction.bits == pytest.approx(2.5 * bits / 8.0)
        assert extraction.details == {"members": 10}

    def test_where_colleagues_pass_answers_on_it_weighs_less(self) -> None:
        rows = [*self.grading(), *(row for k in range(80) for row in sends(f"x{k}", f"x{k ^ 1}"))]
        (found,) = ties(rows, DETECTOR)
        assert found.details["sharing_outside"] == 80.5 / 191
        assert found.bits == pytest.approx(shared_bits(10, 10, 10, 80.5 / 191, 8.0))

    def test_one_answer_that_all_were_handed_is_hardly_evidence(self) -> None:
        handed = [*got("m0", 0), *(row for k in range(1, 10) for row in sends(f"m{k}", 0))]
        (found,) = ties([*handed, *self.grading(0)], DETECTOR)
        assert found.details["values"] == 1
        assert found.bits == pytest.approx(shared_bits(10, 10, 10, 0.5 / 191, 8.0) / 10)

    def voices(self, members: Rows, strangers: Rows) -> list[Finding]:
        return assess(members + strangers, DETECTOR)

    def test_many_programs_in_one_account_are_many_people(self) -> None:
        members = [row for k in range(10) for row in using(f"m{k}", 5 if k < 8 else 2, 12)]
        strangers = [row for k in range(100) for row in using(f"x{k}", 4 if k < 3 else 1, 12)]
        coordination, extraction = self.voices(members, strangers)
        outside = 3.5 / 101
        bits = group_bits(8, 10, 10, outside, 4.0)
        assert (coordination.family, coordination.axis) == ("content", "coordination")
        assert coordination.bits == pytest.approx(bits)
        assert coordination.details == {
            "kind": "client programs",
            "members": 8,
            "members_stating": 10,
            "rate_outside": outside,
        }
        assert coordination.summary == (
            "8 of 10 members use 4 or more client programs in one account, as 3 % of other accounts do"
        )
        assert extraction.bits == pytest.approx(1.5 * bits / 4.0)

    def test_where_others_use_as_many_nothing_is_said(self) -> None:
        members = [row for k in range(10) for row in using(f"m{k}", 5, 12)]
        strangers = [row for k in range(100) for row in using(f"x{k}", 5, 12)]
        assert self.voices(members, strangers) == []

    @pytest.mark.parametrize(("speakers", "users", "kind"), [(9, 8, "languages"), (8, 9, "client programs")])
    def test_the_stronger_of_languages_and_programs_speaks(self, speakers: int, users: int, kind: str) -> None:
        told = {f"m{k}": [1, 1, 2, 2, 3, 3, 4, 4] if k < speakers else [1] * 8 for k in range(10)}
        programs = {f"m{k}": 4 for k in range(users)}
        population = speaking({**told, **{f"x{k}": [1] * 8 for k in range(50)}}, programs)
        voices, relay = DETECTOR.assess(candidate_of(population, DETECTOR, "m"), SHARING)
        assert voices.bits == pytest.approx(group_bits(9, 10, 10, 0.5 / 51, 4.0))
        assert voices.details["kind"] == kind
        least = 3 if kind == "languages" else 4
        assert voices.summary == (
            f"9 of 10 members use {least} or more {kind} in one account, as 0.98 % of other accounts do"
        )
        assert relay.bits == pytest.approx(1.5 * voices.bits / 4.0)

    def test_conversations_and_voices_are_one_relay_and_the_stronger_counts(self) -> None:
        members = [*asking(ring(10)), *(row for k in range(10) for row in using(f"m{k}", 6, 12))]
        strangers = [*loners(100), *(row for k in range(100) for row in using(f"x{k}", 1, 12))]
        shared, voices, relay = self.voices(members, strangers)
        efforts = shared.bits / 8.0, voices.bits / 4.0
        assert relay.details == {"effort": pytest.approx(max(efforts))}
        assert relay.bits == pytest.approx(1.5 * max(efforts))

    def test_of_people_who_talk_for_themselves_nothing_is_said(self) -> None:
        assert assess([*asking({f"m{k}": [k] for k in range(10)}), *loners(100)], DETECTOR) == []

    def test_two_colleagues_in_a_group_are_hardly_evidence(self) -> None:
        rows = asking({f"m{k}": [0 if k < 2 else k] for k in range(20)})
        assert sum(f.bits for f in ties([*rows, *loners(200)], DETECTOR)) < 0.5

    @given(st.randoms(use_true_random=False))
    def test_the_order_of_rows_does_not_matter(self, random: Any) -> None:
        rows = [*asking(ring(6)), *asking({"x0": [0]}), *loners(30)]
        rows += [row for k in range(6) for row in using(f"m{k}", 4 + k % 2, 9)]
        rows += [{"account_id": name, "reasoning_signature": "s"} for name in ("m1", "m2", "m3")]
        once = assess(rows, DETECTOR)
        assert len(once) == 5
        assert assess(random.sample(rows, len(rows)), DETECTOR) == once

    def test_without_the_columns_nothing_is_said(self) -> None:
        population = population_of([{"account_id": f"m{k}"} for k in range(10)] * 10)
        signals = DETECTOR.signals(population, SHARING)
        assert signals.equals(SIGNALS.to_frame())
        assert DETECTOR.assess(candidate_of(population, DETECTOR, "m"), SHARING) == []
        assert numbers_of(population, "m").size == 10
