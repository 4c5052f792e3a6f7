"""Kinds of tokens: what a detector declares of the tokens it makes, so that clustering can use them without knowing it.

Detectors declare their kinds (``Detector.kinds``); ``Kinds`` is the table of all that are declared in a run. Whatever
works on tokens asks the table and knows no kind by name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from distillscan.errors import UsageError
from distillscan.result import Family


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which accounts come to share something; kinds of one cause count once, as they are not independent.

    Attributes:
        name: Its name in the documents.
        family: The evidence family it belongs to.
        cap: Most bits that it can weigh for a single account.
        redundant_with: A cause that says the same by other means; where the two agree only the stronger counts.
    """

    name: str
    family: Family
    cap: float
    redundant_with: "Cause | None" = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of token.

    Attributes:
        name: As it stands in the ``kind`` column of ``SIGNALS``.
        cause: How accounts come to share such a token.
        observable_through: Entities of which an account must have one (or ``PROMPTS``, ``CREATED``) for the absence of
            the token to mean anything; none if it never does. Not asked where the detector says itself whom it could
            judge, by tokens of strength 0.
        seeding: How far a token stands for itself when communities are sought, 1 for in full; 0 links nobody.
        merge_strength: Whether using it alike holds the parts of a candidate together: alone (strong), with another
            such kind (weak), or not.
        distinguishes_operators: Whether two operators of one published pipeline each have their own.
        low_degree: Whether its tokens have few carriers each, however large the campaign.
        is_share: Whether its strength is a share of all an account does, and not of what it shares with others.
        crossed_with: Kinds with which it is crossed for seeds, each pair listed on one side only. Who carries a token
            of a kind that lists any is a seed by itself as well.
        id_priority: Rank among the kinds that name a cluster, 1 the first; 0 names none.
    """

    name: str
    cause: Cause
    observable_through: tuple[str, ...] = ()
    seeding: float = 0.0
    merge_strength: Literal["strong", "weak", ""] = ""
    distinguishes_operators: bool = False
    low_degree: bool = False
    is_share: bool = False
    crossed_with: tuple[str, ...] = ()
    id_priority: int = 0

    def weights(self) -> dict[str, str | float]:
        """Return what it weighs, as it stands in the report."""
        cause = self.cause
        return {"cause": cause.name, "family": cause.family, "cap": cause.cap, "seeding": self.seeding}


# Two people do not write the same long skeleton by accident, but they may use the same application.
WORDING: Final = Cause("wording", "content", 9.0)
# A conversation has one user, who has one account or two.
CONVERSATION: Final = Cause("conversation", "content", 9.0)
# Signed reasoning is given to one account, like a ticket; only who holds them all can hand it in from another.
SIGNATURE: Final = Cause("signature", "identity", 9.0)
# What a model wrote for one account stays with it until it is handed on; a conversation carries the answers so far.
RETURNED: Final = Cause("returned", "content", 9.0, redundant_with=CONVERSATION)
# Cards, devices, keys and sessions have one holder; families and companies are the exceptions.
HOLDER: Final = Cause("holder", "identity", 9.0)
# Addresses are shared by carriers, offices and VPNs; outside carriers are counted, so the cap may be high.
EGRESS: Final = Cause("egress", "network", 8.0)
ROTATION: Final = Cause("rotation", "network", 4.0)
# The client decides its user agent and TLS fingerprint: a popular client explains both. The program makes the stack.
STACK: Final = Cause("stack", "network", 4.0)
# Signing up together, or under one domain, is what companies, courses and events do as well.
REGISTRATION: Final = Cause("registration", "identity", 4.0)
# Traits of an account by itself. Many have them, each for a reason of its own: they tell members from others in a set
# that something else holds together. What is asked for is said in the wording.
DEALING: Final = Cause("dealing", "timing", 3.0)
INTENT: Final = Cause("intent", "content", 3.0, redundant_with=WORDING)
VOICES: Final = Cause("voices", "content", 3.0)
SOFTWARE: Final = Cause("software", "network", 2.0, redundant_with=STACK)
# Early adopters and changed client defaults move too: corroboration only.
PIVOT: Final = Cause("pivot", "timing", 2.0)

#: Built-in causes, which a third party's kind may name as well. Kinds are ordered by cause: this is the order of the
#: tokens in the graph in which communities are sought, and another order finds slightly different communities.
CAUSES: Final = (
    WORDING, CONVERSATION, SIGNATURE, RETURNED, HOLDER, EGRESS, ROTATION,
    STACK, REGISTRATION, DEALING, INTENT, VOICES, SOFTWARE, PIVOT,
)  # fmt: skip


class Kinds(dict[str, Kind]):
    """The kinds of a run by name, in the order of their causes: built-in ones first, others by name."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        rank = {cause: (number, "") for number, cause in enumerate(CAUSES)}
        ordered = sorted(kinds, key=lambda kind: rank.get(kind.cause, (len(rank), kind.cause.name)))
        super().__init__((kind.name, kind) for kind in ordered)

    @classmethod
    def declared(cls, declarations: Iterable[tuple[str, Iterable[Kind]]]) -> "Kinds":
        """Merge what detectors declare, each given by its name and its kinds.

        Raises:
            UsageError: Two detectors declare one kind differently, or two kinds differ on one cause.
        """
        kinds: dict[str, tuple[str, Kind]] = {}
        causes: dict[str, tuple[str, Cause]] = {cause.name: ("distillscan", cause) for cause in CAUSES}
        for detector, declared in declarations:
            for kind in declared:
                first, known = kinds.setdefault(kind.name, (detector, kind))
                if known != kind:
                    raise UsageError(
                        f"detectors {first} and {detector} declare the kind {kind.name!r} differently: "
                        "rename it in one of them, or declare the same in both"
                    )
                first, cause = causes.setdefault(kind.cause.name, (detector, kind.cause))
                if cause != kind.cause:
                    raise UsageError(
                        f"detector {detector}: the kind {kind.name!r} has a cause {cause.name!r} that differs from "
                        f"that of {first}: use the same or rename it"
                    )
        return cls(kind for _, kind in kinds.values())

    @cached_property
    def by_cause(self) -> Mapping[Cause, tuple[Kind, ...]]:
        """The kinds of each cause."""
        kinds: dict[Cause, tuple[Kind, ...]] = {}
        for kind in self.values():
            kinds[kind.cause] = (*kinds.get(kind.cause, ()), kind)
        return kinds

    def observable_through(self, cause: Cause) -> tuple[str, ...]:
        """Return the entities by which a cause shows that anything is known of an account: those of all its kinds."""
        return tuple(dict.fromkeys(name for kind in self.by_cause.get(cause, ()) for name in kind.observable_through))
