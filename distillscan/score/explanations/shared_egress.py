"""Shared egress: the NAT of a carrier or an office, a campus, a VPN."""

from collections.abc import Sequence
from dataclasses import dataclass

from distillscan.detect.base import Finding, percent
from distillscan.detect.claims import Claim, SharedPoolFacts
from distillscan.score.explanations.base import ExplanationParameters, InnocentExplanation, Outcome, View, first_facts
from distillscan.settings import threshold


@dataclass(frozen=True)
class EgressParameters(ExplanationParameters):
    """When shared addresses are a carrier's."""

    egress_share: float = threshold(0.5, "share", "of the accounts on addresses below which they are others'")


class SharedEgress(InnocentExplanation):
    """Strangers on the same addresses, or one network for most members: an egress that many people use."""

    text = "shared egress (carrier or office NAT, campus, VPN)"
    explains = frozenset({Claim.SHARED_POOL})

    def test(self, view: View, findings: Sequence[Finding], p: EgressParameters) -> Outcome:
        """Return whether the shared addresses are mostly others', or one network's."""
        pool = first_facts(findings, SharedPoolFacts)
        if pool is None:
            return Outcome("fails", "the members do not share addresses, so no common egress explains them")
        inside = pool.members_sharing / max(1, pool.accounts_on_them)
        if inside < p.egress_share:
            reason = f"most accounts on the shared addresses are not members ({percent(1 - inside)})"
            return Outcome("holds", reason)
        if pool.largest_network_share >= p.site_share:
            return Outcome("holds", f"one network serves {percent(pool.largest_network_share)} of the members")
        reason = f"{percent(inside)} of the accounts on these addresses are members, over {pool.networks} networks"
        return Outcome("fails", reason)
