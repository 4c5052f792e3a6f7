"""Add weights of evidence to probabilities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from distillscan.detect.base import Finding
from distillscan.population.stats import probability
from distillscan.result import FAMILIES, Axis, Family, Weight
from distillscan.settings import threshold


@dataclass(frozen=True)
class SumParameters:
    """How weights of evidence add up."""

    prior_coordination: float = threshold(-10.0, "bits", "before any evidence: 1 in 1,000 groups is one operator")
    prior_extraction: float = threshold(-1.5, "bits", "before any evidence: others resell or send spam")
    calibrated_from: float = threshold(5.0, "bits", "of coordination from which known logs bear the sum out")
    calibration: float = threshold(1.0, "bits", "off for each bit below: there sums were right less often")
    ceiling: float = threshold(9.0, "bits", "at most for any sum (99.8 %): a log alone proves no more")
    family_cap: float = threshold(9.0, "bits", "at most of a family: 1 in 500 innocent groups shows as much")
    unspecific_cap: float = threshold(2.0, "bits", "at most for harvesting of signs that spam shows as well")
    timing_cap: float = threshold(4.0, "bits", "at most of timing; release days and working hours move crowds")
    family_counts: float = threshold(3.0, "bits", "from which a family counts towards those that high needs")

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


def _unspecific(findings: Sequence[Finding], p: SumParameters) -> list[Weight]:
    """What is taken off signs of harvesting that spammers, resellers and farmers of free tiers show just as well.

    Where a family's cap has cut off some of its bits, the common signs are held to have lost them: what specific signs
    have filled is not taken off once more.
    """
    common = 0.0
    for family in FAMILIES:
        parts = [f for f in findings if f.axis == "extraction" and f.family == family]
        specific = sum(f.bits for f in parts if f.specific)
        common += min(p.family_cap, sum(f.bits for f in parts)) - min(p.family_cap, specific)
    # Bits are stated to the hundredth; what is less is an error of adding them up.
    excess = round(common - p.unspecific_cap, 2)
    return [Weight("extraction", "unspecific", -excess)] if excess > 0 else []


def _ceiling(axis: Axis, lines: Iterable[Weight], p: SumParameters) -> list[Weight]:
    """What is taken off a sum that claims more certainty than a log can give."""
    excess = sum(w.bits for w in lines) - p.ceiling
    return [Weight(axis, "ceiling", round(-excess, 2))] if excess > 0 else []


def _calibration(lines: Iterable[Weight], p: SumParameters) -> list[Weight]:
    """What is taken off a sum that was right less often than it says, on logs of which the truth is known.

    See ``benchmarks/detection/calibrate.py``: weights that are a little too large each add up where there are many.
    """
    short = p.calibrated_from - sum(w.bits for w in lines)
    return [Weight("coordination", "calibration", round(-p.calibration * short, 2))] if short > 0 else []


def combine(
    findings: Sequence[Finding], declared: tuple[Weight, ...], p: SumParameters, idle: frozenset[Family] = frozenset()
) -> Probabilities:
    """Add up the findings. Within a family weights depend on each other, so a family's sum is capped.

    Families that are ``idle`` weigh, but do not count towards those that a high severity needs.
    """
    coordination = [Weight("coordination", "prior", p.prior_coordination), *_family_lines(findings, "coordination", p)]
    strong = [w.label for w in coordination[1:] if w.bits >= p.family_counts]
    families = sum(1 for label in strong if label not in idle)
    coordination += declared
    coordination += _calibration(coordination, p)
    coordination += _ceiling("coordination", coordination, p)
    extraction = [Weight("extraction", "prior", p.prior_extraction), *_family_lines(findings, "extraction", p)]
    extraction += _unspecific(findings, p)
    extraction += _ceiling("extraction", extraction, p)
    return Probabilities(
        weights=(*coordination, *extraction),
        coordination=round(probability(sum(w.bits for w in coordination)), 4),
        extraction=round(probability(sum(w.bits for w in extraction)), 4),
        families=families,
        idle=len(strong) - families,
    )
