"""What single causes make of a candidate: traits, causes that tell the same, and how much of a wording is enough."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from distillscan.cluster import ClusterParameters
from distillscan.cluster.refine import refine
from tests.support.crowds import P, crowd, settled
from tests.support.populations import Carried, number, signal_graph, signals_of


class TestTraits:
    """What accounts do by themselves: all of which it can be told are compared, whether they do it or not."""

    population = crowd(1000)
    carried: ClassVar[Carried] = {
        "payment": {1: range(20)},
        "template": {2: range(20)},
        "dealt": {1: [*range(18), *range(100, 220)]},
    }

    def test_who_could_and_does_not_is_less_likely_a_member(self) -> None:
        present, absent = np.log2((18.5 / 21) / (120.5 / 981)), np.log2((2.5 / 21) / (860.5 / 981))
        assert 2.8 < present < 3.0
        members, bits = settled(self.population, self.carried, range(20), judged=["dealt"])
        assert members == list(range(20))
        base = np.log2(20 / 980) + 18.0
        assert bits == pytest.approx([base + present] * 18 + [base + absent] * 2)

    def test_of_whom_it_cannot_be_told_it_says_nothing(self) -> None:
        signals = signals_of(self.population, self.carried, ["dealt"])
        accounts = self.population.profile.accounts["account"]
        # Of the last member and of half of the strangers nothing is known.
        silent = accounts[[19, *range(510, 1000)]].implode()
        told = signals.filter(~((pl.col("strength") == 0) & pl.col("account").is_in(silent)))
        found = refine(signal_graph(self.population, told), np.arange(20), P)
        assert found is not None
        base = np.log2(20 / 980) + 18.0
        present = min(3.0, np.log2((18.5 / 20) / (120.5 / 491)))
        # Not to have it is log2 (1.5 / 20) / (370.5 / 491) = -3.3 bits, of which a trait is allowed three.
        absent = -3.0
        assert found.bits == pytest.approx([base + present] * 18 + [base + absent, base])

    def test_a_trait_that_others_have_as_often_does_not_count(self) -> None:
        usual = {**self.carried, "dealt": {1: [*range(18), *range(100, 982)]}}
        without = {kind: tokens for kind, tokens in self.carried.items() if kind != "dealt"}
        assert settled(self.population, usual, range(20), judged=["dealt"]) == settled(
            self.population, without, range(20)
        )


class TestRelatedCauses:
    """What is asked for is said in the wording; the program makes the network stack."""

    population = crowd(1000, tls_fingerprint=lambda k: f"t{k}", user_agent=lambda k: f"a{k}")
    base = float(np.log2(20 / 980)) + 9.0
    #: Two members in twenty lack what 120 of the others have: 2.9 bits for it, -2.9 against it.
    common: ClassVar[list[int]] = [*range(18), *range(100, 220)]
    present = float(np.log2((18.5 / 21) / (120.5 / 981)))
    absent = float(np.log2((2.5 / 21) / (860.5 / 981)))

    def bits(self, judged: Iterable[str] = (), **carried: Iterable[int]) -> list[float]:
        """Bits of the twenty who share a card, with one token of each kind given."""
        kinds: Carried = {"payment": {1: range(20)}, **{kind: {1: who} for kind, who in carried.items()}}
        members, bits = settled(self.population, kinds, range(20), judged=judged)
        assert members == list(range(20))
        return bits

    def test_of_the_same_sign_the_stronger_counts_alone(self) -> None:
        # Nine bits for a wording and three for asking for the same are nine.
        assert self.bits(["intent"], template=range(20), intent=range(20)) == pytest.approx([self.base + 9.0] * 20)
        # The weaker may be either: a wording that others use as well, a request that nobody else makes.
        assert self.bits(["intent"], ip=range(20), template=self.common, intent=range(18)) == pytest.approx(
            [self.base + 8.0 + 3.0] * 18 + [self.base + 8.0 - 3.0] * 2
        )
        # A stack is four bits, the program two.
        assert self.bits(ip=range(20), stack=range(20), tls=range(20)) == pytest.approx([self.base + 8.0 + 4.0] * 20)

    def test_of_opposite_signs_both_do(self) -> None:
        assert self.bits(["intent"], template=range(20), intent=self.common) == pytest.approx(
            [self.base + 9.0] * 18 + [self.base + 9.0 + self.absent] * 2
        )
        # Two use programs of their own over the common stack, which is -2 at most.
        assert self.bits(ip=range(20), stack=range(20), tls=range(18)) == pytest.approx(
            [self.base + 8.0 + 4.0] * 18 + [self.base + 8.0 + 4.0 - 2.0] * 2
        )

    def test_each_counts_where_the_other_is_not(self) -> None:
        assert self.bits(["intent"], ip=range(20), intent=self.common) == pytest.approx(
            [self.base + 8.0 + self.present] * 18 + [self.base + 8.0 + self.absent] * 2
        )
        assert self.bits(ip=range(20), tls=range(20)) == pytest.approx([self.base + 8.0 + 2.0] * 20)
        assert self.bits(ip=range(20), stack=range(20)) == pytest.approx([self.base + 8.0 + 4.0] * 20)

    def test_other_causes_add_up_as_ever(self) -> None:
        assert self.bits(["dealt"], template=range(20), dealt=self.common) == pytest.approx(
            [self.base + 9.0 + self.present] * 18 + [self.base + 9.0 + self.absent] * 2
        )

    def test_signatures_are_another_cause_than_conversations(self) -> None:
        ring = {1 + k: [k, (k + 1) % 20] for k in range(20)}
        talking = crowd(1000, prompt=lambda k: f"the story of number {k} " * 20, reasoning_signature=lambda k: f"s{k}")
        members, bits = settled(talking, {"conversation": ring, "signature": ring}, range(20))
        assert members == list(range(20))
        assert bits == pytest.approx([self.base + 9.0] * 20)
        # A long prompt says nothing of signatures: of the one member without any, none are known.
        talking = crowd(
            1000,
            prompt=lambda k: f"the story of number {k} " * 20,
            reasoning_signature=lambda k: None if k == 7 else f"s{k}",
        )
        unknown = number(talking, "p7")
        signed = [n for n in range(22) if n != unknown][:20]
        elsewhere = signed.pop()
        everyone = [*signed, elsewhere, unknown]
        pairs = {1 + k: [n, everyone[k - 1]] for k, n in enumerate(everyone)}
        some = {1 + k: [n, signed[k - 1]] for k, n in enumerate(signed)}
        carried: Carried = {"conversation": pairs, "signature": some, "template": {1: everyone}}
        members, bits = settled(talking, carried, everyone)
        assert members == sorted(everyone)
        base = np.log2(21 / 979) + 18.0
        # 19 of the twenty members whose signatures are known share them, as does no other account.
        absent = np.log2((1 - 19.5 / 21) / (1 - 0.5 / 980))
        expected = {unknown: base, elsewhere: base + absent}
        assert bits == pytest.approx([expected.get(n, base + 9.0) for n in members])


class TestTypicalPart:
    """A template makes up nine tenths of what the typical one of twenty does, and less of what two more do."""

    population = crowd(1000)

    def members(self, kind: str, first: float, second: float, p: ClusterParameters = P) -> list[int]:
        carried: Carried = {"payment": {1: range(20)}, "ip": {1: range(22)}, kind: {1: range(22)}}
        # Neither the mean (0.795) nor the most (1.0) is typical.
        part = {n: 0.6 if n < 8 else 0.9 if n < 17 else 1.0 for n in range(20)} | {20: first, 21: second}
        accounts = self.population.profile.accounts["account"].to_list()
        signals = signals_of(self.population, carried).with_columns(
            pl.when(pl.col("kind") == kind)
            .then(pl.col("account").replace_strict({accounts[n]: s for n, s in part.items()}, default=1.0))
            .otherwise(pl.col("strength"))
            .alias("strength")
        )
        found = refine(signal_graph(self.population, signals), np.arange(20), p)
        assert found is not None
        members: list[int] = found.members.tolist()
        return members

    def test_half_of_the_typical_members_part_makes_a_user(self) -> None:
        assert self.members("template", 0.45, 0.44) == list(range(21))
        assert self.members("template", 0.45, 0.44, replace(P, typical_part=0.4)) == list(range(22))

    def test_of_kinds_that_are_not_graded_any_good_part_does(self) -> None:
        assert self.members("system_template", 0.45, 0.44) == list(range(22))
