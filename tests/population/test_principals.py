"""Accounts that openly belong together are one principal; what anybody can have, or everybody states, joins nobody."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from distillscan.population.accounts import CREATED, PROMPTS, Population
from distillscan.population.principals import Principals
from tests.support.handmade import at
from tests.support.populations import number, population_of

Value = Callable[[int], Any]


def principals_of(count: int, **columns: Value) -> tuple[Population, Principals]:
    rows = [{"account_id": f"a{k:02d}", **{name: value(k) for name, value in columns.items()}} for k in range(count)]
    population = population_of(rows)
    return population, Principals(population)


def groups(population: Population, principals: Principals) -> list[list[int]]:
    """The accounts of each principal of several, by the number in their names."""
    names = [int(name[1:]) for name in population.profile.accounts["account_id"]]
    of = [[names[k] for k in np.flatnonzero(principals.principal == one)] for one in range(principals.size)]
    return sorted(sorted(one) for one in of if len(one) > 1)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"org_id": lambda k: "acme" if k < 4 else None}, [[0, 1, 2, 3]]),
        ({"org_id": lambda k: "acme" if k < 6 else f"o{k}"}, []),  # more than half: the gateway's own
        ({"org_id": lambda k: f"o{k % 3}" if k < 6 else None}, [[0, 3], [1, 4], [2, 5]]),
        # Pools are bought with cards and domains of their own.
        ({"payment_id": lambda _: "card", "email_domain": lambda _: "firm.example"}, []),
    ],
)  # fmt: skip
def test_who_belongs_together(columns: dict[str, Value], expected: list[list[int]]) -> None:
    population, principals = principals_of(10, **columns)
    assert groups(population, principals) == expected
    several = [len(group) for group in expected]
    assert principals.declared == (sum(several), len(several))
    assert principals.size == 10 - sum(several) + len(several)
    assert principals.accounts.sum() == 10


def test_without_anything_declared_numbers_are_the_accounts() -> None:
    population, principals = principals_of(7)
    assert principals.principal.tolist() == list(range(7))
    assert principals.accounts.tolist() == [1] * 7
    assert principals.numbers(population.profile.accounts["account"]).tolist() == list(range(7))


class TestOneCompany:
    """Four accounts of one company and six people, of whom one company account and one person were turned away."""

    population = population_of(
        [
            {
                "account_id": f"a{k}",
                "timestamp": at(100 * k + step),
                "org_id": "acme" if k < 4 else None,
                "ip": f"10.0.0.{k}" if k in (1, 5) else None,
                "account_created_at": at(0) if k == 2 else None,
                "prompt": "hello" if k == 3 else None,
                "account_type": f"type{k}",
                "status_code": 403 if step and k in (0, 5) else 200,
            }
            for k in range(10)
            for step in (0, 60)
        ]
    )
    principals = Principals(population)
    company = int(principals.principal[number(population, "a0")])

    def test_it_states_what_any_of_its_accounts_states(self) -> None:
        for kind in ("ip", CREATED, PROMPTS):
            assert self.principals.states(kind)[self.company]
        person = int(self.principals.principal[number(self.population, "a5")])
        assert np.flatnonzero(self.principals.states("ip")).tolist() == sorted([self.company, person])

    def test_it_is_active_as_long_as_any_of_its_accounts(self) -> None:
        first, last = self.population.active_hours
        begin, end = self.principals.active_hours
        assert begin[self.company] == first[number(self.population, "a0")]
        assert end[self.company] == last[number(self.population, "a3")]

    def test_it_is_turned_away_when_all_of_its_accounts_are(self) -> None:
        person = int(self.principals.principal[number(self.population, "a5")])
        assert np.flatnonzero(self.principals.turned_away).tolist() == [person]

    def test_its_dominant_entity_is_that_of_its_first_account(self) -> None:
        first = min(number(self.population, f"a{k}") for k in range(4))
        assert self.principals.dominant("account_type")[self.company] == self.population.dominant("account_type")[first]

    def test_its_members_are_its_accounts(self) -> None:
        accounts = sorted(number(self.population, f"a{k}") for k in range(4))
        assert self.principals.members(np.array([self.company])).tolist() == accounts
