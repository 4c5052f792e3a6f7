"""Thresholds of scoring are parameters: another value gives another verdict, explanation or name."""

from dataclasses import replace

import numpy as np
import pytest

from distillscan.detect.base import Candidate, Finding
from distillscan.detect.claims import FACTS, DailyRhythmFacts, Facts, NoRestFacts, PivotFacts, SharedPoolFacts
from distillscan.score import ScoreParameters
from distillscan.score.combine import Probabilities
from distillscan.score.explanations import explain
from distillscan.score.rank import core_tokens
from distillscan.score.severity import severity
from tests.support.explained import ADOPTERS, EGRESS, RHYTHM
from tests.support.populations import graph_of

P = ScoreParameters()


@pytest.mark.parametrize(("least", "level"), [(0.5, "medium"), (0.49, "medium"), (0.51, "low")])
def test_medium_begins_where_it_is_set(least: float, level: str) -> None:
    verdict = Probabilities((), coordination=1.0, extraction=0.5, families=2)
    assert severity(verdict, 10**6, replace(P, medium_score=least)) == level


@pytest.mark.parametrize(("share", "named"), [(0.2, True), (0.21, False), (0.0, True)])
def test_a_cluster_is_named_after_what_so_many_members_carry(share: float, named: bool) -> None:
    candidate = Candidate(np.arange(15), graph_of(2000, {"payment": {5: range(3)}}))
    assert (core_tokens(candidate, replace(P, naming_share=share))[0] == "payment-0000000005") is named


@pytest.mark.parametrize(
    ("text", "facts", "setting", "verdict"),
    [
        (RHYTHM, NoRestFacts(0.1), {}, "holds"),
        (RHYTHM, NoRestFacts(0.1), {"resting": 0.1}, "fails"),
        (RHYTHM, DailyRhythmFacts(0.7), {}, "fails"),
        (RHYTHM, DailyRhythmFacts(0.7), {"usual_rhythm": 0.7}, "holds"),
        (ADOPTERS, PivotFacts(0.2, "all other accounts"), {}, "fails"),
        (ADOPTERS, PivotFacts(0.2, "all other accounts"), {"adopters": 0.19}, "holds"),
        (EGRESS, SharedPoolFacts(10, 20, 0.1, 4), {}, "fails"),
        (EGRESS, SharedPoolFacts(10, 20, 0.1, 4), {"egress_share": 0.51}, "holds"),
    ],
)
def test_explanations_hold_as_far_as_is_set(text: str, facts: Facts, setting: dict[str, float], verdict: str) -> None:
    claim = next(claim for claim, kind in FACTS.items() if isinstance(facts, kind))
    candidate = Candidate(np.arange(10), graph_of(50, {}))
    finding = Finding(claim, "timing", "extraction", 1.0, "said", facts=facts)
    found = explain(candidate, (finding,), 1, replace(P, **setting)).explanations  # type: ignore[arg-type]
    assert [e.verdict for e in found if e.explanation == text] == [verdict]
