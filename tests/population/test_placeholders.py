"""Values that stand for none are no evidence: told by their name, or by how many strangers share them."""

from typing import Any

import pytest

from distillscan.population.placeholders import without_placeholders
from distillscan.profile import merge, profile_batch
from distillscan.profile.tables import Profile
from tests.support.handmade import at, canonical


def profile(count: int, **columns: Any) -> Profile:
    """Accounts with values by their number: of each column a function, or one value for all."""
    rows = [
        {
            "account_id": f"a{k}",
            "timestamp": at(k),
            "prompt": "p",
            **{name: value(k) if callable(value) else value for name, value in columns.items()},
        }
        for k in range(count)
    ]
    return merge([profile_batch(canonical(rows))])


def left(found: Profile, kind: str) -> list[str]:
    return sorted(found.entities.filter(found.entities["kind"] == kind)["value"].to_list())


@pytest.mark.parametrize(
    "value", ["unknown", "Unknown", "UNKNOWN", "default", "0" * 16, "00000000-" + "0000-" * 3 + "0" * 12]
)
@pytest.mark.parametrize(("column", "kind"), [("device_id", "device"), ("payment_id", "payment"), ("org_id", "org")])
def test_a_name_is_enough(column: str, kind: str, value: str) -> None:
    found = without_placeholders(profile(6, **{column: lambda k: value if k < 2 else f"own-{k}"}))
    assert left(found.profile, kind) == [f"own-{k}" for k in range(2, 6)]
    (note,) = found.notes
    assert note.endswith(f"{value} is a placeholder and no evidence: 2 accounts of 6 have it")


def test_mail_domains_that_nobody_has() -> None:
    found = without_placeholders(profile(4, email_domain=lambda k: "example.com" if k < 2 else "gmail.com"))
    assert left(found.profile, "email_domain") == ["gmail.com"]


@pytest.mark.parametrize(
    ("holders", "clients", "dropped"),
    [
        (60, 1, True),  # half of 120 accounts: no operator
        (59, 1, False),  # fewer, and all with one client: perhaps one
        (36, 6, True),  # fewer, with clients as varied as everybody's: strangers
        (29, 6, False),  # too few to tell
    ],
)
def test_an_implausible_part_of_all_accounts(holders: int, clients: int, dropped: bool) -> None:
    log = profile(
        120,
        payment_id=lambda k: "pm_1" if k < holders else f"pm_own_{k}",
        user_agent=lambda k: f"agent-{'abcdef'[k % (clients if k < holders else 6)]}",
    )
    found = without_placeholders(log)
    assert ("pm_1" not in left(found.profile, "payment")) == dropped
    assert bool(found.notes) == dropped


def test_what_anybody_shares_is_left_alone() -> None:
    log = profile(100, email_domain="gmail.com", org_id="org-1", country="DE", user_agent="agent/1", ip="192.0.2.1")
    found = without_placeholders(log)
    assert found.profile is log
    assert found.notes == ()
