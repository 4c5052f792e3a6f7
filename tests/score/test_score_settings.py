"""Thresholds of scoring: where a verdict, an explanation or a name changes."""

from dataclasses import replace

import numpy as np
import pytest

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import FACTS, DailyRhythmFacts, Facts, NoRestFacts, PivotFacts, SharedPoolFacts
from distillscan.score import ScoreParameters
from distillscan.score.combine import Probabilities, severity
from distillscan.score.explanations import explain
from distillscan.score.rank import core_tokens
from tests.support.explained import ADOPTERS, EGRESS, RHYTHM
from tests.support.populations import graph_of

P = ScoreParameters()


@pytest.mark.parametrize(("least", "level"), [(0.5, "medium"), (0.49, "medium"), (0.51, "low")])
def test_medium_begins_where_it_is_set(least: float, level: str) -> None:
    verdict = Probabilities((), coordination=1.0, extraction=0.5, families=2)
    assert severity(verdict, 10**6, replace(P, medium_score=least)) == level


@pytest.mark.parametrize(("carriers", "named"), [(4, True), (3, True), (2, False)])
def test_a_cluster_is_named_after_what_a_fifth_of_the_members_carry(carriers: int, named: bool) -> None:
    candidate = Candidate(np.arange(15), graph_of(2000, {"payment": {5: range(carriers)}}))
    assert (core_tokens(candidate)[0] == "payment-0000000005") is named


@pytest.mark.parametrize(
    ("text", "facts", "verdict"),
    [
        (RHYTHM, NoRestFacts(0.19), "holds"),
        (RHYTHM, NoRestFacts(0.2), "fails"),
        (RHYTHM, DailyRhythmFacts(0.74), "fails"),
        (RHYTHM, DailyRhythmFacts(0.75), "holds"),
        (ADOPTERS, PivotFacts(0.2, "all other accounts"), "fails"),
        (ADOPTERS, PivotFacts(0.21, "all other accounts"), "holds"),
        (EGRESS, SharedPoolFacts(10, 20, 0.1, 4), "fails"),
        (EGRESS, SharedPoolFacts(9, 20, 0.1, 4), "holds"),
        (EGRESS, SharedPoolFacts(10, 20, 0.59, 4), "fails"),
        (EGRESS, SharedPoolFacts(10, 20, 0.6, 4), "holds"),
    ],
)
def test_explanations_hold_from_a_share_on(text: str, facts: Facts, verdict: str) -> None:
    assert verdicts(text, facts) == [verdict]


def verdicts(text: str, facts: Facts) -> list[str]:
    claim = next(claim for claim, kind in FACTS.items() if isinstance(facts, kind))
    candidate = Candidate(np.arange(10), graph_of(50, {}))
    finding = Finding(claim, "timing", "extraction", 1.0, "said", facts=facts)
    found = explain(candidate, (finding,), 1, P).explanations
    return [e.verdict for e in found if e.explanation == text]
