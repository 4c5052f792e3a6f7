"""The table of kinds: what detectors declare, merged; it agrees with itself, and contradictions are said."""

from dataclasses import replace

import pytest

from distillscan.errors import UsageError
from distillscan.population.accounts import CREATED, PROMPTS
from distillscan.population.kinds import CAUSES, EGRESS, HOLDER, WORDING, Cause, Kind, Kinds
from distillscan.result import FAMILIES
from distillscan.score import ScoreParameters
from tests.support import planted
from tests.support.populations import KINDS

BY_NAME = {cause.name: cause for cause in CAUSES}
LINKING = {name: kind.seeding for name, kind in KINDS.items() if kind.seeding}
CROSSED = {name: kind.crossed_with for name, kind in KINDS.items() if kind.crossed_with}


def named(**attributes: object) -> set[str]:
    """Kinds with these attributes."""
    return {
        name for name, kind in KINDS.items() if all(getattr(kind, key) == value for key, value in attributes.items())
    }


def test_causes_have_families_and_caps() -> None:
    assert {cause.family for cause in CAUSES} == set(FAMILIES)
    assert all(0 < cause.cap <= ScoreParameters().family_cap for cause in CAUSES)
    assert list(KINDS.by_cause) == list(CAUSES)


def test_signed_reasoning_is_a_cause_of_its_own_and_tells_who_holds_the_accounts() -> None:
    assert KINDS["signature"].cause == Cause("signature", "identity", 9.0)
    assert [kind.name for kind in KINDS.by_cause[KINDS["signature"].cause]] == ["signature"]
    assert KINDS["conversation"].cause.family == "content"


def test_causes_that_tell_the_same_are_two_of_one_family() -> None:
    redundant = {cause: cause.redundant_with for cause in CAUSES if cause.redundant_with is not None}
    names = {cause.name: other.name for cause, other in redundant.items()}
    assert names == {"intent": "wording", "software": "stack", "returned": "conversation"}
    assert all(cause.family == other.family for cause, other in redundant.items())


def test_what_joins_accounts_also_holds_their_parts_together_and_gives_a_name() -> None:
    strong, weak = named(merge_strength="strong"), named(merge_strength="weak")
    assert strong | weak == set(LINKING)
    assert set(LINKING) | {"tls", "user_agent"} == set(KINDS) - named(id_priority=0)
    assert named(distinguishes_operators=True) == {"payment", "ip"} <= strong
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
    naming = [kind for kind in KINDS.values() if kind.id_priority]
    assert [kind.name for kind in sorted(naming, key=lambda kind: kind.id_priority)] == [
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
    ]


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
    assert named(low_degree=True) == {"conversation", "signature", "session", "returned"}
    assert named(is_share=True) == {"template"}
    assert [kind.name for kind in KINDS.by_cause[WORDING]] == ["template", "system_template"]


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
    assert KINDS.observable_through(BY_NAME[cause]) == entities


def test_detectors_carry_no_kind_that_is_not_in_the_table() -> None:
    assert len(planted.graph().kinds) >= 10
    assert set(planted.graph().kinds) <= set(KINDS)


def test_the_table_is_the_same_whatever_the_order_of_the_detectors() -> None:
    own = Kind("own", Cause("zeal", "timing", 2.0))
    other = Kind("other", Cause("absence", "timing", 2.0))
    holder = Kind("licence", HOLDER)
    declared = [("a", (own,)), ("b", (holder,)), ("c", (other, Kind("ip", EGRESS)))]
    for order in (declared, declared[::-1]):
        assert list(Kinds.declared(order)) == ["licence", "ip", "other", "own"]
    assert list(Kinds([Kinds.declared(declared)[name] for name in ("own", "ip")])) == ["ip", "own"]
    assert KINDS.observable_through(own.cause) == ()


def test_one_kind_may_be_declared_twice_but_not_differently() -> None:
    ip = Kind("ip", EGRESS, ("ip",))
    assert list(Kinds.declared([("a", (ip,)), ("b", (replace(ip),))])) == ["ip"]
    with pytest.raises(UsageError) as caught:
        Kinds.declared([("a", (ip,)), ("b", (replace(ip, seeding=0.5),))])
    assert str(caught.value) == (
        "detectors a and b declare the kind 'ip' differently: rename it in one of them, or declare the same in both"
    )


def test_two_causes_of_one_name_are_the_same() -> None:
    with pytest.raises(UsageError) as caught:
        Kinds.declared([("a", (Kind("licence", replace(HOLDER, cap=3.0)),))])
    assert str(caught.value) == (
        "detector a: the kind 'licence' has a cause 'holder' that differs from that of distillscan: "
        "use the same or rename it"
    )
