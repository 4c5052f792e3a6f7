"""Clusters are sought among principals: what a company shares within itself ties nobody to it, nor it to others."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import polars as pl

from distillscan.cluster import ClusterParameters, find_among_principals
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from distillscan.population.principals import Principals
from distillscan.profile.tables import ACCOUNTS, LINKS, SCHEMAS, Profile, empty_profile
from tests.support.crowds import crowd
from tests.support.populations import KINDS, Carried, signals_of

P = ClusterParameters()
CROWD = 3000


@cache
def population(companies: tuple[range, ...]) -> Population:
    """People with a card, an address and a prompt of their own, some of whom name a company."""
    employer = {k: f"org{number}" for number, staff in enumerate(companies) for k in staff}
    return crowd(CROWD, org_id=employer.get)


def found(companies: Iterable[range], carried: Carried) -> list[list[int]]:
    """The candidates as the numbers in their accounts' names."""
    people = population(tuple(companies))
    names = [int(name[1:]) for name in people.profile.accounts["account_id"]]
    place = {name: k for k, name in enumerate(names)}
    numbered = {
        kind: {token: [place[k] for k in who] for token, who in tokens.items()} for kind, tokens in carried.items()
    }
    candidates = find_among_principals(Principals(people), signals_of(people, numbered), KINDS, P)
    return [sorted(names[k] for k in candidate.members.tolist()) for candidate in candidates]


def test_a_company_by_itself_is_no_candidate() -> None:
    staff = range(300)
    shared = {kind: {1: staff} for kind in ("template", "payment", "device", "ip", "ip_prefix")}
    assert found([staff], shared) == []
    # The same accounts without a company are one.
    assert found([], shared) == [list(staff)]


def test_two_companies_that_use_one_application_do_not_stand_out_from_its_other_users() -> None:
    one, other, users = range(42), range(50, 92), range(100, 600)
    carried: Carried = {
        "template": {1: [*one, *other, *users]},
        "payment": {1: one, 2: other},
        "ip": {1: one, 2: other},
        "device": {1: one, 2: other},
    }
    assert found([one, other], carried) == [[*one, *other, *users]]


def test_a_pool_behind_three_companies_is_one_candidate() -> None:
    parts = [range(30), range(40, 70), range(80, 110)]
    everybody = [k for part in parts for k in part]
    carried: Carried = {
        "template": {1: everybody},
        "ip": {1: everybody},
        "device": {1: everybody},
        "payment": dict(enumerate(parts, start=1)),
    }
    assert found(parts, carried) == [everybody]


def test_a_pool_of_strangers_is_found_beside_a_company_that_uses_its_wording() -> None:
    pool, staff = range(40), range(100, 160)
    carried: Carried = {"template": {1: [*pool, *staff]}, "ip": {1: pool, 2: staff}, "payment": {2: staff}}
    assert found([staff], carried) == [list(pool)]


def test_of_a_company_some_accounts_say_nothing_of_the_others() -> None:
    pool, staff = range(40), range(100, 160)
    carried: Carried = {
        "template": {1: [*pool, *range(100, 110)], 2: staff},
        "ip": {1: [*pool, *range(100, 110)], 2: staff},
    }
    # A sixth of the staff is no good part of what the company does.
    assert found([staff], carried) == [list(pool)]


def filled(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The rows with all columns of a schema: what is not given is 0."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(0)).cast(dtype).alias(name) for name, dtype in schema.items()
    )


def crowd_of(size: int, kinds: Iterable[str]) -> Population:
    """Accounts that each have one entity of each kind of their own."""
    hashes = np.sort(np.random.default_rng(7).integers(1, 2**63, size, np.uint64))
    accounts = pl.DataFrame({"account": hashes, "account_id": [""] * size})
    links = [pl.DataFrame({"account": hashes, "kind": [kind] * size, "entity": hashes}) for kind in kinds]
    empty = empty_profile()
    tables = {name: getattr(empty, name) for name in (*SCHEMAS, "columns")}
    tables |= {"accounts": filled(accounts, ACCOUNTS), "links": filled(pl.concat(links), LINKS).sort("account", "kind")}
    return Population(Profile(**tables))


def test_forty_accounts_are_found_among_a_million_with_thousands_of_groups() -> None:
    size, groups = 1_000_000, 600
    people = crowd_of(size, ("payment", "ip", "email_domain"))
    hashes = people.profile.accounts["account"].to_numpy()
    pool = np.arange(0, size, size // 40)
    # Forty that meet on addresses, and in tens on cards and mail domains, beside teams of ten that share all three.
    teams = [np.arange(10 * k + 1, 10 * k + 11) for k in range(groups)]
    shared = [(kind, 100 + k, team) for kind in ("payment", "ip", "email_domain") for k, team in enumerate(teams)]
    shared += [(kind, 1 + k // 10, pool[k : k + 10]) for kind in ("payment", "email_domain") for k in range(0, 40, 10)]
    shared += [("ip", 1, pool)]
    signals = pl.concat(
        pl.DataFrame({"account": hashes[who]}).select("account", kind=pl.lit(kind), token=pl.lit(token), strength=1.0)
        for kind, token, who in shared
    )
    candidates = find_among_principals(Principals(people), filled(signals, SIGNALS), KINDS, P)
    assert sorted(c.members.tolist() for c in candidates if c.members.size > 10) == [pool.tolist()]
    assert len(candidates) == groups + 1
