"""Customers that say who they are: organisations, resellers, mail domains, and a card with a domain."""

from typing import Any

import pytest

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import Claim
from distillscan.result import Explanation, Verdict, Weight
from distillscan.score.explanations import explain
from tests.support.explained import CUSTOMER, P, domain, holder, most, pool, signup, stating
from tests.support.populations import numbers_of, population_of, signal_graph


def customer(**columns: list[str | None]) -> tuple[tuple[Weight, ...], Explanation]:
    found = explain(stating(**columns), (), 0, P)
    assert found.explanations[0].explanation == CUSTOMER
    return found.weights, found.explanations[0]


class TestCustomer:
    def test_one_organisation(self) -> None:
        weights, said = customer(org_id=most("org-1", 8, "org-2"))
        assert weights == (Weight("coordination", "declared: organisation", -20.0),)
        assert said == Explanation(CUSTOMER, "holds", "80 % of the members belong to one organisation")

    def test_an_organisation_of_fewer_is_not_enough(self) -> None:
        weights, said = customer(org_id=most("org-1", 7, "org-2"))
        assert weights == ()
        assert said == Explanation(CUSTOMER, "fails", "the largest organisation has 70 % of the members")

    @pytest.mark.parametrize(("strangers", "declares"), [(5, True), (6, False)])
    def test_an_organisation_of_more_than_half_of_all_accounts_declares_nothing(
        self, strangers: int, declares: bool
    ) -> None:
        # Ten members and five strangers are half of thirty accounts.
        rows = [{"account_id": f"m{k}", "org_id": "gateway"} for k in range(10)]
        rows += [{"account_id": f"x{k}", "org_id": "gateway" if k < strangers else f"o{k}"} for k in range(20)]
        population = population_of(rows)
        candidate = Candidate(numbers_of(population, "m"), signal_graph(population))
        found = explain(candidate, (), 0, P)
        assert [w.bits for w in found.weights] == ([-20.0] if declares else [])
        assert found.explanations[0].verdict == ("holds" if declares else "not tested")

    @pytest.mark.parametrize("kind", ["reseller", "Authorised-Reseller", "channel partner", "Marketplace"])
    def test_a_declared_reseller(self, kind: str) -> None:
        weights, said = customer(account_type=most(kind, 9, "free"))
        assert weights == (Weight("coordination", "declared: reseller", -20.0),)
        assert said == Explanation(CUSTOMER, "holds", f"90 % of the members are declared as {kind}")

    @pytest.mark.parametrize(("kind", "count"), [("individual", 10), ("reseller", 7)])
    def test_other_kinds_of_account_declare_nothing(self, kind: str, count: int) -> None:
        weights, said = customer(account_type=most(kind, count, "free"))
        assert weights == ()
        assert said == Explanation(
            CUSTOMER,
            "not tested",
            "the members have neither mail domains nor an organisation that is not the whole log's",
        )

    def test_the_organisation_comes_before_the_reseller(self) -> None:
        weights, _ = customer(org_id=most("o", 10), account_type=most("reseller", 10))
        assert [w.label for w in weights] == ["declared: organisation"]

    def test_a_mail_domain_of_their_own_and_one_payment(self) -> None:
        weights, said = customer(email_domain=most("corp.example", 9), payment_id=most("card", 8, "other"))
        assert weights == (Weight("coordination", "declared: mail domain", -20.0),)
        assert said == Explanation(
            CUSTOMER, "holds", "90 % of the members use the mail domain corp.example and one payment method pays"
        )

    def test_one_payment_is_judged_among_those_that_state_one(self) -> None:
        # Four of the five members with a card have the same: a share of 0.8 of those, though of 0.4 of all.
        domain = most("corp.example", 10)
        weights, _ = customer(email_domain=domain, payment_id=["c", "c", "c", "c", "d", *[None] * 5])
        assert weights[0].bits == -20.0
        weights, _ = customer(email_domain=domain, payment_id=["c", "c", "c", "d", "d", *[None] * 5])
        assert weights[0].bits == -10.0

    def test_with_cards_of_their_own_a_domain_explains_half(self) -> None:
        weights, said = customer(email_domain=most("corp.example", 10), payment_id=[f"c{k}" for k in range(10)])
        assert weights == (Weight("coordination", "declared: mail domain", -10.0),)
        assert said.reason == "100 % of the members use the mail domain corp.example"

    def test_where_payments_are_unknown_the_domain_stands_alone(self) -> None:
        weights, said = customer(email_domain=most("corp.example", 8, "gmail.com"))
        assert weights == (Weight("coordination", "declared: mail domain", -20.0),)
        assert said.verdict == "holds"

    def test_a_public_mail_provider_declares_nothing(self) -> None:
        weights, said = customer(email_domain=most("GMail.com", 10), payment_id=most("card", 10))
        assert weights == ()
        reason = "100 % use the public mail provider gmail.com, which anybody can"
        assert said == Explanation(CUSTOMER, "fails", reason)

    def test_both_are_said_where_neither_is_enough(self) -> None:
        weights, said = customer(
            org_id=most("o", 3, *(f"o{k}" for k in range(7))),
            email_domain=most("corp.example", 5, "gmail.com", "web.de"),
        )
        assert weights == ()
        assert said.reason == "the largest organisation has 30 % of the members; the largest mail domain has 50 %"

    def test_a_provider_is_one_listed_or_not_if_so_many_accounts_use_it(self) -> None:
        # As for ``account_fanout``: a domain on more than one per cent of all accounts, and on fifty, is a provider's.
        rows = [{"account_id": f"{'m' if k < 10 else 'x'}{k}", "email_domain": "throwaway.example"} for k in range(90)]
        population = population_of([*rows, *({"account_id": f"y{k}", "email_domain": "web.de"} for k in range(90))])
        candidate = Candidate(numbers_of(population, "m"), signal_graph(population))
        found = explain(candidate, (), 0, P)
        assert (found.weights, found.explanations[0].verdict) == ((), "fails")


class TestCardAndDomain:
    """One card that pays for most members, most of whom have one of two mail domains of their own."""

    domains = most("lab.example", 4, "agency.example", "agency.example", "gmail.com")

    def said(
        self,
        cards: int = 6,
        members: int = 7,
        domains: int = 2,
        without: Claim = Claim.OTHER,
        more: tuple[Finding, ...] = (),
    ) -> tuple[tuple[Weight, ...], Verdict, str]:
        candidate = stating(payment_id=most("card", cards, "a", "b", "c"), email_domain=self.domains)
        findings = (domain(3.0, members, domains), holder(4.5, members=cards), *more)
        found = explain(candidate, tuple(f for f in findings if f.claim != without), 2, P)
        return found.weights, found.explanations[0].verdict, found.explanations[0].reason

    def test_card_and_domain_are_taken_off_and_nothing_else(self) -> None:
        weights, verdict, reason = self.said()
        assert weights == (Weight("coordination", "declared: card and domain", -7.5),)
        assert (verdict, reason) == (
            "holds",
            "one payment method pays for 60 % of the members, and 70 % have a mail domain of their own",
        )
        # With sign-ups the family has 11.75 bits, of which nine count; those of the sign-ups are left.
        weights, _, _ = self.said(more=(signup(4.25),))
        assert weights == (Weight("coordination", "declared: card and domain", -4.75),)

    @pytest.mark.parametrize(
        "changed",
        [{"cards": 5}, {"members": 5}, {"domains": 3}, {"without": Claim.OWN_DOMAIN}, {"without": Claim.SHARED_HOLDER}],
        ids=str,
    )
    def test_it_takes_one_card_and_few_domains_of_most(self, changed: dict[str, Any]) -> None:
        assert self.said(**changed) == ((), "fails", "the largest mail domain has 40 %")

    def test_six_of_ten_with_a_domain_are_most(self) -> None:
        assert self.said(members=6)[1:] == (
            "holds",
            "one payment method pays for 60 % of the members, and 60 % have a mail domain of their own",
        )

    def test_a_card_is_taken_off_once(self) -> None:
        candidate = stating(payment_id=most("card", 9, "a"), email_domain=self.domains, ip=most("10.0.0.1", 10))
        weights = explain(candidate, (domain(1.0), holder(4.0), signup(3.0), pool(1.0)), 2, P).weights
        assert [w.label for w in weights] == ["declared: card and domain", "explained: one event"]
        assert sum(w.bits for w in weights) == -8.0
