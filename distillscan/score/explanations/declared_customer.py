"""One declared customer: an organisation, a reseller, a company's mail domain, or one card with domains of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from distillscan.detect.base import Candidate, Finding, percent
from distillscan.detect.claims import Claim, OwnDomainFacts, SharedHolderFacts
from distillscan.detect.mail_providers import provider_entities
from distillscan.result import Weight
from distillscan.score.explanations.base import (
    Common,
    ExplanationParameters,
    InnocentExplanation,
    Outcome,
    View,
    claiming,
    commonest,
    first_facts,
    reduction,
)
from distillscan.settings import threshold

_RESELLERS: Final = ("reseller", "partner", "marketplace", "distributor")


@dataclass(frozen=True)
class CustomerParameters(ExplanationParameters):
    """When accounts openly belong together."""

    declared_bits: float = threshold(-20.0, "bits", "of an openly declared customer: the sharing is explained")
    everybody: float = threshold(0.5, "share", "of all accounts above which an organisation declares nothing")
    company_share: float = threshold(0.5, "share", "of a domain's users who are members if it is a company's")
    unpaid: float = threshold(0.5, "times", "declared_bits for a company's domain without a common card")
    own_domains: int = threshold(2, "domains", "at most with which one card's holder says who it is")


class DeclaredCustomer(InnocentExplanation):
    """Accounts that openly belong to one customer. What else they share needs no other explanation."""

    text = "one declared customer (organisation, reseller, or company mail domain)"
    explains = frozenset({Claim.SHARED_HOLDER, Claim.OWN_DOMAIN})

    def test(self, view: View, findings: Sequence[Finding], p: CustomerParameters) -> Outcome:
        """Return whether an organisation, a reseller, a mail domain, or a card with domains declares the members."""
        candidate = view.candidate
        org = commonest(candidate, "org")
        if org is not None and _is_everybodys(candidate, "org", org, p):
            # A gateway's own organisation stands in every row: it declares nothing about some of the accounts.
            org = None
        domain = commonest(candidate, "email_domain")
        if org is not None and org.share >= p.declared_share:
            reason = f"{percent(org.share)} of the members belong to one organisation"
            return _declared("organisation", p.declared_bits, reason)
        kind = commonest(candidate, "account_type")
        if kind is not None and kind.share >= p.declared_share and any(r in kind.value.lower() for r in _RESELLERS):
            reason = f"{percent(kind.share)} of the members are declared as {kind.value}"
            return _declared("reseller", p.declared_bits, reason)
        if domain is not None and domain.share >= p.declared_share and _is_company(candidate, domain, p):
            return _company(candidate, domain, p)
        if (outcome := _card_and_domain(view, findings, p)) is not None:
            return outcome
        return _undeclared(candidate, org, domain, p)


def _declared(what: str, bits: float, reason: str) -> Outcome:
    return Outcome("holds", reason, Weight("coordination", f"declared: {what}", bits))


def _company(candidate: Candidate, domain: Common, p: CustomerParameters) -> Outcome:
    payment = commonest(candidate, "payment")
    paid = payment is not None and payment.share >= p.declared_share * payment.stated
    reason = f"{percent(domain.share)} of the members use the mail domain {domain.value}"
    bits = p.declared_bits if paid or payment is None else p.declared_bits * p.unpaid
    return _declared("mail domain", bits, f"{reason} and one payment method pays" if paid else reason)


def _undeclared(candidate: Candidate, org: Common | None, domain: Common | None, p: CustomerParameters) -> Outcome:
    """Nothing declares the members: what comes nearest to it."""
    if org is None and domain is None:
        reason = "the members have neither mail domains nor an organisation that is not the whole log's"
        return Outcome("not tested", reason)
    parts = []
    if org is not None:
        parts.append(f"the largest organisation has {percent(org.share)} of the members")
    if domain is not None and not _is_company(candidate, domain, p):
        provider = "public mail provider" if domain.entity in provider_entities() else "common mail domain"
        parts.append(f"{percent(domain.share)} use the {provider} {domain.value}, which anybody can")
    elif domain is not None:
        parts.append(f"the largest mail domain has {percent(domain.share)}")
    return Outcome("fails", "; ".join(parts))


def _is_company(candidate: Candidate, domain: Common, p: CustomerParameters) -> bool:
    """Whether a mail domain is a company's: not a known provider's, and mostly the members' own."""
    if domain.entity in provider_entities():
        return False
    users = candidate.population.dominant("email_domain") == np.uint64(domain.entity)
    return bool(np.count_nonzero(users[candidate.members]) >= p.company_share * np.count_nonzero(users))


def _is_everybodys(candidate: Candidate, kind: str, common: Common, p: CustomerParameters) -> bool:
    """Whether a value is that of most accounts of the log."""
    main = candidate.population.dominant(kind)
    return bool(np.count_nonzero(main == np.uint64(common.entity)) > p.everybody * candidate.population.size)


def _card_and_domain(view: View, findings: Sequence[Finding], p: CustomerParameters) -> Outcome | None:
    """One card over mail domains that are the members' own: a lab or agency that says who it is, if not all members do.

    What speaks for a common holder is then taken off; what else the members share is left.
    """
    cards = [f for f in findings if isinstance(f.facts, SharedHolderFacts) and f.facts.kind == "payment"]
    domains, payment = first_facts(findings, OwnDomainFacts), commonest(view.candidate, "payment")
    if payment is None or domains is None or not cards or payment.share < p.site_share:
        return None
    own = domains.members / view.candidate.members.size
    if own < p.site_share or domains.domains > p.own_domains:
        return None
    reason = (
        f"one payment method pays for {percent(payment.share)} of the members, "
        f"and {percent(own)} have a mail domain of their own"
    )
    explained = (*claiming(findings, Claim.OWN_DOMAIN), *cards)
    outcome = _declared("card and domain", round(reduction(view.findings, explained, p), 2), reason)
    return replace(outcome, takes_off=explained)


def taken_off_as_declared(view: View, p: CustomerParameters) -> tuple[Finding, ...]:
    """Return the findings by which one card and domains declare a customer: they are taken off once, and not again."""
    return DeclaredCustomer().test(view, view.findings, p).takes_off
