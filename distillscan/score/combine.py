"""Add weights of evidence to probabilities, and probabilities to a severity."""

from collections.abc import Iterable
from dataclasses import dataclass

from distillscan.detect.stats import probability
from distillscan.parameters import ScoreParameters
from distillscan.result import FAMILIES, Axis, Evidence, Family, Severity, Weight


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sums of a cluster: every line of ``weights`` of an axis adds up to the log2 odds of its probability."""

    weights: tuple[Weight, ...]
    coordination: float
    extraction: float
    families: int  # how many families count
    idle: int = 0  # how many more would, but for an explanation that holds

    @property
    def score(self) -> float:
        """P(one undeclared operator and harvesting)."""
        return round(self.coordination * self.extraction, 4)


def _family_lines(evidence: Iterable[Evidence], axis: Axis, p: ScoreParameters) -> list[Weight]:
    lines = []
    for family in FAMILIES:
        parts = [e.bits for e in evidence if e.axis == axis and e.family == family]
        if not parts:
            continue
        cap = p.timing_cap if family == "timing" and axis == "coordination" else p.family_cap
        lines.append(Weight(axis, family, round(min(cap, sum(parts)), 2)))
    return lines


def _unspecific(evidence: tuple[Evidence, ...], p: ScoreParameters) -> list[Weight]:
    """What is taken off signs of harvesting that spammers, resellers and farmers of free tiers show just as well.

    Where a family's cap has cut off some of its bits, the common signs are held to have lost them: what specific signs
    have filled is not taken off once more.
    """
    common = 0.0
    for family in FAMILIES:
        parts = [e for e in evidence if e.axis == "extraction" and e.family == family]
        specific = sum(e.bits for e in parts if e.details.get("specific") is not False)
        common += min(p.family_cap, sum(e.bits for e in parts)) - min(p.family_cap, specific)
    # Bits are stated to the hundredth; what is less is an error of adding them up.
    excess = round(common - p.unspecific_cap, 2)
    return [Weight("extraction", "unspecific", -excess)] if excess > 0 else []


def _ceiling(axis: Axis, lines: Iterable[Weight], p: ScoreParameters) -> list[Weight]:
    """What is taken off a sum that claims more certainty than a log can give."""
    excess = sum(w.bits for w in lines) - p.ceiling
    return [Weight(axis, "ceiling", round(-excess, 2))] if excess > 0 else []


def _calibration(lines: Iterable[Weight], p: ScoreParameters) -> list[Weight]:
    """What is taken off a sum that was right less often than it says, on logs of which the truth is known.

    See ``benchmarks/detection/calibrate.py``: weights that are a little too large each add up where there are many.
    """
    short = p.calibrated_from - sum(w.bits for w in lines)
    return [Weight("coordination", "calibration", round(-p.calibration * short, 2))] if short > 0 else []


def combine(
    evidence: tuple[Evidence, ...],
    declared: tuple[Weight, ...],
    p: ScoreParameters,
    idle: frozenset[Family] = frozenset(),
) -> Verdict:
    """Add up the evidence. Within a family weights depend on each other, so a family's sum is capped.

    Families that are ``idle`` weigh, but do not count towards those that a high severity needs.
    """
    coordination = [Weight("coordination", "prior", p.prior_coordination), *_family_lines(evidence, "coordination", p)]
    strong = [w.label for w in coordination[1:] if w.bits >= p.family_counts]
    families = sum(1 for label in strong if label not in idle)
    coordination += declared
    coordination += _calibration(coordination, p)
    coordination += _ceiling("coordination", coordination, p)
    extraction = [Weight("extraction", "prior", p.prior_extraction), *_family_lines(evidence, "extraction", p)]
    extraction += _unspecific(evidence, p)
    extraction += _ceiling("extraction", extraction, p)
    return Verdict(
        weights=(*coordination, *extraction),
        coordination=round(probability(sum(w.bits for w in coordination)), 4),
        extraction=round(probability(sum(w.bits for w in extraction)), 4),
        families=families,
        idle=len(strong) - families,
    )


def severity(verdict: Verdict, requests: int, p: ScoreParameters) -> Severity:
    """Return the severity: ``high`` needs both axes and two families that count, ``critical`` volume as well."""
    strong = (
        verdict.coordination >= p.high_coordination
        and verdict.extraction >= p.high_extraction
        and verdict.families >= p.high_families
    )
    if strong and verdict.score >= p.critical_score and requests >= p.critical_requests:
        return "critical"
    if strong:
        return "high"
    if verdict.score >= p.medium_score and verdict.families + verdict.idle >= p.high_families:
        return "medium"
    return "low"
