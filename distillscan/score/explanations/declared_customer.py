"""One declared customer: an organisation, a reseller, a company's mail domain, or one card with domains of its own."""

from dataclasses import replace
from typing import Final

import numpy as np

from distillscan.detect.base import Finding, percent
from distillscan.detect.claims import Claim, OwnDomainFacts, SharedHolderFacts
from distillscan.detect.mail_providers import provider_entities
from distillscan.population.principals import EVERYBODY
from distillscan.result import Weight
from distillscan.score.explanations.base import SITE_SHARE, Common, InnocentExplanation, Outcome, View, commonest

_RESELLERS: Final = ("reseller", "partner", "marketplace", "distributor")
#: Part of ``declared_bits`` that a company's mail domain takes off where no common card pays for it.
_UNPAID: Final = 0.5


class DeclaredCustomer(InnocentExplanation):
    """Accounts that openly belong to one customer. What else they share needs no other explanation."""

    text = "one declared customer (organisation, reseller, or company mail domain)"
    explains = frozenset({Claim.SHARED_HOLDER, Claim.OWN_DOMAIN})

    def test(self, view: View) -> Outcome:
        """Return whether an organisation, a reseller, a mail domain, or a card with domains declares the members."""
        candidate, p = view.candidate, view.p
        org, kind, domain = (commonest(candidate, what) for what in ("org", "account_type", "email_domain"))
        if (
            org is not None
            and candidate.population.count_main_users("org", org.entity) > EVERYBODY * candidate.population.size
        ):
            org = None
        if org is not None and org.share >= p.declared_share:
            reason = f"{percent(org.share)} of the members belong to one organisation"
            return _declared("organisation", p.declared_bits, reason)
        if kind is not None and kind.share >= p.declared_share and any(r in kind.value.lower() for r in _RESELLERS):
            reason = f"{percent(kind.share)} of the members are declared as {kind.value}"
            return _declared("reseller", p.declared_bits, reason)
        if domain is not None and domain.share >= p.declared_share and _is_company(view, domain):
            return _company(view, domain)
        return _card_and_domain(view) or _undeclared(view, org, domain)


def _declared(what: str, bits: float, reason: str, takes_off: tuple[Finding, ...] = ()) -> Outcome:
    return Outcome("holds", reason, Weight("coordination", f"declared: {what}", min(0.0, bits)), takes_off)


def _is_company(view: View, domain: Common) -> bool:
    """Whether a mail domain is a company's: not a known provider's, and mostly the members' own."""
    population, members = view.candidate.population, view.candidate.members
    inside = np.count_nonzero(population.dominant("email_domain")[members] == np.uint64(domain.entity))
    mostly_own = inside >= view.p.company_share * population.count_main_users("email_domain", domain.entity)
    return bool(mostly_own) and domain.entity not in provider_entities()


def _company(view: View, domain: Common) -> Outcome:
    payment = commonest(view.candidate, "payment")
    paid = payment is not None and payment.share >= view.p.declared_share * payment.stated
    reason = f"{percent(domain.share)} of the members use the mail domain {domain.value}"
    bits = view.p.declared_bits if paid or payment is None else view.p.declared_bits * _UNPAID
    return _declared("mail domain", bits, f"{reason} and one payment method pays" if paid else reason)


def _card_and_domain(view: View) -> Outcome | None:
    """One card over mail domains that are the members' own: a lab or agency that says who it is, if not all members do.

    What speaks for a common holder is then taken off; what else the members share is left.
    """
    cards = [f for f in view.findings if isinstance(f.facts, SharedHolderFacts) and f.facts.kind == "payment"]
    domains, payment = view.first_facts(OwnDomainFacts), commonest(view.candidate, "payment")
    if payment is None or domains is None or not cards or payment.share < SITE_SHARE:
        return None
    own = domains.members / view.candidate.members.size
    if own < SITE_SHARE or domains.domains > view.p.own_domains:
        return None
    reason = (
        f"one payment method pays for {percent(payment.share)} of the members, "
        f"and {percent(own)} have a mail domain of their own"
    )
    explained = (*view.claiming(Claim.OWN_DOMAIN), *cards)
    return _declared("card and domain", view.reduction(explained), reason, explained)


def _undeclared(view: View, org: Common | None, domain: Common | None) -> Outcome:
    """Nothing declares the members: what comes nearest to it."""
    if org is None and domain is None:
        reason = "the members have neither mail domains nor an organisation that is not the whole log's"
        return Outcome("not tested", reason)
    parts = []
    if org is not None:
        parts.append(f"the largest organisation has {percent(org.share)} of the members")
    if domain is not None and _is_company(view, domain):
        parts.append(f"the largest mail domain has {percent(domain.share)}")
    elif domain is not None:
        provider = "public mail provider" if domain.entity in provider_entities() else "common mail domain"
        parts.append(f"{percent(domain.share)} use the {provider} {domain.value}, which anybody can")
    return Outcome("fails", "; ".join(parts))


def without_declared(view: View) -> View:
    """Return what is left to explain but for a card and domains that declare a customer: they are taken off once."""
    return view.without(DeclaredCustomer().test(replace(view, findings=view.every)).takes_off)
