"""Thresholds of scoring are parameters: another value gives another verdict, explanation or name."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from distillscan.detect.base import Candidate
from distillscan.parameters import ScoreParameters
from distillscan.result import Evidence
from distillscan.score.combine import Verdict, severity
from distillscan.score.explanations import _adopters, _egress, _rhythm
from distillscan.score.rank import core_tokens
from tests.support.populations import graph_of

P = ScoreParameters()


def said(detector: str, **details: Any) -> tuple[Evidence, ...]:
    return (Evidence(detector, "timing", "extraction", 1.0, "said", details),)


@pytest.mark.parametrize(("least", "level"), [(0.5, "medium"), (0.49, "medium"), (0.51, "low")])
def test_medium_begins_where_it_is_set(least: float, level: str) -> None:
    verdict = Verdict((), coordination=1.0, extraction=0.5, families=2)
    assert severity(verdict, 10**6, replace(P, medium_score=least)) == level


@pytest.mark.parametrize(("share", "named"), [(0.2, True), (0.21, False), (0.0, True)])
def test_a_cluster_is_named_after_what_so_many_members_carry(share: float, named: bool) -> None:
    candidate = Candidate(np.arange(15), graph_of(2000, {"payment": {5: range(3)}}))
    assert (core_tokens(candidate, replace(P, naming_share=share))[0] == "payment-0000000005") is named


@pytest.mark.parametrize(("setting", "verdict"), [({}, "holds"), ({"resting": 0.1}, "fails")])
def test_people_may_leave_so_many_jobs_running(setting: dict[str, float], verdict: str) -> None:
    rhythm = _rhythm(said("output_harvest", sleepless=0.1), replace(P, **setting))  # type: ignore[arg-type]
    assert rhythm.verdict == verdict


@pytest.mark.parametrize(("setting", "verdict"), [({}, "fails"), ({"usual_rhythm": 0.7}, "holds")])
def test_people_keep_to_their_day_so_strictly(setting: dict[str, float], verdict: str) -> None:
    rhythm = _rhythm(said("output_harvest", daily_rhythm=0.7), replace(P, **setting))  # type: ignore[arg-type]
    assert rhythm.verdict == verdict


@pytest.mark.parametrize(("setting", "verdict"), [({}, "fails"), ({"adopters": 0.19}, "holds")])
def test_so_many_others_that_moved_explain_a_move(setting: dict[str, float], verdict: str) -> None:
    moved = said("release_pivot", mean_share=0.6, rate_outside=0.2, compared_with="all other accounts")
    found = _adopters(moved, replace(P, **setting))  # type: ignore[arg-type]
    assert found is not None
    assert found.verdict == verdict


@pytest.mark.parametrize(("setting", "verdict"), [({}, "fails"), ({"egress_share": 0.51}, "holds")])
def test_so_many_strangers_make_an_address_a_carrier(setting: dict[str, float], verdict: str) -> None:
    pool = {"accounts_on_them": 20, "members_sharing": 10, "largest_network_share": 0.1, "networks": 4}
    found = _egress(said("infrastructure_overlap", **pool), replace(P, **setting))  # type: ignore[arg-type]
    assert found.verdict == verdict
