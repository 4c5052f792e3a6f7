"""Innocent explanations: which hold, which fail, in which words, and what a declared relation takes away."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect.base import Candidate, Detector, Finding
from distillscan.detect.claims import FACTS, Claim, DailyRhythmFacts, NoRestFacts, PivotFacts
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.kinds import Kind
from distillscan.result import FAMILIES, Family, Verdict, Weight
from distillscan.score import DetectorFailedError, ScoreParameters, score_candidates
from distillscan.score.combine import combine
from distillscan.score.explanations import EXPLANATIONS, explain
from distillscan.score.explanations.base import Common, Outcome, commonest
from tests.support.explained import (
    ADOPTERS,
    CUSTOMER,
    EGRESS,
    EVENT,
    RHYTHM,
    SERVER,
    SOFTWARE,
    P,
    domain,
    holder,
    most,
    piece,
    pool,
    signup,
    stating,
)
from tests.support.populations import graph_of, population_of, signal_graph


class TestCommonest:
    def test_shares_are_of_all_members(self) -> None:
        candidate = stating(org_id=most("org-1", 6, "org-2", None))
        assert commonest(candidate, "org") == Common("org-1", 0.6, 0.8)
        assert commonest(candidate, "payment") is None

    def test_an_account_counts_for_what_it_mostly_states(self) -> None:
        rows = [{"account_id": "m0", "org_id": org} for org in ("b", "a", "b")] + [{"account_id": "m1", "org_id": "b"}]
        population = population_of(rows)
        candidate = Candidate(np.arange(2), signal_graph(population))
        assert commonest(candidate, "org") == Common("b", 1.0, 1.0)


STRANGERS = Candidate(np.arange(10), graph_of(50, {}))
#: Ten members of whom addresses are known, and nothing else.
SETTLED = stating(ip=[f"10.0.{k}.1" for k in range(10)])


def hours(bits: float) -> Finding:
    return piece(Claim.IN_STEP, bits, "timing")


def dealt(bits: float) -> Finding:
    return piece(Claim.LOAD_BALANCED, bits, "timing")


def pivot(bits: float, base_rate: float = 0.1) -> Finding:
    return piece(Claim.PIVOT, bits, "timing", PivotFacts(base_rate, "the rest"))


def rest(share: float) -> Finding:
    return piece(Claim.NO_REST, 1.0, "timing", NoRestFacts(share), axis="extraction")


def about(
    what: str, *findings: Finding, families: int = 2, candidate: Candidate = SETTLED
) -> tuple[tuple[Weight, ...], Verdict, str]:
    """The weights, and the verdict and reason on one explanation, of findings about strangers that declare nothing."""
    found = explain(candidate, findings, families, P)
    (said,) = (e for e in found.explanations if e.explanation == what)
    return found.weights, said.verdict, said.reason


class TestEvent:
    def test_a_venue_explains_its_sign_ups_and_its_voucher(self) -> None:
        weights, verdict, reason = about(EVENT, signup(4.25), holder(3.5), holder(1.25, "device"), pool(0.6))
        assert weights == (Weight("coordination", "explained: one event", -9.0),)
        assert (verdict, reason) == ("holds", "60 % of the members work from one network and they signed up together")

    def test_several_cards_are_no_voucher(self) -> None:
        weights, verdict, _ = about(EVENT, signup(4.25), holder(4.01), holder(4.0, "device"), pool(1.0))
        # Of 12.26 bits the family counts 9; without sign-up and voucher 4.01 are left.
        assert weights == (Weight("coordination", "explained: one event", -4.99),)
        assert verdict == "holds"

    @pytest.mark.parametrize(
        ("evidence", "reason"),
        [
            ((), "the members do not sign up together"),
            ((pool(1.0), holder(3.0)), "the members do not sign up together"),
            ((signup(4.0),), "the members do not work from one network"),
            ((signup(4.0), pool(0.59)), "the members do not work from one network"),
            ((domain(3.0), pool(1.0)), "the members do not sign up together"),
        ],
    )
    def test_without_a_day_or_a_place_it_is_no_event(self, evidence: tuple[Finding, ...], reason: str) -> None:
        assert about(EVENT, *evidence) == ((), "fails", reason)

    def test_it_explains_its_hours_as_well(self) -> None:
        weights, _, _ = about(EVENT, signup(4.0), pool(1.0), hours(2.5), pivot(1.0))
        # Timing had 3.5 bits, of which the pivot's are left.
        assert weights == (Weight("coordination", "explained: one event", -6.5),)
        # What timing gives is capped at four bits, and the hours are taken out before: 3 are left of 5.5.
        capped, _, _ = about(EVENT, signup(4.0), pool(1.0), hours(2.5), pivot(3.0))
        assert capped == (Weight("coordination", "explained: one event", -5.0),)

    def test_even_hours_say_nothing_about_an_event_for_harvesting(self) -> None:
        other_axis = piece(Claim.IN_STEP, 3.0, "timing", axis="extraction")
        weights, _, _ = about(EVENT, signup(4.0), pool(1.0), other_axis)
        assert weights == (Weight("coordination", "explained: one event", -4.0),)

    def test_it_does_not_deal_its_guests_their_requests(self) -> None:
        weights, _, _ = about(EVENT, signup(4.0), pool(1.0), hours(1.5), dealt(2.0))
        assert weights == (Weight("coordination", "explained: one event", -5.5),)

    unseen = "they signed up together and share one voucher or card; where they work cannot be seen"

    def test_where_no_address_is_known_a_voucher_stands_for_the_venue(self) -> None:
        weights, verdict, reason = about(EVENT, signup(4.25), holder(4.0), hours(1.0), candidate=STRANGERS)
        assert weights == (Weight("coordination", "explained: one event", -9.25),)
        assert (verdict, reason) == ("holds", self.unseen)

    @pytest.mark.parametrize("cards", [(), (4.01,), (4.01, 3.0), (0.0,)], ids=["none", "many", "both", "weightless"])
    def test_where_nothing_joins_them_all_it_cannot_be_tested(self, cards: tuple[float, ...]) -> None:
        found = about(EVENT, signup(4.0), *(holder(bits) for bits in cards), candidate=STRANGERS)
        assert found == ((), "not tested", "no address is known of the members, and no voucher joins them all")

    def test_a_card_of_two_members_is_no_voucher_of_all(self) -> None:
        found = about(EVENT, signup(4.0), holder(0.3, members=2), candidate=STRANGERS)
        assert found == ((), "not tested", "no address is known of the members, and no voucher joins them all")

    @pytest.mark.parametrize(("joined", "verdict"), [(8, "holds"), (7, "not tested")])
    def test_a_voucher_joins_four_in_five(self, joined: int, verdict: str) -> None:
        weights, found, _ = about(EVENT, signup(4.0), holder(3.0, members=joined), candidate=STRANGERS)
        assert (found, [w.bits for w in weights]) == (verdict, [-7.0] if verdict == "holds" else [])

    def test_one_known_address_is_enough_to_ask_for_a_network(self) -> None:
        candidate = stating(ip=most("10.0.0.1", 1))
        found = about(EVENT, signup(4.0), holder(4.0), candidate=candidate)
        assert found == ((), "fails", "the members do not work from one network")

    def test_a_customer_and_an_event_both_count(self) -> None:
        candidate = stating(org_id=most("o", 10), ip=most("10.0.0.1", 10))
        found = explain(candidate, (signup(4.0), pool(0.8)), 2, P)
        assert found.weights == (
            Weight("coordination", "declared: organisation", -20.0),
            Weight("coordination", "explained: one event", -4.0),
        )
        assert [e.explanation for e in found.explanations] == [CUSTOMER, EVENT, EGRESS, SOFTWARE, SERVER, RHYTHM]


class TestEgress:
    @pytest.mark.parametrize(
        ("evidence", "verdict", "reason"),
        [
            ((), "fails", "the members do not share addresses, so no common egress explains them"),
            ((pool(0.9, on_them=36),), "holds", "most accounts on the shared addresses are not members (75 %)"),
            ((pool(0.6, on_them=18),), "holds", "one network serves 60 % of the members"),
            (
                (pool(0.59, on_them=12),),
                "fails",
                "75 % of the accounts on these addresses are members, over 4 networks",
            ),
        ],
    )
    def test_strangers_on_the_addresses_or_one_network(
        self, evidence: tuple[Finding, ...], verdict: str, reason: str
    ) -> None:
        assert about(EGRESS, *evidence) == ((), verdict, reason)


class TestSoftware:
    wording = piece(Claim.WORDING, 8.0, "content")

    def test_without_common_wording_it_cannot_be_tested(self) -> None:
        reason = "the members share no wording that an application could have fixed"
        assert about(SOFTWARE, holder(8.0)) == ((), "not tested", reason)

    def test_if_nothing_else_ties_them_it_is_an_application(self) -> None:
        weak = (holder(2.9), piece(Claim.IN_STEP, 9.0, "timing"))
        other_axis = replace(holder(9.0), axis="extraction")
        reason = "nothing but wording and client ties the members together"
        assert about(SOFTWARE, self.wording, *weak, other_axis) == ((), "holds", reason)

    def test_where_it_holds_common_timing_is_no_second_family(self) -> None:
        together = (self.wording, hours(4.0))
        assert explain(SETTLED, together, 2, P).idle == {"timing"}
        assert explain(SETTLED, (*together, holder(8.0)), 3, P).idle == set()
        assert explain(SETTLED, together[1:], 1, P).idle == set()

    @pytest.mark.parametrize(
        ("beyond", "traits"),
        [
            ((holder(3.0),), "identity"),
            ((pool(0.1, bits=7.0),), "network"),
            ((pool(0.1, bits=7.0), holder(8.0), holder(8.0)), "identity and network"),
        ],
    )
    def test_an_application_does_not_give_people_cards_or_addresses(
        self, beyond: tuple[Finding, ...], traits: str
    ) -> None:
        reason = f"an application does not give its users common {traits} traits; 3 families count"
        assert about(SOFTWARE, self.wording, *beyond, families=3)[1:] == ("fails", reason)


class TestServer:
    """Seven bits for a wording, six for the one network of a server, and what else the members share."""

    wording = piece(Claim.WORDING, 7.0, "content")
    network = pool(1.0, bits=6.0)

    def test_a_server_fixes_wording_and_address_and_one_of_both_is_left(self) -> None:
        weights, verdict, reason = about(SERVER, self.wording, self.network)
        # The larger of the two may stay.
        assert weights == (Weight("coordination", "explained: one server", -6.0),)
        assert verdict == "holds"
        assert reason == "wording and addresses are common, everything that belongs to a person is not"
        weights, _, _ = about(SERVER, piece(Claim.WORDING, 5.0, "content"), self.network)
        assert weights == (Weight("coordination", "explained: one server", -5.0),)

    def test_the_program_goes_with_the_address(self) -> None:
        agent = piece(Claim.RARE_SOFTWARE, 0.75, "network")
        weights, _, _ = about(SERVER, self.wording, self.network, agent)
        assert weights == (Weight("coordination", "explained: one server", -6.75),)

    @pytest.mark.parametrize(
        "evidence",
        [(), (wording,), (network,), (wording, pool(1.0, bits=0.0)), (piece(Claim.WORDING, 0.0), network)],
    )
    def test_it_takes_both(self, evidence: tuple[Finding, ...]) -> None:
        reason = "the members do not share both a wording and the addresses they come from"
        assert about(SERVER, *evidence) == ((), "fails", reason)

    @pytest.mark.parametrize(
        ("beyond", "named"),
        [
            ((holder(2.0),), "cards, devices or sign-ups"),
            ((holder(1.0), holder(1.0, "device")), "cards, devices or sign-ups"),
            ((piece(Claim.CONVERSATIONS, 2.0, "content"),), "conversations"),
            ((piece(Claim.SIGNATURES, 1.0), piece(Claim.MANY_USERS, 1.0, "content")), "conversations"),
            ((hours(1.5), piece(Claim.SUCCESSION, 0.5, "timing")), "the pace of their work"),
            ((piece(Claim.ROTATION, 2.0, "network"),), "a new network for most requests"),
            ((piece(Claim.NETWORK_STACK, 2.0, "network"),), "one network stack behind many programs"),
            ((holder(3.0), hours(2.0)), "cards, devices or sign-ups, the pace of their work"),
        ],
    )
    def test_it_gives_nobody_cards_conversations_or_a_pace(self, beyond: tuple[Finding, ...], named: str) -> None:
        reason = f"the members also share {named}, which no server gives them"
        assert about(SERVER, self.wording, self.network, *beyond) == ((), "fails", reason)
        # A little of it is chance.
        less = tuple(replace(e, bits=e.bits / 2 - 0.01) for e in beyond[:1])
        assert about(SERVER, self.wording, self.network, *less)[1] == "holds"

    def test_harvesting_is_another_axis(self) -> None:
        relay = piece(Claim.CONVERSATIONS, 3.0, "content", axis="extraction")
        assert about(SERVER, self.wording, self.network, relay)[1] == "holds"

    def test_people_who_use_applications_rest(self) -> None:
        awake = rest(0.5)
        found = about(SERVER, self.wording, self.network, awake)
        assert found == ((), "fails", "people use applications, but 50 % of the busy members never rest")


class TestRhythm:
    @pytest.mark.parametrize(
        ("sleepless", "verdict", "reason"),
        [
            (0.0, "holds", "100 % of the busy members rest at night"),
            (0.19, "holds", "81 % of the busy members rest at night"),
            (0.2, "fails", "20 % of the busy members never rest"),
            (1.0, "fails", "100 % of the busy members never rest"),
        ],
    )
    def test_people_rest(self, sleepless: float, verdict: str, reason: str) -> None:
        assert about(RHYTHM, rest(sleepless)) == ((), verdict, reason)

    @pytest.mark.parametrize(("strict", "verdict"), [(0.75, "holds"), (0.74, "fails"), (1.2, "holds")])
    def test_quiet_members_are_held_against_others(self, strict: float, verdict: str) -> None:
        said = piece(Claim.DAILY_RHYTHM, 1.0, "timing", DailyRhythmFacts(strict), axis="extraction")
        share = f"{strict * 100:.0f} %"
        reason = f"members keep to a part of the day {share} as strictly as other accounts do"
        assert about(RHYTHM, said) == ((), verdict, reason)
        assert about(RHYTHM, said, rest(0.5)) == ((), "fails", "50 % of the busy members never rest")

    def test_where_too_little_is_known_it_is_not_tested(self) -> None:
        assert about(RHYTHM) == ((), "not tested", "too few requests an account to see a daily rhythm")


class TestAdopters:
    @pytest.mark.parametrize(("outside", "verdict"), [(0.2, "fails"), (0.21, "holds"), (0.004, "fails")])
    def test_if_many_others_moved_as_well_it_was_the_fashion(self, outside: float, verdict: str) -> None:
        share = {0.2: "20 %", 0.21: "21 %", 0.004: "0.4 %"}[outside]
        assert about(ADOPTERS, pivot(2.0, outside)) == ((), verdict, f"{share} of the rest moved as well")

    def test_without_a_pivot_it_is_not_mentioned(self) -> None:
        explanations = explain(STRANGERS, (signup(4.0),), 1, P).explanations
        assert ADOPTERS not in {e.explanation for e in explanations}


def anything() -> st.SearchStrategy[dict[str, Any]]:
    """Details with the keys that built-in detectors show, and others."""
    keys = st.sampled_from(["kind", "specific", "sleepless", "daily_rhythm", "accounts_on_them", "rate_outside", "x"])
    values = st.one_of(st.booleans(), st.integers(), st.floats(), st.sampled_from(["signup", "payment", "stack"]))
    return st.dictionaries(keys, values)


BITS = st.floats(-20, 20)
FREE = st.sampled_from([claim for claim in Claim if claim not in FACTS and claim != Claim.OTHER])
#: What built-in detectors may say of a candidate.
SAID = st.lists(
    st.one_of(
        st.builds(signup, BITS),
        st.builds(holder, BITS, st.sampled_from(["payment", "device"]), st.integers(0, 10)),
        st.builds(domain, BITS, st.integers(0, 10), st.integers(1, 3)),
        st.builds(pool, st.floats(0, 1), BITS, st.integers(9, 40)),
        st.builds(rest, st.floats(0, 1)),
        st.builds(pivot, BITS, st.floats(0, 1)),
        st.builds(hours, BITS),
        st.builds(
            lambda claim, bits: piece(claim, bits, "content"),
            FREE,
            BITS,
        ),
    ),
    max_size=8,
).map(tuple)
CANDIDATES = st.sampled_from(
    [
        STRANGERS,
        SETTLED,
        stating(payment_id=most("card", 9, "a"), email_domain=most("lab.example", 7, "gmail.com")),
    ]
)


class TestTakingOff:
    @given(CANDIDATES, SAID)
    def test_explanations_never_add_to_the_sum(self, candidate: Candidate, said: tuple[Finding, ...]) -> None:
        # What is too little to be reported without them need not be explained: ranking relies on that.
        found = explain(candidate, said, 2, P)
        assert all(weight.bits <= 0 and weight.axis == "coordination" for weight in found.weights)
        assert combine(said, found.weights, P, found.idle).coordination <= combine(said, (), P).coordination

    def test_one_that_adds_is_refused(self) -> None:
        with pytest.raises(ValueError, match="only takes off, but 'generosity' adds"):
            Outcome("holds", "", Weight("coordination", "generosity", 0.5))

    def test_a_declared_customer_is_not_accused_whatever_the_setting(self) -> None:
        candidate = stating(org_id=most("org-1", 10))
        weights = explain(candidate, (), 0, replace(P, declared_bits=5.0)).weights
        assert weights == (Weight("coordination", "declared: organisation", 0.0),)


class TestThirdParties:
    @given(
        CANDIDATES,
        SAID,
        st.lists(
            st.builds(
                Finding,
                st.just(Claim.OTHER),
                st.sampled_from(FAMILIES),
                st.sampled_from(["coordination", "extraction"]),
                BITS,
                st.just("theirs"),
                anything(),
                specific=st.booleans(),
            ),
            min_size=1,
            max_size=4,
        ),
    )
    def test_what_no_explanation_knows_changes_no_verdict(
        self, candidate: Candidate, said: tuple[Finding, ...], theirs: list[Finding]
    ) -> None:
        without, beside = (explain(candidate, found, 2, P) for found in (said, (*said, *theirs)))
        assert without.explanations == beside.explanations
        assert without.idle == beside.idle
        assert [weight.label for weight in without.weights] == [weight.label for weight in beside.weights]

    @given(CANDIDATES, SAID, st.lists(anything(), min_size=8, max_size=8))
    def test_details_change_nothing_whoever_gives_them(
        self, candidate: Candidate, said: tuple[Finding, ...], details: list[dict[str, Any]]
    ) -> None:
        dressed = tuple(replace(finding, details=given) for finding, given in zip(said, details, strict=False))
        assert explain(candidate, dressed, 2, P) == explain(candidate, said, 2, P)

    def test_who_makes_a_claim_that_is_known_takes_part(self) -> None:
        theirs = replace(pool(0.9), details={"source": "their own list"})
        assert about(EGRESS, theirs)[1:] == ("holds", "one network serves 90 % of the members")

    def test_every_claim_is_explained_or_stands_on_its_own(self) -> None:
        explained = frozenset[Claim]().union(*(e.explains for e in EXPLANATIONS))
        assert Claim.OTHER not in explained.union(*(e.refuted_by for e in EXPLANATIONS))
        assert set(FACTS) <= explained

    @pytest.mark.parametrize(("family", "axis"), [("habits", "coordination"), ("timing", "speed")])
    def test_there_are_four_families_and_two_axes(self, family: Any, axis: Any) -> None:
        with pytest.raises(ValueError, match=f"cannot be of the family '{family}' on the axis '{axis}'"):
            piece(Claim.OTHER, 1.0, family, axis=axis)

    def test_a_claim_comes_with_its_facts(self) -> None:
        with pytest.raises(TypeError) as caught:
            piece(Claim.PIVOT, 1.0, facts=NoRestFacts(0.5))
        message = "a finding that claims PIVOT has facts of type PivotFacts, not NoRestFacts"
        assert str(caught.value) == message
        with pytest.raises(TypeError, match="claims OTHER has facts of type NoneType, not NoRestFacts"):
            piece(Claim.OTHER, 1.0, facts=NoRestFacts(0.5))


@dataclass
class Says(Detector):
    """A detector that says the same of every candidate."""

    findings: list[Finding]
    name: str = "infrastructure_overlap"
    version: str = "1"
    summary: str = "a stub"
    family: Family = "network"
    needs: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    parameters: Any = None

    def signals(self, population: Population, parameters: Any) -> Any:  # noqa: ARG002
        return SIGNALS.to_frame()

    def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:  # noqa: ARG002
        return self.findings


TIES = [
    Finding(Claim.WORDING, "content", "coordination", 8.0, "words"),
    Finding(Claim.SIGNATURES, "identity", "coordination", 8.0, "cards"),
]
CANDIDATE = Candidate(np.arange(10), graph_of(50, {}))


def scored(*findings: Finding) -> Any:
    detector = Says([*TIES, *findings])
    (found,) = score_candidates([CANDIDATE], [detector], {detector.name: None}, ScoreParameters())
    return found


class TestScoring:
    def test_what_weighs_nothing_is_not_listed(self) -> None:
        found = scored(pool(0.9, bits=0.004))
        assert [e.bits for e in found.evidence] == [8.0, 8.0]

    def test_but_it_is_looked_at_for_explanations(self) -> None:
        # Behind carriers everybody shares addresses, so that sharing one weighs nothing: egress is the explanation.
        found = scored(pool(0.9, bits=0.0))
        egress = next(e for e in found.explanations if e.explanation == EGRESS)
        assert (egress.verdict, egress.reason) == ("holds", "one network serves 90 % of the members")

    @pytest.mark.parametrize("bits", [math.nan, math.inf, -math.inf])
    def test_a_detector_that_gives_no_number_has_failed(self, bits: float) -> None:
        with pytest.raises(DetectorFailedError):
            scored(piece(Claim.OTHER, bits))

    @pytest.mark.parametrize("findings", [None, ["many"], piece(Claim.OTHER, 1.0), [piece(Claim.OTHER, "3")]])  # type: ignore[arg-type]
    def test_so_has_one_that_gives_no_findings(self, findings: Any) -> None:
        with pytest.raises(DetectorFailedError) as caught:
            score_candidates([CANDIDATE], [Says(findings)], {"infrastructure_overlap": None}, ScoreParameters())
        assert str(caught.value.__cause__) == "a finding has no finite weight"

    def test_a_detector_that_raises_has_failed_and_says_which(self) -> None:
        class Breaks(Says):
            def assess(self, candidate: Candidate, parameters: Any) -> list[Finding]:  # noqa: ARG002
                raise KeyError("lost")

        with pytest.raises(DetectorFailedError, match=r"^infrastructure_overlap failed$") as caught:
            score_candidates([CANDIDATE], [Breaks([])], {"infrastructure_overlap": None}, ScoreParameters())
        assert caught.value.detector == "infrastructure_overlap"
        assert isinstance(caught.value.__cause__, KeyError)
