from dataclasses import replace

import pytest

from distillscan.detect.base import Finding
from distillscan.detect.claims import Claim
from distillscan.detect.registry import builtin
from distillscan.population.stats import probability
from distillscan.result import Axis, Family, Weight
from distillscan.score import ScoredCluster, ScoreParameters, score_candidates
from distillscan.score.combine import combine, severity
from tests.support import planted


def scored(p: ScoreParameters = planted.PARAMETERS.score) -> list[ScoredCluster]:
    return score_candidates(planted.candidates(), builtin(), planted.PARAMETERS.detectors, p)


def test_only_the_campaign_is_high() -> None:
    found = scored()
    assert found[0].severity == "high"
    assert planted.names(found[0].candidate.members)[0] == "camp-000"
    assert all(s.severity == "low" for s in found[1:])
    assert [e.verdict for e in found[0].explanations] == ["fails"] * 7


def test_weights_add_up_to_the_probabilities_on_the_page() -> None:
    found = scored()
    for one in found:
        for axis in ("coordination", "extraction"):
            total = sum(w.bits for w in one.probabilities.weights if w.axis == axis)
            assert getattr(one.probabilities, axis) == pytest.approx(probability(total), abs=1e-4)
        families = {w.label: w.bits for w in one.probabilities.weights if w.axis == "coordination"}
        for family in ("content", "identity", "network", "timing"):
            parts = sum(e.bits for e in one.evidence if e.axis == "coordination" and e.family == family)
            assert families.get(family, 0) <= parts + 0.02


def test_what_is_not_worth_reporting_is_left_out() -> None:
    assert scored(ScoreParameters(report_coordination=0.9999)) == []


P = ScoreParameters()


def piece(family: Family, bits: float, axis: Axis = "coordination", *, specific: bool = True) -> Finding:
    return Finding(Claim.OTHER, family, axis, bits, "s", specific=specific)


HARVEST = piece("content", 6.0, "extraction")


def test_one_family_never_reaches_high_whatever_its_weight() -> None:
    evidence = (*(piece("network", 8.0) for _ in range(9)), HARVEST)
    assert severity(combine(evidence, (), P), 10**6, P) == "low"


def test_two_families_do() -> None:
    verdict = combine((piece("network", 8.0), piece("content", 8.0), HARVEST), (), P)
    assert verdict.families == 2
    assert severity(verdict, 100, P) == "high"
    assert severity(replace(verdict, extraction=0.999), 10**6, P) == "critical"
    assert severity(replace(verdict, extraction=0.999), P.critical_requests - 1, P) == "high"


def test_a_declared_relation_explains_the_sharing() -> None:
    evidence = (piece("network", 8.0), piece("content", 8.0), piece("identity", 9.0), HARVEST)
    verdict = combine(evidence, (Weight("coordination", "declared: organisation", P.declared_bits),), P)
    assert verdict.coordination < 0.05
    assert severity(verdict, 10**6, P) == "low"


def test_no_harvest_no_high() -> None:
    verdict = combine((piece("network", 8.0), piece("content", 8.0)), (), P)
    assert verdict.coordination > 0.98
    assert severity(verdict, 10**6, P) == "low"


def test_a_family_that_does_not_count_weighs_all_the_same() -> None:
    evidence = (piece("content", 9.0), piece("timing", 4.0), piece("network", 2.0), HARVEST)
    counted, idle = combine(evidence, (), P), combine(evidence, (), P, frozenset({"timing"}))
    assert [(v.families, v.idle) for v in (counted, idle)] == [(2, 0), (1, 1)]
    assert (counted.weights, counted.score) == (idle.weights, idle.score)
    assert [severity(verdict, 10, P) for verdict in (counted, idle)] == ["high", "medium"]


def test_between_is_medium() -> None:
    verdict = combine((piece("network", 6.5), piece("content", 6.5), HARVEST), (), P)
    assert 0.5 < verdict.coordination < 0.95
    assert severity(verdict, 10, P) == "medium"


@pytest.mark.parametrize(
    ("network", "line", "total"), [(7.0, None, 5.0), (6.99, -0.01, 4.98), (5.0, -2.0, 1.0), (4.5, -2.5, 0.0)]
)
def test_sums_that_were_right_less_often_than_they_say_say_less(network: float, line: float, total: float) -> None:
    # Below five bits each missing one counts twice.
    p = ScoreParameters(prior_coordination=-10.0, calibrated_from=5.0, calibration=1.0)
    evidence = (piece("content", 8.0), piece("network", network), piece("content", 1.5, "extraction"))
    verdict = combine(evidence, (), p)
    lines = [w.bits for w in verdict.weights if w.label == "calibration"]
    assert lines == ([line] if line else [])
    assert verdict.coordination == pytest.approx(probability(total), abs=1e-4)
    # Extraction is not calibrated.
    assert verdict.extraction == 0.5
    off = combine(evidence, (), replace(p, calibration=0.0))
    assert off.coordination == pytest.approx(probability(network - 2.0), abs=1e-4)


def test_what_is_declared_is_calibrated_with_the_rest() -> None:
    p = ScoreParameters(prior_coordination=-10.0, calibrated_from=5.0, calibration=1.0)
    declared = (Weight("coordination", "explained: one event", -3.0),)
    verdict = combine((piece("content", 8.0), piece("network", 8.0)), declared, p)
    assert Weight("coordination", "calibration", -2.0) in verdict.weights
    assert verdict.coordination == pytest.approx(probability(1.0), abs=1e-4)


def sign(bits: float, family: Family = "timing", *, specific: bool = True) -> Finding:
    return piece(family, bits, "extraction", specific=specific)


@pytest.mark.parametrize(("bits", "line", "total"), [(2.5, None, 2.5), (2.6, -0.1, 2.5), (7.0, -4.5, 2.5)])
def test_what_spam_shows_as_well_counts_a_little_for_harvesting(bits: float, line: float, total: float) -> None:
    p = ScoreParameters(prior_extraction=-1.5, unspecific_cap=2.5)
    shown = (sign(bits - 1.0, specific=False), sign(1.0, "network", specific=False))
    verdict = combine(shown, (), p)
    assert [w.bits for w in verdict.weights if w.label == "unspecific"] == ([line] if line else [])
    assert verdict.extraction == pytest.approx(probability(total - 1.5), abs=1e-4)
    # What is specific is not held down, nor does it take the place of the rest.
    assert combine((*shown, sign(2.0)), (), p).extraction == pytest.approx(probability(total + 0.5), abs=1e-4)


@pytest.mark.parametrize(
    ("specific", "line", "total"),
    [
        # Nine bits are left of the family, four of them specific: of the other five two and a half may count.
        (4.0, -2.5, 6.5),
        (7.0, None, 9.0),
        (6.0, -0.5, 8.5),
        # Specific signs alone reach the cap: nothing is left of the common ones that could be taken off.
        (9.0, None, 9.0),
        (12.0, None, 9.0),
    ],
)
def test_what_the_cap_of_a_family_has_cut_off_is_not_taken_off_again(
    specific: float, line: float | None, total: float
) -> None:
    p = ScoreParameters(prior_extraction=-10.0, unspecific_cap=2.5, family_cap=9.0)
    verdict = combine((sign(specific, "content", specific=True), sign(6.0, "content", specific=False)), (), p)
    assert [w.bits for w in verdict.weights if w.label == "unspecific"] == ([line] if line else [])
    assert verdict.extraction == pytest.approx(probability(total - 10.0), abs=1e-4)
    # Of another family's common signs, which no cap has cut, all still count.
    verdict = combine((sign(specific, "content", specific=True), sign(6.0, specific=False)), (), p)
    assert [w.bits for w in verdict.weights if w.label == "unspecific"] == [-3.5]


def test_common_signs_that_add_up_to_what_may_count_leave_no_line() -> None:
    p = ScoreParameters(unspecific_cap=0.3)
    shown = (sign(0.1, specific=False), sign(0.2, specific=False), sign(0.7, specific=True))
    assert "unspecific" not in {w.label for w in combine(shown, (), p).weights}


def test_without_a_specific_sign_of_harvesting_nothing_is_high() -> None:
    ties = (piece("network", 8.0), piece("content", 8.0), piece("identity", 8.0))
    spam = (sign(2.0, specific=False), sign(4.0, "content", specific=False), sign(1.5, "network", specific=False))
    verdict = combine((*ties, *spam), (), P)
    assert severity(verdict, 10**6, P) == "medium"
    assert severity(combine((*ties, *spam, sign(2.0, specific=True)), (), P), 10**6, P) in ("high", "critical")


def test_what_speaks_against_harvesting_is_taken_from_the_common_signs_first() -> None:
    p = ScoreParameters(prior_extraction=-1.5, unspecific_cap=2.5)
    verdict = combine((sign(4.0, specific=False), sign(-2.0, specific=False)), (), p)
    assert "unspecific" not in {w.label for w in verdict.weights}
    assert verdict.extraction == pytest.approx(probability(0.5), abs=1e-4)


def test_certainty_is_limited() -> None:
    verdict = combine(tuple(piece(f, 50.0) for f in ("network", "content", "identity")), (), P)
    assert Weight("coordination", "ceiling", -8.0) in verdict.weights
    assert verdict.coordination == pytest.approx(probability(9.0), abs=1e-4)
