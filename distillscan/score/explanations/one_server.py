"""One application whose server calls for its users, each with an account and key of their own."""

from collections.abc import Mapping
from typing import Final

from distillscan.detect.claims import Claim
from distillscan.result import Weight
from distillscan.score.explanations.base import InnocentExplanation, Outcome, View
from distillscan.score.explanations.declared_customer import without_declared
from distillscan.score.explanations.people_at_work import PeopleAtWork

#: What a server cannot give its users, by what it is called in the reason.
_PERSONAL: Final[Mapping[str, frozenset[Claim]]] = {
    "cards, devices or sign-ups": frozenset({Claim.SHARED_HOLDER, Claim.OWN_DOMAIN, Claim.SIGNUP_BURST}),
    "conversations": frozenset({Claim.CONVERSATIONS, Claim.SIGNATURES, Claim.RETURNED_ANSWERS, Claim.MANY_USERS}),
    "the pace of their work": frozenset({Claim.IN_STEP, Claim.LOAD_BALANCED, Claim.SUCCESSION}),
    "a new network for most requests": frozenset({Claim.ROTATION}),
    "one network stack behind many programs": frozenset({Claim.NETWORK_STACK}),
}
_NETWORK: Final = frozenset({Claim.SHARED_POOL, Claim.ROTATION, Claim.NETWORK_STACK, Claim.RARE_SOFTWARE})
#: Bits of anything personal from which no server explains the rest.
_SERVER_BITS: Final = 2.0


class OneServer(InnocentExplanation):
    """An application whose server calls with its users' own keys fixes wording, client and address: one cause for all.

    It cannot give its users common cards or sign-ups, nor take their nights away.
    """

    text = "one application whose server calls for its users, each with an account and key of their own"
    explains = frozenset({Claim.WORDING}) | _NETWORK
    refuted_by = frozenset.union(*_PERSONAL.values()) | PeopleAtWork.explains

    def test(self, view: View) -> Outcome:
        """Return whether wording and addresses are common and everything that belongs to a person is not.

        Of the two it takes off the one that weighs less: one cause explains both.
        """
        view = without_declared(view)
        pool = view.claiming(Claim.SHARED_POOL)
        wording = [finding for finding in view.claiming(Claim.WORDING) if finding.bits > 0]
        if not pool or pool[0].bits <= 0 or not wording:
            return Outcome("fails", "the members do not share both a wording and the addresses they come from")
        sums = {name: sum(f.bits for f in view.claiming(*claims)) for name, claims in _PERSONAL.items()}
        telling = [name for name, bits in sums.items() if bits >= _SERVER_BITS]
        if telling:
            return Outcome("fails", f"the members also share {', '.join(telling)}, which no server gives them")
        rhythm = PeopleAtWork().test(view)
        if rhythm.verdict == "fails":
            return Outcome("fails", f"people use applications, but {rhythm.reason}")
        bits = max(view.reduction(part) for part in (wording, view.claiming(*_NETWORK)))
        reason = "wording and addresses are common, everything that belongs to a person is not"
        return Outcome("holds", reason, Weight("coordination", "explained: one server", bits))
