"""Add weights of evidence to probabilities, and these to a severity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from distillscan.detect.base import Finding
from distillscan.population.stats import probability
from distillscan.result import FAMILIES, Axis, Family, Severity, Weight
from distillscan.settings import threshold


@dataclass(frozen=True)
class SumParameters:
    """How weights of evidence add up, and what each severity needs."""

    prior_coordination: float = threshold(-10.0, "bits", "before any evidence: 1 in 1,000 groups is one operator")
    prior_extraction: float = threshold(-1.5, "bits", "before any evidence: others resell or send spam")
    calibrated_from: float = threshold(5.0, "bits", "of coordination from which known logs bear the sum out")
    calibration: float = threshold(1.0, "bits", "off for each bit below: there sums were right less often")
    ceiling: float = threshold(9.0, "bits", "at most for any sum (99.8 %): a log alone proves no more")
    family_cap: float = threshold(9.0, "bits", "at most of a family: 1 in 500 innocent groups shows as much")
    unspecific_cap: float = threshold(2.0, "bits", "at most for harvesting of signs that spam shows as well")
    timing_cap: float = threshold(4.0, "bits", "at most of timing; release days and working hours move crowds")
    family_counts: float = threshold(3.0, "bits", "from which a family counts towards those that high needs")
    high_families: int = threshold(2, "families", "for high: a shared address or prompt alone never accuses")
    high_coordination: float = threshold(0.95, "probability", "of coordination that high needs")
    high_extraction: float = threshold(0.75, "probability", "of extraction that high needs")
    critical_score: float = threshold(0.97, "probability", "of both (score) that critical needs")
    medium_score: float = threshold(0.5, "probability", "of both (score) that medium needs")
    critical_requests: int = threshold(2_000, "requests", "that critical needs: below, there is time to look")

    def cap(self, axis: Axis, family: Family) -> float:
        """Return the most bits that a family gives on an axis."""
        return self.timing_cap if family == "timing" and axis == "coordination" else self.family_cap


@dataclass(frozen=True, slots=True)
class Probabilities:
    """The sums of a cluster: every line of ``weights`` of an axis adds up to the log2 odds of its probability.

    Attributes:
        weights: The lines.
        coordination: Probability (0 to 1) of one undeclared operator.
        extraction: Probability (0 to 1) of harvesting.
        families: How many families count.
        idle: How many more would, but for an explanation that holds.
    """

    weights: tuple[Weight, ...]
    coordination: float
    extraction: float
    families: int
    idle: int = 0

    @property
    def score(self) -> float:
        """Probability (0 to 1) of one undeclared operator and harvesting."""
        return round(self.coordination * self.extraction, 4)


def _family_lines(findings: Sequence[Finding], axis: Axis, p: SumParameters) -> list[Weight]:
    lines = []
    for family in FAMILIES:
        parts = [f.bits for f in findings if f.axis == axis and f.family == family]
        if parts:
            lines.append(Weight(axis, family, round(min(p.cap(axis, family), sum(parts)), 2)))
    return lines


def _taken_off(axis: Axis, label: str, bits: float) -> list[Weight]:
    """A line that takes bits off, none if there are none: what is below a hundredth is an error of adding up."""
    bits = round(bits, 2)
    return [Weight(axis, label, -bits)] if bits > 0 else []


def _total(lines: Iterable[Weight]) -> float:
    return sum(line.bits for line in lines)


def _common_signs(findings: Sequence[Finding], p: SumParameters) -> float:
    """Bits for harvesting from signs that spammers, resellers and farmers of free tiers show just as well.

    Where a family's cap has cut off some of its bits, the common signs are held to have lost them: what specific signs
    have filled is not taken off once more.
    """
    common = 0.0
    for family in FAMILIES:
        parts = [f for f in findings if f.axis == "extraction" and f.family == family]
        specific = sum(f.bits for f in parts if f.specific)
        common += min(p.family_cap, sum(f.bits for f in parts)) - min(p.family_cap, specific)
    return common


def combine(
    findings: Sequence[Finding], declared: tuple[Weight, ...], p: SumParameters, idle: frozenset[Family] = frozenset()
) -> Probabilities:
    """Add up the findings. Within a family weights depend on each other, so a family's sum is capped.

    Families that are ``idle`` weigh, but do not count towards those that a high severity needs. Below
    ``calibrated_from`` sums were right less often than they say, on logs of which the truth is known: weights that are
    a little too large each add up where there are many (``benchmarks/detection/calibrate.py``). Above the ceiling they
    claim more than a log can prove.
    """
    lines = _family_lines(findings, "coordination", p)
    strong = [line.label for line in lines if line.bits >= p.family_counts]
    families = sum(label not in idle for label in strong)
    coordination = [Weight("coordination", "prior", p.prior_coordination), *lines, *declared]
    coordination += _taken_off(
        "coordination", "calibration", p.calibration * (p.calibrated_from - _total(coordination))
    )
    coordination += _taken_off("coordination", "ceiling", _total(coordination) - p.ceiling)
    extraction = [Weight("extraction", "prior", p.prior_extraction), *_family_lines(findings, "extraction", p)]
    extraction += _taken_off("extraction", "unspecific", _common_signs(findings, p) - p.unspecific_cap)
    extraction += _taken_off("extraction", "ceiling", _total(extraction) - p.ceiling)
    return Probabilities(
        weights=(*coordination, *extraction),
        coordination=round(probability(_total(coordination)), 4),
        extraction=round(probability(_total(extraction)), 4),
        families=families,
        idle=len(strong) - families,
    )


def severity(sums: Probabilities, requests: int, p: SumParameters) -> Severity:
    """Return the severity: ``high`` needs both axes and two families that count, ``critical`` volume as well."""
    strong = (
        sums.coordination >= p.high_coordination
        and sums.extraction >= p.high_extraction
        and sums.families >= p.high_families
    )
    if strong and sums.score >= p.critical_score and requests >= p.critical_requests:
        return "critical"
    if strong:
        return "high"
    if sums.score >= p.medium_score and sums.families + sums.idle >= p.high_families:
        return "medium"
    return "low"
