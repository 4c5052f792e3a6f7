"""One popular application or coding agent that fixes prompt and fingerprint."""

from typing import Final

from distillscan.detect.claims import Claim
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View

#: What speaks of the accounts' holders and networks, which no application gives its users.
_HOLDERS: Final = frozenset({Claim.SHARED_HOLDER, Claim.OWN_DOMAIN, Claim.SIGNUP_BURST, Claim.SIGNATURES})
_NETWORKS: Final = frozenset({Claim.SHARED_POOL, Claim.ROTATION, Claim.NETWORK_STACK, Claim.RARE_SOFTWARE})


class OneApplication(InnocentExplanation):
    """An application words the prompts of all its users; they follow on each other and keep to its pace as well."""

    text = "one popular application or coding agent that fixes prompt and fingerprint"
    explains = frozenset({Claim.WORDING})
    refuted_by = _HOLDERS | _NETWORKS

    def test(self, view: View) -> Outcome:
        """Return whether the members share a wording, and no common identity or network traits.

        Where it holds, common timing is no second family: the users of one application follow on each other, keep to
        its pace and get a new model on the same day.
        """
        if not view.claiming(Claim.WORDING):
            return Outcome("not tested", "the members share no wording that an application could have fixed")
        strong = [finding for finding in view.claiming(*self.refuted_by) if finding.bits >= view.p.family_counts]
        beyond = {finding.family for finding in strong} & {"identity", "network"}
        if not beyond:
            reason = "nothing but wording and client ties the members together"
            return Outcome("holds", reason, idles=frozenset({"timing"}))
        traits = " and ".join(sorted(beyond))
        reason = f"an application does not give its users common {traits} traits; {view.families} families count"
        return Outcome("fails", reason)
