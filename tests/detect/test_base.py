"""What all detectors start from: traits and rates, and numbers as findings say them."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect import base
from distillscan.detect.base import Candidate, Comparison, Finding, evidence, percent, plural, rounded
from distillscan.detect.claims import Claim
from distillscan.detect.tokens import trait_tokens
from distillscan.population.accounts import Mask
from distillscan.population.graph import SIGNALS
from distillscan.population.stats import share_bits
from tests.support.populations import graph_of, population_of, signal_graph


class TestTrait:
    population = population_of([{"account_id": f"a{k}"} for k in range(6)])

    def test_it_is_said_of_those_of_whom_it_can_be_told(self) -> None:
        shows, able = self.population.mask(np.array([0, 2, 5])), self.population.mask(np.array([0, 1, 2, 4]))
        signals = trait_tokens(self.population, "dealt", 7, shows, able)
        assert signals.schema == SIGNALS
        accounts = self.population.profile.accounts["account"]
        assert signals.rows() == [
            (accounts[k], "dealt", 7, strength) for k, strength in ((0, 1), (1, 0), (2, 1), (4, 0))
        ]
        graph = signal_graph(self.population, signals)
        # The sixth shows it, but of it nothing is known.
        assert np.flatnonzero(graph.carriers("dealt", np.array([0]))).tolist() == [0, 2]
        assert np.flatnonzero(graph.observable["dealt"]).tolist() == [0, 1, 2, 4]

    def test_of_nobody_it_says_nothing(self) -> None:
        nobody = np.zeros(6, np.bool_)
        assert trait_tokens(self.population, "dealt", 7, nobody, nobody).equals(SIGNALS.to_frame())


MASKS = st.lists(st.booleans(), min_size=12, max_size=12).map(np.array)


@given(MASKS, MASKS, st.sets(st.integers(0, 11), min_size=1))
def test_rates_are_those_of_whom_it_can_be_told_half_a_case_added_outside(
    shows: Mask, able: Mask, chosen: set[int]
) -> None:
    candidate = Candidate(np.array(sorted(chosen), np.int64), graph_of(12, {}))
    found = candidate.compare(shows, able)
    assert (found.members, found.observable) == (len(chosen), sum(bool(able[k]) for k in chosen))
    assert found.shown == sum(bool(able[k] and shows[k]) for k in chosen)
    strangers = [k for k in range(12) if able[k] and k not in chosen]
    assert found.others == len(strangers)
    assert found.base_rate == (sum(bool(shows[k]) for k in strangers) + 0.5) / (len(strangers) + 1)


def test_rates_may_be_against_others_that_are_named() -> None:
    candidate = Candidate(np.arange(4), graph_of(12, {}))
    everyone, others = np.ones(12, np.bool_), np.arange(12) >= 8
    even = np.arange(12) % 2 == 0
    found = candidate.compare(even, everyone, peers=(others, "the rest"))
    assert found == Comparison(2, 4, 4, 2.5 / 5, 4, "the rest")
    assert (str(found), found.usual) == ("2 of 4 members", "50 % of the rest")
    assert candidate.compare(even, everyone, peers=(others, ""), elsewhere=~others).base_rate == 0.5 / 5


@given(MASKS, MASKS, st.sets(st.integers(0, 11), min_size=1), st.integers(0, 12), st.booleans())
def test_peers_are_the_same_whether_they_are_listed_or_only_counted(
    shows: Mask, able: Mask, chosen: set[int], users: int, shared: bool
) -> None:
    rows = [
        {"account_id": f"a{k}", "user_agent": "one" if k < users else f"other{'abcdefghijkl'[k]}"} for k in range(12)
    ]
    population = population_of(rows)
    shows.flags.writeable = able.flags.writeable = not shared
    with mock.patch.object(base, "ENOUGH_PEERS", 3):
        for _ in range(2):
            candidate = Candidate(np.array(sorted(chosen), np.int64), signal_graph(population))
            listed = candidate.compare(shows, able, peers=candidate.peers(able))
            assert candidate.compare_with_peers(shows, able) == listed


def test_a_comparison_weighs_no_more_than_its_cap() -> None:
    found = Comparison(shown=4, observable=4, members=8, base_rate=0.1, others=99)
    assert found.share_bits(8.0) == share_bits(4, 4, 0.1, 8.0)
    assert found.group_bits(8.0) == found.share_bits(8.0) / 2
    assert replace(found, base_rate=1.0).group_bits(8.0) == 0.0
    assert replace(found, base_rate=1.0).group_bits(8.0, base_rate_limit=0.1) == found.group_bits(8.0)


def test_evidence_is_rounded_and_attributed() -> None:
    finding = Finding(Claim.OTHER, "identity", "coordination", 1.23456, "text", {"a": np.float64(0.123456)})
    made = evidence("account_fanout", finding)
    assert made.detector == "account_fanout"
    assert made.bits == 1.23
    assert made.details == {"a": 0.1235}
    assert type(made.details["a"]) is float
    assert evidence("x", replace(finding, specific=False)).details == {"specific": False, "a": 0.1235}


def test_rounded_goes_into_lists_and_maps() -> None:
    assert rounded({"a": [np.int64(3), (1.00009,)], "b": "x"}) == {"a": [3, [1.0001]], "b": "x"}


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100 %"), (0.974, "97 %"), (0.004567, "0.46 %"), (0.0, "0 %"), (0.01, "1 %")]
)
def test_percent_is_readable(share: float, text: str) -> None:
    assert percent(share) == text


def test_nearly_all_is_not_said_as_all() -> None:
    assert percent(0.9996) == "99.9 %"


def test_very_small_shares_are_written_out() -> None:
    assert percent(0.5 / 1_000_001) == "0.00005 %"


@pytest.mark.parametrize(
    ("share", "text"), [(0.995, "99.5 %"), (0.9949, "99 %"), (0.00999, "1 %"), (0.000012, "0.0012 %")]
)
def test_decimals_are_shown_where_they_matter(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 bursts"), (1, "1 burst"), (2, "2 bursts"), (1234, "1,234 bursts")])
def test_numbers_are_said_with_what_they_count(number: int, text: str) -> None:
    assert plural(number, "burst") == text
