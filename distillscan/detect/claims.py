"""What findings claim, and the typed facts behind a claim: all that innocent explanations may go by.

A finding's ``details`` are for display. Whoever tests an explanation asks for claims and their facts instead, so a
detector of a third party takes part if it makes one of these claims, and is left alone if it claims ``OTHER``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Claim(Enum):
    """What a finding says of a candidate's accounts."""

    SHARED_HOLDER = "they share payments, devices, API keys or sessions"
    OWN_DOMAIN = "they share mail domains that are not a mail provider's"
    SIGNUP_BURST = "they signed up in bursts"
    SIGNATURES = "they send signed reasoning that other members were given"
    SHARED_POOL = "they share addresses"
    ROTATION = "they use a new network for most requests"
    NETWORK_STACK = "one network stack stands behind many client programs"
    RARE_SOFTWARE = "they use client software that few others use"
    WORDING = "their prompts are built on the same skeletons"
    CONVERSATIONS = "conversations go on in other members' accounts"
    RETURNED_ANSWERS = "answers given to one member are sent in by others"
    MANY_USERS = "several people seem to use each account"
    IN_STEP = "they are active in the same hours beyond their habits"
    LOAD_BALANCED = "their requests arrive evenly, as from a load balancer"
    SUCCESSION = "some start when others stop"
    PIVOT = "they moved to a new model soon after its release"
    NO_REST = "how many of the busy members never rest"
    DAILY_RHYTHM = "how strictly they keep to a part of the day"
    INTENT = "they ask for what a model is trained with"
    ONE_CAPABILITY = "they ask for hardly anything but one capability"
    PROBING = "many of their requests are refused"
    VOLUME = "how many requests they send"
    ANSWER_LENGTH = "they get longer answers than others"
    ONE_MODEL = "they keep to one model"
    NO_REPEATS = "they hardly ever repeat a prompt"
    COVERAGE = "most of their traffic is built on the same skeletons"
    CONCEALMENT = "requests are spread over addresses for no ordinary reason"
    RELAY = "conversations of many people are spread over the accounts"
    OTHER = "something that no built-in explanation knows about"


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers behind a claim that explanations go by; a subclass for each claim that has any."""


@dataclass(frozen=True, slots=True)
class SharedHolderFacts(Facts):
    """Facts of ``SHARED_HOLDER``: the kind of what is shared (``payment``, ...), and how many share one value."""

    kind: str
    members_on_the_commonest: int


@dataclass(frozen=True, slots=True)
class OwnDomainFacts(Facts):
    """Facts of ``OWN_DOMAIN``: the members with such a mail domain, and how many domains these are."""

    members: int
    domains: int


@dataclass(frozen=True, slots=True)
class SharedPoolFacts(Facts):
    """Facts of ``SHARED_POOL``.

    Attributes:
        members_sharing: Members on addresses that they share.
        accounts_on_them: Accounts on these addresses, members among them.
        largest_network_share: Share (0 to 1) of the members with an address who come mostly from one network.
        networks: How many networks the addresses are in.
    """

    members_sharing: int
    accounts_on_them: int
    largest_network_share: float
    networks: int


@dataclass(frozen=True, slots=True)
class PivotFacts(Facts):
    """Facts of ``PIVOT``: the share (0 to 1) of comparable accounts that moved as well, and which these are."""

    base_rate: float
    compared_with: str


@dataclass(frozen=True, slots=True)
class NoRestFacts(Facts):
    """Facts of ``NO_REST``: the share (0 to 1) of busy members who send requests around the clock."""

    share: float


@dataclass(frozen=True, slots=True)
class DailyRhythmFacts(Facts):
    """Facts of ``DAILY_RHYTHM``: how strictly members keep to a part of the day, 1 if as other accounts do."""

    strictness: float


#: The facts that a claim must come with; claims that are not listed have none.
FACTS: Final[Mapping[Claim, type[Facts]]] = {
    Claim.SHARED_HOLDER: SharedHolderFacts,
    Claim.OWN_DOMAIN: OwnDomainFacts,
    Claim.SHARED_POOL: SharedPoolFacts,
    Claim.PIVOT: PivotFacts,
    Claim.NO_REST: NoRestFacts,
    Claim.DAILY_RHYTHM: DailyRhythmFacts,
}
