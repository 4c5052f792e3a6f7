"""From probabilities to a severity."""

from dataclasses import dataclass

from distillscan.result import Severity
from distillscan.score.combine import Probabilities
from distillscan.settings import threshold


@dataclass(frozen=True)
class SeverityParameters:
    """What each severity needs."""

    high_families: int = threshold(2, "families", "for high: a shared address or prompt alone never accuses")
    high_coordination: float = threshold(0.95, "probability", "of coordination that high needs")
    high_extraction: float = threshold(0.75, "probability", "of extraction that high needs")
    critical_score: float = threshold(0.97, "probability", "of both (score) that critical needs")
    medium_score: float = threshold(0.5, "probability", "of both (score) that medium needs")
    critical_requests: int = threshold(2_000, "requests", "that critical needs: below, there is time to look")


def severity(sums: Probabilities, requests: int, p: SeverityParameters) -> Severity:
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
