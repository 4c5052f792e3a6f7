"""What each detector says of the planted groups (see ``planted``)."""

from typing import Any

import numpy as np
import pytest

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.detectors import (
    account_fanout,
    conversation_sharing,
    infrastructure_overlap,
    output_harvest,
    release_pivot,
    succession,
    synchrony,
    template_uniformity,
)
from distillscan.population.accounts import Population
from tests.support import planted
from tests.support.populations import signal_graph


def assess(detector: Any, group: str) -> list[Finding]:
    found: list[Finding] = detector.assess(planted.members(group), detector.parameters)
    return found


def bits(found: list[Finding], axis: str, **details: object) -> float:
    return sum(f.bits for f in found if f.axis == axis and details.items() <= dict(f.details).items())


class TestTemplateUniformity:
    detector = template_uniformity.TemplateUniformityDetector()

    @pytest.mark.parametrize("group", ["camp", "app"])
    def test_a_shared_skeleton_is_found_wherever_its_slot_is(self, group: str) -> None:
        found = assess(self.detector, group)
        assert bits(found, "coordination") > 7
        size = planted.members(group).members.size
        assert found[0].details["members_using"] == size
        assert found[0].details["median_coverage"] == pytest.approx(1, abs=0.01)
        assert found[0].details["rate_outside"] < 0.01

    @pytest.mark.parametrize("group", ["home", "office"])
    def test_ordinary_prompts_share_none(self, group: str) -> None:
        assert assess(self.detector, group) == []

    def test_users_of_one_client_are_compared_with_other_users_of_it(self) -> None:
        app = planted.members("app")
        half = Candidate(app.members[::2], app.graph)
        found = [f for f in self.detector.assess(half, self.detector.parameters) if f.axis == "coordination"]
        # The other half uses the same skeleton through the same client: there is nothing left to explain.
        assert sum(f.bits for f in found) == pytest.approx(0, abs=0.05)


class TestAccountFanout:
    detector = account_fanout.AccountFanoutDetector()

    def test_cards_shared_by_the_campaign_weigh_and_are_counted(self) -> None:
        found = assess(self.detector, "camp")
        assert bits(found, "coordination", kind="payment") == pytest.approx(8, abs=0.1)
        payment = next(f for f in found if f.details.get("kind") == "payment")
        assert payment.details["values"] == 8
        assert payment.details["members_sharing"] == 50
        assert "8 payment methods" in payment.summary

    def test_a_sign_up_burst_weighs_less_than_shared_cards(self) -> None:
        found = assess(self.detector, "camp")
        assert 3 < bits(found, "coordination", kind="signup") <= 5

    @pytest.mark.parametrize("group", ["home", "office", "app"])
    def test_own_cards_and_public_mail_say_nothing(self, group: str) -> None:
        assert bits(assess(self.detector, group), "coordination") == 0

    def test_a_single_card_for_all_weighs_no_more_than_an_agency_would(self) -> None:
        camp = planted.members("camp")
        population = planted.population()
        first = population.dominant("payment")[camp.members]
        one = Candidate(camp.members[first == first[0]], camp.graph)
        found = self.detector.assess(one, self.detector.parameters)
        payment = next(f for f in found if f.details.get("kind") == "payment")
        assert payment.bits <= self.detector.parameters.single_holder_cap
        assert "one payment method" in payment.summary


class TestInfrastructureOverlap:
    detector = infrastructure_overlap.InfrastructureOverlapDetector()

    def test_a_pool_of_proxies_weighs(self) -> None:
        found = assess(self.detector, "camp")
        assert bits(found, "coordination", addresses=16) == pytest.approx(8, abs=0.1)

    def test_one_office_address_weighs_little(self) -> None:
        found = assess(self.detector, "office")
        assert 0 < bits(found, "coordination") <= self.detector.parameters.site_cap
        assert "one network serves 100 % of them" in found[0].summary

    def test_a_rare_agent_is_worth_next_to_nothing(self) -> None:
        assert 0 < bits(assess(self.detector, "app"), "coordination") <= self.detector.parameters.software_cap

    def test_a_pool_speaks_for_harvesting_an_office_does_not(self) -> None:
        cap = self.detector.parameters.concealment_cap
        assert bits(assess(self.detector, "camp"), "extraction") == pytest.approx(cap, rel=0.05)
        assert bits(assess(self.detector, "office"), "extraction") == 0

    def test_home_addresses_are_not_shared(self) -> None:
        assert bits(assess(self.detector, "home"), "coordination") == 0


class TestReleasePivot:
    detector = release_pivot.ReleasePivotDetector()

    def test_the_campaign_moved_and_comparable_accounts_did_not(self) -> None:
        found = assess(self.detector, "camp")
        weight = bits(found, "coordination")
        assert 0.5 < weight <= 4
        assert found[0].details["mean_share"] == pytest.approx(0.6, abs=0.15)
        assert found[0].details["rate_outside"] < 0.1

    @pytest.mark.parametrize("group", ["home", "office", "app"])
    def test_slow_adopters_do_not_count(self, group: str) -> None:
        assert assess(self.detector, group) == []

    def test_without_releases_there_is_nothing_to_say(self) -> None:
        camp = planted.members("camp")
        lone = Candidate(camp.members, signal_graph(Population(camp.population.profile)))
        assert self.detector.assess(lone, self.detector.parameters) == []


class TestOutputHarvest:
    detector = output_harvest.OutputHarvestDetector()

    def test_machines_do_not_sleep(self) -> None:
        found = assess(self.detector, "camp")
        rhythm = next(f for f in found if "sleepless" in f.details)
        assert rhythm.details["sleepless"] > 0.8
        assert rhythm.bits == pytest.approx(2.0)

    def test_people_do(self) -> None:
        found = assess(self.detector, "home")
        rhythm = next(f for f in found if "sleepless" in f.details)
        assert rhythm.details["sleepless"] < 0.1
        assert rhythm.bits < -1.5

    def test_volume_speaks_both_ways(self) -> None:
        def volume(group: str) -> float:
            return next(f.bits for f in assess(self.detector, group) if "output_tokens" in f.details)

        assert volume("camp") > 0.9
        camp = planted.members("camp")
        few = Candidate(camp.members[:3], camp.graph)
        found = self.detector.assess(few, self.detector.parameters)
        assert next(f.bits for f in found if "output_tokens" in f.details) < 0

    def test_quiet_share_is_a_third_for_an_even_spread(self) -> None:
        quiet = output_harvest.quiet_share(output_harvest.hours_of_day(planted.population()))
        camp = quiet[planted.members("camp").members]
        assert 0.1 < float(np.nanmedian(camp)) < 1 / 3
        assert np.isnan(quiet[planted.population().requests < 24]).all()

    def test_distinct_share_is_estimated_near_one_when_nothing_repeats(self) -> None:
        share = output_harvest.distinct_share(planted.population())
        assert 0.75 < float(np.nanmean(share)) <= 1


@pytest.mark.parametrize("group", ["home", "office", "app", "camp"])
@pytest.mark.parametrize(
    "detector",
    [conversation_sharing.ConversationSharingDetector(), succession.SuccessionDetector()],
    ids=lambda d: d.name,
)
def test_who_shares_no_conversation_and_stays_is_left_alone(detector: Any, group: str) -> None:
    assert assess(detector, group) == []


@pytest.mark.parametrize("group", ["home", "office", "app"])
def test_ordinary_rhythms_are_hardly_evidence(group: str) -> None:
    assert bits(assess(synchrony.SynchronyDetector(), group), "coordination") < 0.5


def test_a_campaign_at_random_hours_is_dealt_its_requests_but_works_in_no_step() -> None:
    (dealt,) = assess(synchrony.SynchronyDetector(), "camp")
    assert dealt.details["kind"] == "over the hours"
    # So are most ordinary accounts of this log, who do not have sittings either.
    assert dealt.details["rate_outside"] > 0.5
    assert 0 < dealt.bits < 1.5
