"""Every kind of token an account can carry, and all that differs from kind to kind: one entry each, with its reasons.

Whatever works on tokens asks here and knows no kind by name, but for what a detector says of its own. A new kind is one
entry in ``_TABLE``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from distillscan.population.accounts import CREATED, PROMPTS
from distillscan.result import Family


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which accounts come to share something; kinds of one cause count once, as they are not independent.

    Attributes:
        name: Its name in the documents.
        family: The evidence family it belongs to.
        cap: Bits that it can weigh for a single account at most.
        retells: The cause whose story it tells once more; of the two only the stronger counts where they agree.
    """

    name: str
    family: Family
    cap: float
    retells: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of token.

    Attributes:
        name: As it stands in ``population.SIGNALS``.
        cause: How accounts come to share such a token.
        known_by: Entities of which an account must have one (or ``PROMPTS``, ``CREATED``) for the absence of the token
            to mean anything; none if it never does. Where the detector says itself whom it could judge, that counts.
        seeding: How far a token stands for itself when communities are sought, 1 for in full; 0 links nobody.
        holds: Whether using it alike holds the parts of a candidate together: alone (strong), with another one (weak).
        separates: Whether two operators of one published pipeline each have their own.
        pairing: Whether its tokens have few carriers each, however large the campaign.
        graded: Whether its strength is a share of all an account does, and not of what it shares with others.
        crossed_with: Kinds with which it is crossed for seeds, each pair listed on one side only. Who carries a token
            of a kind that lists any is a seed by itself as well.
        naming: Rank among the kinds from which a cluster takes its name, 1 the most telling; 0 gives no name.
    """

    name: str
    cause: Cause
    known_by: tuple[str, ...] = ()
    seeding: float = 0.0
    holds: Literal["strong", "weak", ""] = ""
    separates: bool = False
    pairing: bool = False
    graded: bool = False
    crossed_with: tuple[str, ...] = ()
    naming: int = 0

    def weights(self) -> dict[str, str | float]:
        """What it weighs, as it stands in the report."""
        return {
            "cause": self.cause.name,
            "family": self.cause.family,
            "cap": self.cause.cap,
            "seeding": self.seeding,
        }


# Two people do not write the same long skeleton by accident, but they may use the same application.
_WORDING = Cause("wording", "content", 9.0)
# A conversation has one user, who has one account or two.
_CONVERSATION = Cause("conversation", "content", 9.0)
# Signed reasoning is given to one account, like a ticket; only who holds them all can hand it in from another.
_SIGNATURE = Cause("signature", "identity", 9.0)
# What a model wrote for one account is that account's to have, until it hands it on; a conversation carries the answers
# given so far.
_RETURNED = Cause("returned", "content", 9.0, retells="conversation")
# Cards, devices, keys and sessions have one holder; families and companies are the exceptions.
_HOLDER = Cause("holder", "identity", 9.0)
# Addresses are shared by carriers, offices and VPNs; outside carriers are counted, so the cap may be high.
_EGRESS = Cause("egress", "network", 8.0)
_ROTATION = Cause("rotation", "network", 4.0)
# The client decides its user agent and TLS fingerprint: a popular client explains both. The program makes the stack.
_STACK = Cause("stack", "network", 4.0)
_SOFTWARE = Cause("software", "network", 2.0, retells="stack")
# Signing up together, or under one domain, is what companies, courses and events do as well.
_REGISTRATION = Cause("registration", "identity", 4.0)
# Traits of an account by itself. Many have them, each for a reason of its own: they tell members from others in a set
# that something else holds together. What is asked for is said in the wording.
_DEALING = Cause("dealing", "timing", 3.0)
_INTENT = Cause("intent", "content", 3.0, retells="wording")
_VOICES = Cause("voices", "content", 3.0)
# Early adopters and changed client defaults move too: corroboration only.
_PIVOT = Cause("pivot", "timing", 2.0)

#: All kinds. Their order is that of the tokens in the graph in which communities are sought: to change it changes, a
#: little, which communities are found. A name takes the lowest ``naming``, of equals the first.
_TABLE: Final = (
    # A system prompt used as it stands is an application's as often as an operator's.
    Kind("template", _WORDING, (PROMPTS,), seeding=1.0, holds="strong", graded=True, naming=1),
    Kind("system_template", _WORDING, ("system_prompt",), seeding=1.0, holds="weak", naming=1),
    # What passes from account to account changes with every batch: it holds a pool together, but gives a poor name.
    Kind("conversation", _CONVERSATION, ("conversation",), seeding=1.0, holds="strong", pairing=True, naming=8),
    Kind("signature", _SIGNATURE, ("reasoning_signature",), seeding=1.0, holds="strong", pairing=True, naming=3),
    Kind("returned", _RETURNED, ("output_line", "input_line"), seeding=1.0, holds="strong", pairing=True, naming=8),
    # Each operator pays with its own cards.
    Kind("payment", _HOLDER, ("payment",), seeding=1.0, holds="strong", separates=True, naming=2),
    Kind("device", _HOLDER, ("device",), seeding=1.0, holds="strong", naming=2),
    Kind("api_key", _HOLDER, ("api_key",), seeding=1.0, holds="strong", naming=2),
    # A session says little beyond the key or device it ran on.
    Kind("session", _HOLDER, ("session",), seeding=0.5, holds="strong", pairing=True, naming=2),
    # Each operator rents its own addresses. A prefix repeats what its addresses say.
    Kind("ip", _EGRESS, ("ip",), seeding=1.0, holds="strong", separates=True, naming=4),
    Kind("ip_prefix", _EGRESS, ("ip",), seeding=0.4, holds="weak", naming=4),
    # Kinds too common to join accounts alone are crossed with each other.
    Kind(
        "rotation",
        _ROTATION,
        ("ip",),
        crossed_with=("stack", "signup", "tls", "user_agent", "pivot", "dealt", "voices", "intent"),
    ),
    Kind("stack", _STACK, ("tls",), crossed_with=("signup", "dealt", "voices", "intent")),
    # A sign-up window or mail domain is weak alone.
    Kind(
        "signup",
        _REGISTRATION,
        (CREATED,),
        seeding=0.5,
        holds="weak",
        crossed_with=("tls", "user_agent", "email_domain", "dealt", "voices", "intent"),
        naming=6,
    ),
    Kind("email_domain", _REGISTRATION, ("email_domain",), seeding=0.5, holds="weak", naming=5),
    Kind("dealt", _DEALING, crossed_with=("tls", "user_agent", "voices", "intent")),
    Kind("intent", _INTENT, crossed_with=("tls", "user_agent")),
    Kind("voices", _VOICES),
    Kind("tls", _SOFTWARE, ("tls",), naming=7),
    Kind("user_agent", _SOFTWARE, ("user_agent",), naming=7),
    # Nothing tells of whom a pivot is known: who did not move may not have been active, and not moving is what nearly
    # everybody does.
    Kind("pivot", _PIVOT),
)

#: Every kind by its name.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _TABLE})


def _named(chosen: list[Kind]) -> tuple[str, ...]:
    return tuple(kind.name for kind in chosen)


#: Kinds whose tokens join accounts when communities are sought, with their factors.
LINKING: Final[Mapping[str, float]] = MappingProxyType({kind.name: kind.seeding for kind in _TABLE if kind.seeding})
#: Kinds of wording: what their tokens cover can be shown as skeletons.
WORDING: Final = _named([kind for kind in _TABLE if kind.cause is _WORDING])
STRONG: Final = _named([kind for kind in _TABLE if kind.holds == "strong"])
WEAK: Final = _named([kind for kind in _TABLE if kind.holds == "weak"])
SEPARATING: Final = _named([kind for kind in _TABLE if kind.separates])
PAIRING: Final = frozenset(_named([kind for kind in _TABLE if kind.pairing]))
GRADED: Final = frozenset(_named([kind for kind in _TABLE if kind.graded]))
CROSSED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {kind.name: kind.crossed_with for kind in _TABLE if kind.crossed_with}
)
NAMING: Final = _named(sorted((kind for kind in _TABLE if kind.naming), key=lambda kind: kind.naming))
#: A cause that tells what another tells, to the other.
RETELLING: Final[Mapping[str, str]] = MappingProxyType(
    {kind.cause.name: kind.cause.retells for kind in _TABLE if kind.cause.retells}
)
#: Entities by which a cause shows whether anything is known of an account at all: those of all of its kinds.
KNOWN_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        cause.name: tuple(dict.fromkeys(entity for kind in _TABLE if kind.cause is cause for entity in kind.known_by))
        for cause in dict.fromkeys(kind.cause for kind in _TABLE)
    }
)

#: Entities by which accounts declare whom they belong to. One organisation keeps groups apart whatever else they share;
#: a type of account does so where they share no more than a wording: one operator may hold plans of two kinds, but a
#: plan of its own and a published prompt are a customer's.
OWNERS: Final = ("org",)
DECLARING: Final = (*OWNERS, "account_type")
