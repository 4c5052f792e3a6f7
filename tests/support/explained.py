"""Helpers that several test modules share."""

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import Claim, Facts, OwnDomainFacts, SharedHolderFacts, SharedPoolFacts
from distillscan.result import Axis, Family
from distillscan.score import ScoreParameters
from tests.support.populations import numbers_of, population_of, signal_graph

P = ScoreParameters(declared_bits=-20.0, declared_share=0.8)

CUSTOMER, EVENT, EGRESS, SOFTWARE, SERVER, RHYTHM, ADOPTERS = (
    "one declared customer (organisation, reseller, or company mail domain)",
    "one event or site (hackathon, course, new office): common sign-up, voucher and address",
    "shared egress (carrier or office NAT, campus, VPN)",
    "one popular application or coding agent that fixes prompt and fingerprint",
    "one application whose server calls for its users, each with an account and key of their own",
    "people at work: a class, an event, a team",
    "early adopters, or a client that changed its default model",
)


def stating(**columns: list[str | None]) -> Candidate:
    """Ten members that state these values, and forty strangers that state nothing."""
    rows = [{"account_id": f"m{k}", **{name: values[k] for name, values in columns.items()}} for k in range(10)]
    population = population_of([*rows, *({"account_id": f"x{k}"} for k in range(40))])
    return Candidate(numbers_of(population, "m"), signal_graph(population))


def most(value: str | None, count: int, *rest: str | None) -> list[str | None]:
    """A value for the first so many of ten, then the others in turn."""
    return [value] * count + [rest[k % len(rest)] if rest else None for k in range(10 - count)]


def piece(
    claim: Claim, bits: float, family: Family = "identity", facts: Facts | None = None, axis: Axis = "coordination"
) -> Finding:
    return Finding(claim, family, axis, bits, "said", facts=facts)


def signup(bits: float) -> Finding:
    return piece(Claim.SIGNUP_BURST, bits)


def holder(bits: float, kind: str = "payment", members: int = 9) -> Finding:
    return piece(Claim.SHARED_HOLDER, bits, facts=SharedHolderFacts(kind, members))


def domain(bits: float, members: int = 7, domains: int = 2) -> Finding:
    return piece(Claim.OWN_DOMAIN, bits, facts=OwnDomainFacts(members, domains))


def pool(site: float, bits: float = 3.0, on_them: int = 10, networks: int = 4) -> Finding:
    return piece(Claim.SHARED_POOL, bits, "network", SharedPoolFacts(9, on_them, site, networks))
