"""Innocent explanations: which were tested against a cluster, which hold, and what a declared relation takes away."""

from dataclasses import dataclass, field

import numpy as np

from distillscan.detect.base import Candidate, percent
from distillscan.detect.mail_providers import provider_entities
from distillscan.parameters import ScoreParameters
from distillscan.result import FAMILIES, Evidence, Explanation, Family, Weight

_CARD_AND_DOMAIN = "declared: card and domain"
_RESELLERS = ("reseller", "partner", "marketplace", "distributor")


@dataclass(frozen=True, slots=True)
class Common:
    """The value of one kind that most members state, and the share of all members that do."""

    value: str
    share: float
    stated: float
    entity: int = field(default=0, compare=False)


def commonest(candidate: Candidate, kind: str) -> Common | None:
    """Return what most members have in common of one kind, None if no member states it."""
    population, members = candidate.population, candidate.members
    main = population.dominant(kind)[members]
    values, counts = np.unique(main[main != 0], return_counts=True)
    if values.size == 0:
        return None
    best = int(np.argmax(counts))
    entity = int(values[best])
    name = population.values(kind, [entity])[0]
    return Common(name, float(counts[best]) / members.size, float(counts.sum()) / members.size, entity)


def _company(candidate: Candidate, domain: Common, p: ScoreParameters) -> bool:
    """Whether a mail domain is a company's: not a known provider's, and mostly the members' own."""
    if domain.entity in provider_entities():
        return False
    population = candidate.population
    main = population.dominant("email_domain")
    users = main == np.uint64(domain.entity)
    return bool(np.count_nonzero(users[candidate.members]) >= p.company_share * np.count_nonzero(users))


def _everybody(candidate: Candidate, kind: str, common: Common, p: ScoreParameters) -> bool:
    """Whether a value is that of most accounts of the log."""
    population = candidate.population
    main = population.dominant(kind)
    return bool(np.count_nonzero(main == np.uint64(common.entity)) > p.everybody * population.size)


def _customers(candidate: Candidate, evidence: tuple[Evidence, ...], p: ScoreParameters) -> tuple[float, str] | None:
    """One card over mail domains that are the members' own: a lab or agency that says who it is, if not all members do.

    What speaks for a common holder is then taken off; what else the members share is left.
    """
    payment = commonest(candidate, "payment")
    domains = [e for e in evidence if e.detector == "account_fanout" and e.details.get("kind") == "email_domain"]
    cards = [e for e in evidence if e.detector == "account_fanout" and e.details.get("kind") == "payment"]
    if payment is None or not domains or not cards or payment.share < p.site_share:
        return None
    own, values = domains[0].details["members"] / candidate.members.size, domains[0].details["values"]
    if own < p.site_share or values > p.own_domains:
        return None
    reason = (
        f"one payment method pays for {percent(payment.share)} of the members, "
        f"and {percent(own)} have a mail domain of their own"
    )
    return round(_less(evidence, (*domains, *cards), p), 2), reason


def _without_customer(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The evidence less what one card and domains of one's own declare: it is taken off once."""
    declares = ("payment", "email_domain")
    return tuple(e for e in evidence if not (e.detector == "account_fanout" and e.details.get("kind") in declares))


def _customer(
    candidate: Candidate, evidence: tuple[Evidence, ...], p: ScoreParameters
) -> tuple[Weight | None, Explanation]:
    what = "one declared customer (organisation, reseller, or company mail domain)"
    org = commonest(candidate, "org")
    if org is not None and _everybody(candidate, "org", org, p):
        # A gateway's own organisation stands in every row: it declares nothing about some of the accounts.
        org = None
    kind = commonest(candidate, "account_type")
    domain = commonest(candidate, "email_domain")
    payment = commonest(candidate, "payment")
    if org is not None and org.share >= p.declared_share:
        reason = f"{percent(org.share)} of the members belong to one organisation"
        return Weight("coordination", "declared: organisation", p.declared_bits), Explanation(what, "holds", reason)
    if kind is not None and kind.share >= p.declared_share and any(r in kind.value.lower() for r in _RESELLERS):
        reason = f"{percent(kind.share)} of the members are declared as {kind.value}"
        return Weight("coordination", "declared: reseller", p.declared_bits), Explanation(what, "holds", reason)
    if domain is not None and domain.share >= p.declared_share and _company(candidate, domain, p):
        own = payment is not None and payment.share >= p.declared_share * payment.stated
        reason = f"{percent(domain.share)} of the members use the mail domain {domain.value}" + (
            " and one payment method pays" if own else ""
        )
        bits = p.declared_bits if own or payment is None else p.declared_bits * p.unpaid
        return Weight("coordination", "declared: mail domain", bits), Explanation(what, "holds", reason)
    shared = _customers(candidate, evidence, p)
    if shared is not None:
        bits, reason = shared
        return Weight("coordination", _CARD_AND_DOMAIN, bits), Explanation(what, "holds", reason)
    if org is None and domain is None:
        reason = "the members have neither mail domains nor an organisation that is not the whole log's"
        return None, Explanation(what, "not tested", reason)
    parts = []
    if org is not None:
        parts.append(f"the largest organisation has {percent(org.share)} of the members")
    if domain is not None and not _company(candidate, domain, p):
        provider = "public mail provider" if domain.entity in provider_entities() else "common mail domain"
        parts.append(f"{percent(domain.share)} use the {provider} {domain.value}, which anybody can")
    elif domain is not None:
        parts.append(f"the largest mail domain has {percent(domain.share)}")
    return None, Explanation(what, "fails", "; ".join(parts))


def _event(
    candidate: Candidate, evidence: tuple[Evidence, ...], p: ScoreParameters
) -> tuple[Weight | None, Explanation]:
    """A venue explains its address, the sign-ups of its day, its working hours and the voucher: one cause for all."""
    what = "one event or site (hackathon, course, new office): common sign-up, voucher and address"
    signup = next((e for e in evidence if e.detector == "account_fanout" and e.details.get("kind") == "signup"), None)
    pool = _by_detector(evidence, "infrastructure_overlap", "largest_network_share")
    site = pool.details["largest_network_share"] if pool is not None else 0.0
    holders = [e for e in evidence if "members_on_the_commonest" in e.details and 0 < e.bits <= p.single_holder]
    vouchers = [
        e for e in holders if e.details["members_on_the_commonest"] >= p.declared_share * candidate.members.size
    ]
    if signup is None:
        return None, Explanation(what, "fails", "the members do not sign up together")
    if np.any(candidate.population.states("ip")[candidate.members]):
        if site < p.site_share:
            return None, Explanation(what, "fails", "the members do not work from one network")
        reason = f"{percent(site)} of the members work from one network and they signed up together"
    elif not vouchers or any(e.bits > p.single_holder for e in evidence if "members_on_the_commonest" in e.details):
        return None, Explanation(
            what, "not tested", "no address is known of the members, and no voucher joins them all"
        )
    else:
        reason = "they signed up together and share one voucher or card; where they work cannot be seen"
    hours = [e for e in evidence if "standard_deviations" in e.details]
    bits = _less(evidence, (signup, *holders, *hours), p)
    return Weight("coordination", "explained: one event", round(bits, 2)), Explanation(what, "holds", reason)


def _less(evidence: tuple[Evidence, ...], explained: tuple[Evidence, ...], p: ScoreParameters) -> float:
    """What evidence that is explained adds to the sum, negative: taken out before families are capped, not after."""
    total = 0.0
    for family in FAMILIES:
        every = sum(e.bits for e in evidence if e.axis == "coordination" and e.family == family)
        part = sum(e.bits for e in explained if e.family == family)
        cap = p.timing_cap if family == "timing" else p.family_cap
        total += min(cap, every - part) - min(cap, every)
    return total


def _by_detector(evidence: tuple[Evidence, ...], detector: str, key: str) -> Evidence | None:
    return next((e for e in evidence if e.detector == detector and key in e.details), None)


def _egress(evidence: tuple[Evidence, ...], p: ScoreParameters) -> Explanation:
    what = "shared egress (carrier or office NAT, campus, VPN)"
    pool = _by_detector(evidence, "infrastructure_overlap", "accounts_on_them")
    if pool is None:
        return Explanation(what, "fails", "the members do not share addresses, so no common egress explains them")
    details = pool.details
    inside = details["members_sharing"] / max(1, details["accounts_on_them"])
    if inside < p.egress_share:
        reason = f"most accounts on the shared addresses are not members ({percent(1 - inside)})"
        return Explanation(what, "holds", reason)
    if details["largest_network_share"] >= p.site_share:
        return Explanation(
            what, "holds", f"one network serves {percent(details['largest_network_share'])} of the members"
        )
    reason = f"{percent(inside)} of the accounts on these addresses are members, over {details['networks']} networks"
    return Explanation(what, "fails", reason)


def _software(evidence: tuple[Evidence, ...], families: int, p: ScoreParameters) -> Explanation:
    what = "one popular application or coding agent that fixes prompt and fingerprint"
    wording = _by_detector(evidence, "template_uniformity", "rate_outside")
    if wording is None:
        return Explanation(what, "not tested", "the members share no wording that an application could have fixed")
    beyond = {e.family for e in evidence if e.axis == "coordination" and e.bits >= p.family_counts} & {
        "identity",
        "network",
    }
    if not beyond:
        return Explanation(what, "holds", "nothing but wording and client ties the members together")
    traits = " and ".join(sorted(beyond))
    reason = f"an application does not give its users common {traits} traits; {families} families count"
    return Explanation(what, "fails", reason)


def _server(
    evidence: tuple[Evidence, ...], rhythm: Explanation, p: ScoreParameters
) -> tuple[Weight | None, Explanation]:
    """An application whose server calls with its users' own keys fixes wording, client and address: one cause for all.

    It cannot give its users common cards or sign-ups, nor take their nights away.
    """
    what = "one application whose server calls for its users, each with an account and key of their own"
    pool = _by_detector(evidence, "infrastructure_overlap", "largest_network_share")
    wording = [e for e in evidence if e.detector == "template_uniformity" and e.axis == "coordination" and e.bits > 0]
    if pool is None or pool.bits <= 0 or not wording:
        return None, Explanation(
            what, "fails", "the members do not share both a wording and the addresses they come from"
        )
    beyond = {
        "cards, devices or sign-ups": _sum(evidence, "account_fanout"),
        "conversations": _sum(evidence, "conversation_sharing"),
        "the pace of their work": _sum(evidence, "synchrony") + _sum(evidence, "succession"),
        "ever new networks": sum(e.bits for e in evidence if "members_rotating" in e.details),
        "one network stack behind many programs": sum(e.bits for e in evidence if e.details.get("kind") == "stack"),
    }
    telling = [name for name, bits in beyond.items() if bits >= p.server_bits]
    if telling:
        return None, Explanation(
            what, "fails", f"the members also share {', '.join(telling)}, which no server gives them"
        )
    if rhythm.verdict == "fails":
        return None, Explanation(what, "fails", f"people use applications, but {rhythm.reason}")
    bits = max(
        _less(evidence, tuple(wording), p),
        _less(evidence, tuple(e for e in evidence if e.family == "network" and e.axis == "coordination"), p),
    )
    reason = "wording and addresses are common, everything that belongs to a person is not"
    return Weight("coordination", "explained: one server", round(bits, 2)), Explanation(what, "holds", reason)


def _sum(evidence: tuple[Evidence, ...], detector: str) -> float:
    return sum(e.bits for e in evidence if e.detector == detector and e.axis == "coordination")


def _rhythm(evidence: tuple[Evidence, ...], p: ScoreParameters) -> Explanation:
    what = "people at work: a class, an event, a team"
    rhythm = _by_detector(evidence, "output_harvest", "sleepless")
    loose = _by_detector(evidence, "output_harvest", "daily_rhythm")
    if rhythm is None and loose is not None:
        strict = loose.details["daily_rhythm"]
        reason = f"members keep to a part of the day {percent(strict)} as strictly as other accounts do"
        return Explanation(what, "holds" if strict >= p.usual_rhythm else "fails", reason)
    if rhythm is None:
        return Explanation(what, "not tested", "too few requests an account to see a daily rhythm")
    share = rhythm.details["sleepless"]
    if share < p.resting:
        return Explanation(what, "holds", f"{percent(1 - share)} of the busy members rest at night")
    return Explanation(what, "fails", f"{percent(share)} of the busy members never rest")


def _adopters(evidence: tuple[Evidence, ...], p: ScoreParameters) -> Explanation | None:
    pivot = _by_detector(evidence, "release_pivot", "mean_share")
    if pivot is None:
        return None
    reason = f"{percent(pivot.details['rate_outside'])} of {pivot.details['compared_with']} moved as well"
    verdict = "holds" if pivot.details["rate_outside"] > p.adopters else "fails"
    return Explanation("early adopters, or a client that changed its default model", verdict, reason)  # type: ignore[arg-type]


def explain(
    candidate: Candidate, evidence: tuple[Evidence, ...], families: int, p: ScoreParameters
) -> tuple[tuple[Weight, ...], tuple[Explanation, ...], frozenset[Family]]:
    """Return the weights of declared relations, all explanations that were tested, and families that do not count.

    Where one application explains what ties the members together, common timing is no second family: its users follow
    on each other, keep to its pace and get a new model on the same day.
    """
    declared, customer = _customer(candidate, evidence, p)
    left = evidence if declared is None or declared.label != _CARD_AND_DOMAIN else _without_customer(evidence)
    common, event = _event(candidate, left, p)
    rhythm = _rhythm(evidence, p)
    served, server = _server(left, rhythm, p)
    software = _software(evidence, families, p)
    found = [
        customer,
        event,
        _egress(evidence, p),
        software,
        server,
        rhythm,
        _adopters(evidence, p),
    ]
    weights = tuple(w for w in (declared, common, served) if w is not None)
    idle: frozenset[Family] = frozenset({"timing"} if software.verdict == "holds" else ())
    return weights, tuple(e for e in found if e is not None), idle
