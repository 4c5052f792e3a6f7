"""One event or site: a hackathon, a course, a new office."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from distillscan.detect.base import Finding, percent
from distillscan.detect.claims import Claim, SharedHolderFacts, SharedPoolFacts
from distillscan.result import Weight
from distillscan.score.explanations.base import SITE_SHARE, InnocentExplanation, Outcome, View
from distillscan.score.explanations.declared_customer import without_declared

#: Bits of a common holder up to which it may be an event's voucher or card.
_SINGLE_HOLDER: Final = 4.0


class OneEvent(InnocentExplanation):
    """A venue explains its address, the sign-ups of its day, its working hours and the voucher: one cause for all."""

    text = "one event or site (hackathon, course, new office): common sign-up, voucher and address"
    explains = frozenset({Claim.SIGNUP_BURST, Claim.SHARED_HOLDER, Claim.SHARED_POOL, Claim.IN_STEP})

    def test(self, view: View) -> Outcome:
        """Return whether the members signed up together, and work from one network or share one voucher."""
        view = without_declared(view)
        signups = view.claiming(Claim.SIGNUP_BURST)[:1]
        if not signups:
            return Outcome("fails", "the members do not sign up together")
        holders = view.claiming(Claim.SHARED_HOLDER)
        small = [finding for finding in holders if 0 < finding.bits <= _SINGLE_HOLDER]
        if np.any(view.candidate.population.states("ip")[view.candidate.members]):
            pool = view.first_facts(SharedPoolFacts)
            site = pool.largest_network_share if pool is not None else 0.0
            if site < SITE_SHARE:
                return Outcome("fails", "the members do not work from one network")
            reason = f"{percent(site)} of the members work from one network and they signed up together"
        elif any(finding.bits > _SINGLE_HOLDER for finding in holders) or not _voucher(view, small):
            return Outcome("not tested", "no address is known of the members, and no voucher joins them all")
        else:
            reason = "they signed up together and share one voucher or card; where they work cannot be seen"
        bits = view.reduction([*signups, *small, *view.claiming(Claim.IN_STEP)])
        return Outcome("holds", reason, Weight("coordination", "explained: one event", bits))


def _voucher(view: View, holders: Sequence[Finding]) -> bool:
    """Whether one of the holders is common to nearly all members."""
    most = view.p.declared_share * view.candidate.members.size
    return any(isinstance(f.facts, SharedHolderFacts) and f.facts.members_on_the_commonest >= most for f in holders)
