"""The table of kinds: it agrees with itself, with what detectors say, and with what each step takes from it."""

import pytest

from distillscan.parameters import ScoreParameters
from distillscan.population.accounts import CREATED, PROMPTS
from distillscan.population.kinds import (
    CROSSED,
    DECLARING,
    GRADED,
    KINDS,
    KNOWN_BY,
    LINKING,
    NAMING,
    OWNERS,
    PAIRING,
    RETELLING,
    SEPARATING,
    STRONG,
    WEAK,
    WORDING,
    Cause,
)
from distillscan.result import FAMILIES
from tests.support import planted

CAUSES = {kind.cause.name: kind.cause for kind in KINDS.values()}


def test_causes_have_families_and_caps() -> None:
    assert {cause.family for cause in CAUSES.values()} == set(FAMILIES)
    assert all(0 < cause.cap <= ScoreParameters().family_cap for cause in CAUSES.values())
    # Kinds of one cause count once, so they must agree on what it is.
    assert all(kind.cause is CAUSES[kind.cause.name] for kind in KINDS.values())


def test_signed_reasoning_is_a_cause_of_its_own_and_tells_who_holds_the_accounts() -> None:
    assert KINDS["signature"].cause == Cause("signature", "identity", 9.0)
    assert [name for name, kind in KINDS.items() if kind.cause.name == "signature"] == ["signature"]
    assert KINDS["conversation"].cause.family == "content"


def test_causes_that_tell_the_same_are_two_of_one_family() -> None:
    assert RETELLING == {"intent": "wording", "software": "stack", "returned": "conversation"}
    assert all(CAUSES[one].family == CAUSES[other].family for one, other in RETELLING.items())


def test_what_joins_accounts_also_holds_their_parts_together_and_gives_a_name() -> None:
    assert set(STRONG) | set(WEAK) == set(LINKING)
    assert not set(STRONG) & set(WEAK)
    assert set(LINKING) | {"tls", "user_agent"} == set(NAMING)
    assert set(SEPARATING) <= set(STRONG)
    assert all(0 < factor <= 1 for factor in LINKING.values())


def test_communities_are_sought_in_one_order() -> None:
    # The order of the tokens in the graph decides, a little, what Leiden finds.
    assert list(LINKING) == [
        "template",
        "system_template",
        "conversation",
        "signature",
        "returned",
        "payment",
        "device",
        "api_key",
        "session",
        "ip",
        "ip_prefix",
        "signup",
        "email_domain",
    ]


def test_a_cluster_is_named_after_its_most_telling_kind() -> None:
    assert NAMING == (
        "template",
        "system_template",
        "payment",
        "device",
        "api_key",
        "session",
        "signature",
        "ip",
        "ip_prefix",
        "email_domain",
        "signup",
        "tls",
        "user_agent",
        "conversation",
        "returned",
    )


def test_only_what_is_too_common_to_join_accounts_by_itself_is_crossed_and_each_pair_once() -> None:
    assert list(CROSSED) == ["rotation", "stack", "signup", "dealt", "intent"]
    pairs = [frozenset((one, other)) for one, partners in CROSSED.items() for other in partners]
    assert len(set(pairs)) == len(pairs) == 24
    assert all(len(pair) == 2 and pair <= set(KINDS) for pair in pairs)
    assert all(LINKING.get(name, 0) <= 0.5 for pair in pairs for name in pair)
    # Two kinds of one cause meet by nature.
    met = [{KINDS[name].cause.name for name in pair} for pair in pairs]
    assert [names for names in met if len(names) < 2] == [{"registration"}]


def test_kinds_of_few_carriers_and_shares_of_all_use() -> None:
    assert {"conversation", "signature", "session", "returned"} == PAIRING
    assert {"template"} == GRADED
    assert WORDING == ("template", "system_template")
    assert SEPARATING == ("payment", "ip")
    assert set(OWNERS) < set(DECLARING)


@pytest.mark.parametrize(
    ("cause", "entities"),
    [
        ("wording", (PROMPTS, "system_prompt")),
        ("holder", ("payment", "device", "api_key", "session")),
        ("egress", ("ip",)),
        ("registration", (CREATED, "email_domain")),
        ("software", ("tls", "user_agent")),
        ("returned", ("output_line", "input_line")),
        ("pivot", ()),
        ("intent", ()),
    ],
)
def test_a_cause_is_known_by_the_entities_of_all_its_kinds(cause: str, entities: tuple[str, ...]) -> None:
    assert KNOWN_BY[cause] == entities
    assert set(KNOWN_BY) == set(CAUSES)


def test_detectors_carry_no_kind_that_is_not_in_the_table() -> None:
    assert len(planted.graph().kinds) >= 10
    assert set(planted.graph().kinds) <= set(KINDS)
