"""Splitting: pools joined by an accident come apart, one operator's pools stay together."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cluster import ClusterParameters, find_candidates
from distillscan.cluster.refine import refine
from distillscan.cluster.split import _declares, split
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints
from distillscan.population.graph import SignalGraph
from tests.support.handmade import at
from tests.support.pools import BOTH, ONE, POOLS, TWO, Carried, tokens
from tests.support.populations import graph_of, numbers_of, population_of, signal_graph, signals_of

P = ClusterParameters(min_accounts=5, lift=6.0, alike=0.7, resolution=1.0)


def parts(graph: SignalGraph, members: Iterable[int]) -> list[list[int]]:
    return sorted(part.tolist() for part in split(graph, np.array(sorted(members), np.int64), P))


#: Two pools: each has addresses and cards of its own.


class TestSplit:
    def test_two_pools_without_anything_in_common_come_apart(self) -> None:
        assert parts(graph_of(600, POOLS), BOTH) == [list(ONE), list(TWO)]

    @pytest.mark.parametrize("kind", ["signup", "email_domain", "ip_prefix", "system_template"])
    def test_one_accident_does_not_hold_them_together(self, kind: str) -> None:
        assert parts(graph_of(600, {**POOLS, kind: {99: BOTH}}), BOTH) == [list(ONE), list(TWO)]

    def test_two_do(self) -> None:
        carried = {**POOLS, "signup": {99: BOTH}, "email_domain": {98: BOTH}}
        assert parts(graph_of(600, carried), BOTH) == [BOTH]

    def test_kinds_that_link_nobody_hold_nothing_together(self) -> None:
        carried = {**POOLS, "tls": {99: BOTH}, "user_agent": {98: BOTH}, "rotation": {1: BOTH}}
        assert parts(graph_of(600, carried), BOTH) == [list(ONE), list(TWO)]

    @pytest.mark.parametrize("kind", ["payment", "device", "api_key", "session", "ip"])
    def test_a_pool_whose_cards_are_split_stays_together_over_any_strong_kind(self, kind: str) -> None:
        other = "device" if kind == "payment" else "payment"
        carried: Carried = {other: {**tokens(1, ONE, 8), **tokens(11, TWO, 8)}, kind: tokens(50, BOTH, 3)}
        assert parts(graph_of(600, carried), BOTH) == [BOTH]

    def test_alike_means_in_much_the_same_proportions(self) -> None:
        # Both use two addresses, the second pool n - 2 more: the cosine is 2 / (sqrt 2 sqrt n).
        def joined(n: int) -> list[list[int]]:
            addresses = {**tokens(1, BOTH, 2), **tokens(11, TWO, n - 2)}
            cards = {**tokens(1, ONE, 8), **tokens(11, TWO, 8)}
            return parts(graph_of(600, {"ip": addresses, "payment": cards}), BOTH)

        assert joined(4) == [BOTH]  # 0.707
        assert joined(5) == [list(ONE), list(TWO)]  # 0.632

    def test_leftovers_of_two_pools_do_not_bridge_them(self) -> None:
        some = [0, 1, 20, 21]
        carried: Carried = {
            "device": {**tokens(1, ONE[2:], 9), **tokens(11, TWO[2:], 9), **tokens(21, some, 9)},
            "payment": {1: ONE, 2: TWO},
        }
        assert [len(part) for part in parts(graph_of(900, carried), BOTH)] in ([22, 18], [18, 22], [20, 20])

    def test_a_part_may_join_parts_that_were_apart(self) -> None:
        three = range(40, 60)
        carried: Carried = {
            "device": {**tokens(1, ONE, 9), **tokens(11, TWO, 9), **tokens(21, three, 9)},
            # The third pool uses the cards of both in equal parts: cosine 0.707 with either.
            "payment": {1: [*ONE, *three], 2: [*TWO, *three]},
        }
        everyone = [*BOTH, *three]
        assert parts(graph_of(900, carried), everyone) == [everyone]
        assert parts(graph_of(900, carried), BOTH) == [list(ONE), list(TWO)]

    @staticmethod
    def met(kind: str, common: int, own: int) -> list[list[int]]:
        """Two pools, each member of which is on the given number of its pool's own tokens, with some in common.

        Every token is on two accounts: two of one pool, or one of each.
        """
        within = {1000 + k: [2 * k % 20, (2 * k + 1 + 2 * (k // 10)) % 20] for k in range(own)}
        beside = {2000 + k: [20 + a for a in pair] for k, pair in enumerate(within.values())}
        across = {3000 + k: [k % 20, 20 + k % 20] for k in range(common)}
        # The pools are held together by more than a conversation weighs.
        pools: Carried = {"ip": {**tokens(1, ONE, 20), **tokens(31, TWO, 20)}}
        return parts(graph_of(600, {**pools, kind: {**within, **beside, **across}}), BOTH)

    @pytest.mark.parametrize("kind", ["conversation", "signature", "session", "returned"])
    @pytest.mark.parametrize(
        ("common", "own", "together"),
        [(2, 0, False), (3, 0, True), (2, 10, False), (3, 27, True), (3, 28, False), (4, 36, True), (4, 37, False)],
    )
    def test_pools_that_meet_on_conversations_are_one(self, kind: str, common: int, own: int, together: bool) -> None:
        # Three at least, and a tenth of all that either has: of 27 and three, not of 28 and three.
        assert self.met(kind, common, own) == ([BOTH] if together else [list(ONE), list(TWO)])

    @pytest.mark.parametrize(("handing", "together"), [(3, False), (4, True)])
    def test_a_few_who_share_a_conversation_do_not_join_their_pools(self, handing: int, together: bool) -> None:
        # In the first pool all hand conversations on, in the second three or four of forty: a tenth makes it a habit.
        many = range(20, 60)
        within = {1000 + k: [k, (k + 1) % 20] for k in range(20)}
        across = {3000 + k: [k, 20 + k] for k in range(handing)}
        carried: Carried = {"ip": {**tokens(1, ONE, 20), **tokens(31, many, 20)}, "conversation": {**within, **across}}
        everyone = [*ONE, *many]
        assert sorted(parts(graph_of(900, carried), everyone)) == ([everyone] if together else [list(ONE), list(many)])

    @pytest.mark.parametrize(("using", "together"), [(3, False), (4, True)])
    def test_accidents_of_a_few_do_not_join_their_pools(self, using: int, together: bool) -> None:
        # The only mail domain and sign-up window that either has is the other's, but hardly anybody has any.
        first, second = range(40), range(40, 80)
        few = [*first[:using], *second[:using]]
        carried: Carried = {
            "ip": {**tokens(1, first, 20), **tokens(31, second, 20)},
            "email_domain": {500: few},
            "signup": {501: few},
        }
        everyone = [*first, *second]
        assert sorted(parts(graph_of(900, carried), everyone)) == (
            [everyone] if together else [list(first), list(second)]
        )

    def test_meeting_on_addresses_is_an_accident(self) -> None:
        across = {3000 + k: [k, 20 + k] for k in range(3)}
        assert parts(graph_of(600, {**POOLS, "ip": {**POOLS["ip"], **across}}), BOTH) == [list(ONE), list(TWO)]

    def test_two_accounts_found_no_group_but_stand_for_themselves(self) -> None:
        pair = {"device": {k: [40, 41] for k in range(1, 9)}}
        assert parts(graph_of(5000, {**POOLS, **pair}), [*BOTH, 40, 41]) == [list(ONE), list(TWO), [40, 41]]

    def test_groups_that_are_alike_only_as_wholes_are_joined_at_last(self) -> None:
        # On two cards the first set has (20, 0), the second (13, 14): a cosine of 0.68. Four others, (4, 1), go to
        # the first; with them that has (24, 1), which is 0.71.
        second, few = range(20, 47), range(50, 54)
        carried: Carried = {
            "ip": {**tokens(1, ONE, 20), **tokens(31, second, 20), **tokens(61, few, 20)},
            "payment": {1: [*ONE, *range(20, 33), *few], 2: [*range(33, 47), 50]},
        }
        graph = graph_of(5000, carried)
        assert parts(graph, [*ONE, *second]) == [list(ONE), list(second)]
        assert parts(graph, [*ONE, *few]) == [[*ONE, *few]]
        assert parts(graph, [*ONE, *second, *few]) == [[*ONE, *second, *few]]

    def test_members_that_carry_nothing_telling_stand_alone(self) -> None:
        assert parts(graph_of(600, POOLS), [*BOTH, 100, 101]) == [list(ONE), list(TWO), [100], [101]]

    def test_without_anything_telling_there_is_nothing_to_split(self) -> None:
        members = np.arange(30, 45)
        (whole,) = split(graph_of(600, {"ip": {1: range(300)}}), members, P)
        assert whole is members

    @given(
        st.dictionaries(st.integers(1, 30), st.sets(st.integers(0, 39), min_size=2, max_size=10), max_size=20),
        st.sets(st.integers(0, 59), min_size=2, max_size=40),
        st.randoms(use_true_random=False),
    )
    def test_every_member_is_in_one_part_whatever_the_order_of_signals(
        self, carried: dict[int, set[int]], chosen: set[int], random: Any
    ) -> None:
        graph = graph_of(500, {"ip": carried, "device": {1: [0, 1]}})
        members = np.array(sorted(chosen), np.int64)
        found = split(graph, members, P)
        assert sorted(n for part in found for n in part.tolist()) == members.tolist()
        assert all((np.diff(part) > 0).all() for part in found)
        signals = signals_of(graph.population, {"ip": carried, "device": {1: [0, 1]}})
        shuffled = signal_graph(graph.population, signals[random.sample(range(signals.height), signals.height)])
        assert [part.tolist() for part in split(shuffled, members, P)] == [part.tolist() for part in found]


class TestOneWordingOverTwoPools:
    """Sets ``a`` and ``b`` send the same wording; of a kind each set named in ``own`` has four tokens for itself.

    Where addresses and cards are stated, each account has one of its own as well.
    """

    def split(
        self,
        second: tuple[float, float],
        own: Mapping[str, str],
        shared: Mapping[str, int] | None = None,
        stated: bool = True,
        pooled: int = 20,
    ) -> list[list[str]]:
        rows = [
            {"account_id": f"{pool}{k:02d}", "timestamp": at(hour)}
            for pool, span in (("a", (0, 200)), ("b", second))
            for k in range(20)
            for hour in span
        ]
        if stated:
            rows = [{**row, "ip": f"at {row['account_id']}", "payment_id": f"of {row['account_id']}"} for row in rows]
        population = population_of([*rows, *({"account_id": f"x{k}"} for k in range(600))])
        sets = {name: numbers_of(population, name).tolist() for name in "ab"}
        a, b = sets["a"], sets["b"]
        carried: Carried = {"template": {1: [*a, *b]}}
        for kind, having in own.items():
            among = pooled if kind in ("ip", "conversation") else 20
            carried[kind] = {k: c for name in having for k, c in tokens(10 * ord(name), sets[name][:among]).items()}
        for kind, count in (shared or {}).items():
            carried[kind] = {**carried[kind], **tokens(1, [*a, *b], count)}
        graph = signal_graph(population, signals_of(population, carried))
        found = split(graph, np.array(sorted([*a, *b]), np.int64), P)
        names = population.profile.accounts["account_id"]
        return sorted(sorted(names[part.tolist()]) for part in found)

    a: ClassVar = [f"a{k:02d}" for k in range(20)]
    b: ClassVar = [f"b{k:02d}" for k in range(20)]

    pools: ClassVar = {"ip": "ab", "payment": "ab"}

    @pytest.mark.parametrize(
        "own",
        [pools, {"ip": "ab"}, {"payment": "ab"}, {"ip": "a", "payment": "a"}, {"ip": "b", "device": "ab"}],
        ids=["both", "addresses", "cards", "a only", "b only"],
    )
    def test_over_separate_pools_at_the_same_time_they_are_two(self, own: dict[str, str]) -> None:
        assert self.split((10, 190), own) == [self.a, self.b]

    @pytest.mark.parametrize(("start", "together"), [(200, True), (150, True), (148, False), (300, True)])
    def test_one_after_the_other_they_are_one_that_was_banned(self, start: float, together: bool) -> None:
        # They overlap by 200 - start hours, which is at once if it is more than half of the shorter one's hundred.
        expected = [[*self.a, *self.b]] if together else [self.a, self.b]
        assert self.split((start, start + 100), self.pools) == expected

    @pytest.mark.parametrize("own", [{"ip": "ab"}, {"payment": "ab"}, {"ip": "ab", "payment": "a"}, {"device": "ab"}])
    def test_where_addresses_or_cards_are_unknown_nothing_speaks_for_two(self, own: dict[str, str]) -> None:
        assert self.split((10, 190), own, stated=False) == [[*self.a, *self.b]]

    @pytest.mark.parametrize(("pooled", "together"), [(9, True), (10, False)])
    def test_a_pool_speaks_for_a_set_if_half_of_it_is_on_it(self, pooled: int, together: bool) -> None:
        expected = [[*self.a, *self.b]] if together else [self.a, self.b]
        assert self.split((10, 190), {"device": "ab", "ip": "ab"}, pooled=pooled) == expected

    @pytest.mark.parametrize("second", [(10, 190), (300, 400)])
    def test_who_hands_on_conversations_is_apart_from_who_does_not(self, second: tuple[float, float]) -> None:
        # Even if the one came after the other.
        assert self.split(second, {"device": "ab", "conversation": "a"}) == [self.a, self.b]

    def test_nobody_is_parted_from_those_on_the_same_devices(self) -> None:
        # Nine of the first set hand on conversations; with the eleven others they share every device.
        found = self.split((10, 190), {"device": "ab", "conversation": "a"}, pooled=9)
        assert found in ([self.a, self.b], [[*self.a, *self.b]])

    def test_who_is_tied_to_one_of_two_goes_to_it_alone(self) -> None:
        # Of the third set no address or card is known; it words its requests as both others do, and is on the devices
        # of the first. Its keys keep it together.
        rows = [
            {"account_id": f"{name}{k:02d}", "timestamp": at(hour)}
            for name, size in (("a", 20), ("b", 20), ("c", 12))
            for k in range(size)
            for hour in (0, 99)
        ]
        population = population_of([*rows, *({"account_id": f"x{k}"} for k in range(900))])
        a, b, c = (numbers_of(population, name).tolist() for name in "abc")
        carried: Carried = {
            "template": {1: [*a, *b, *c]},
            "ip": {**tokens(1, a, 8), **tokens(11, b, 8)},
            "payment": {**tokens(1, a), **tokens(11, b)},
            "device": {1: [*a, *c]},
            "api_key": tokens(1, c, 20),
        }
        graph = signal_graph(population, signals_of(population, carried))
        assert parts(graph, [*a, *b, *c]) == sorted([sorted([*a, *c]), b])

    def test_two_that_both_hand_them_on_are_not_told_apart_by_that(self) -> None:
        own = {"device": "ab", "conversation": "ab"}
        assert self.split((10, 190), own) == [[*self.a, *self.b]]
        # Nor are two that hand on to each other.
        assert self.split((10, 190), {"device": "ab", "conversation": "a"}, {"conversation": 1}) == [[*self.a, *self.b]]

    def test_neither_does_it_where_both_use_addresses_and_cards_of_their_own_account(self) -> None:
        assert self.split((10, 190), {"device": "ab"}) == [[*self.a, *self.b]]

    @pytest.mark.parametrize("kind", ["ip", "payment"])
    def test_neither_does_it_where_the_pools_overlap(self, kind: str) -> None:
        # One shared of five each: a cosine of 0.2, where 0.1 may be an accident.
        assert self.split((10, 190), self.pools, {kind: 1}) == [[*self.a, *self.b]]


def candidates(
    rows: list[dict[str, Any]], carried: Mapping[str, Mapping[int, str]], judged: Iterable[str] = ()
) -> list[list[str]]:
    """Names of the candidates in a log; each token is carried by the accounts that begin with a letter of its text."""
    population = population_of(rows)
    names = population.profile.accounts["account_id"]

    def having(letters: str) -> Ints:
        return numbers_of(population, *letters)

    by_number = {
        kind: {token: having(letters) for token, letters in carriers.items()} for kind, carriers in carried.items()
    }
    found: list[Candidate] = find_candidates(signal_graph(population, signals_of(population, by_number, judged)), P)
    return [sorted(names[c.members.tolist()]) for c in found]


class TestCandidatesAreSplit:
    rows: tuple[dict[str, Any], ...] = (
        *({"account_id": f"{pool}{k:02d}"} for pool in "abc" for k in range(12)),
        *(
            {
                "account_id": f"x{k}",
                "payment_id": f"c{k}",
                "device_id": f"d{k}",
                "ip": f"10.{k // 250}.{k % 250}.1",
                "prompt": f"is {k} odd",
            }
            for k in range(1500)
        ),
    )

    @staticmethod
    def pool(letter: str) -> list[str]:
        return [f"{letter}{k:02d}" for k in range(12)]

    def test_pools_that_one_window_of_sign_ups_joins_are_candidates_of_their_own(self) -> None:
        carried = {
            "payment": {1: "a", 2: "b", 3: "c"},
            "ip": dict(enumerate("aaabbbccc", start=1)),
            "signup": {1: "abc"},
        }
        assert sorted(candidates([*self.rows], carried)) == [self.pool(letter) for letter in "abc"]

    def test_a_pool_with_split_cards_is_one_candidate(self) -> None:
        carried = {"payment": {1: "a", 2: "b"}, "device": {1: "a", 2: "b"}, "ip": {1: "ab", 2: "ab", 3: "ab"}}
        assert candidates([*self.rows], carried) == [[*self.pool("a"), *self.pool("b")]]

    def test_a_whole_whose_parts_do_not_hold_alone_is_not_lost(self) -> None:
        # Fifty accounts signed up in one burst; ten pools of five, each with three addresses of its own. Five of 3,000
        # are a prior of -9.2, against eight bits for the addresses and four for the burst; fifty are one of -5.9.
        rows = [{"account_id": f"m{k:02d}", "account_created_at": at(0)} for k in range(50)]
        rows += [
            {"account_id": f"x{k}", "account_created_at": at(-k), "ip": f"10.{k // 250}.{k % 250}.1"}
            for k in range(2950)
        ]
        population = population_of(rows)
        members = numbers_of(population, "m")
        pools = {3 * k + j + 1: members[5 * k : 5 * k + 5] for k in range(10) for j in range(3)}
        graph = signal_graph(population, signals_of(population, {"signup": {1: members}, "ip": pools}))
        whole = refine(graph, members, P)
        assert whole is not None
        assert whole.members.tolist() == members.tolist()
        assert sorted(n for c in find_candidates(graph, P) for n in c.members.tolist()) == members.tolist()

    def test_parts_that_grow_back_to_the_whole_are_kept_whole(self) -> None:
        # Of one part only the cards are known, of the other only the addresses; what they share links nobody.
        everyone = {"system_template": {1: "ab"}, "rotation": {1: "ab"}, "tls": {1: "ab"}}
        carried = {**everyone, "payment": {1: "a", 2: "a"}, "ip": {1: "b", 2: "b"}}
        assert candidates([*self.rows], carried, judged=["rotation"]) == [[*self.pool("a"), *self.pool("b")]]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ([7, 7, 7, 7, 7], [0, 0, 0, 0, 0], True),
        ([7, 7, 7, 7, 0], [7, 0, 0, 0, 0], True),
        ([7, 7, 7, 0, 0], [0, 0, 0, 0, 0], False),
        ([7, 7, 7, 7, 7], [7, 7, 0, 0, 0], False),
        ([0, 0, 0, 0, 0], [7, 7, 7, 7, 7], False),
        ([7, 7, 7, 7], [0, 0, 0, 0], False),
    ],
)
def test_who_openly_belongs_to_somebody_is_no_part_of_others(
    mine: list[int], theirs: list[int], expected: bool
) -> None:
    assert _declares(np.array(mine, np.uint64), np.array(theirs, np.uint64), P) is expected
