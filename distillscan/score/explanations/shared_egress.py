"""Shared egress: the NAT of a carrier or an office, a campus, a VPN."""

from typing import Final

from distillscan.detect.base import percent
from distillscan.detect.claims import Claim, SharedPoolFacts
from distillscan.score.explanations.base import SITE_SHARE, InnocentExplanation, Outcome, View

#: Share of members among the accounts on the shared addresses below which these are mostly others'.
_EGRESS_SHARE: Final = 0.5


class SharedEgress(InnocentExplanation):
    """Strangers on the same addresses, or one network for most members: an egress that many people use."""

    text = "shared egress (carrier or office NAT, campus, VPN)"
    explains = frozenset({Claim.SHARED_POOL})

    def test(self, view: View) -> Outcome:
        """Return whether the shared addresses are mostly others', or one network's."""
        pool = view.first_facts(SharedPoolFacts)
        if pool is None:
            return Outcome("fails", "the members do not share addresses, so no common egress explains them")
        inside = pool.members_sharing / max(1, pool.accounts_on_them)
        if inside < _EGRESS_SHARE:
            reason = f"most accounts on the shared addresses are not members ({percent(1 - inside)})"
            return Outcome("holds", reason)
        if pool.largest_network_share >= SITE_SHARE:
            return Outcome("holds", f"one network serves {percent(pool.largest_network_share)} of the members")
        reason = f"{percent(inside)} of the accounts on these addresses are members, over {pool.networks} networks"
        return Outcome("fails", reason)
