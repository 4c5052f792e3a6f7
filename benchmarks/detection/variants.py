"""The ways in which a log is analysed: as it is and, to see what a part is worth, by it alone or without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from distillscan import AnalyzeOptions
from distillscan.detect.registry import builtin
from distillscan.score import ScoreParameters

#: Column groups that are taken away from the log.
MISSING: Final[Mapping[str, tuple[str, ...]]] = {
    "no prompts": ("prompt", "system_prompt"),
    "no network columns": ("ip", "asn", "tls_fingerprint", "user_agent"),
    "no payments and devices": ("payment_id", "device_id"),
}
#: Bits that count as a finding of a detector on its own: those from which a family counts towards ``high``.
ALONE: Final = ScoreParameters().family_counts
#: A detector alone is given a prior that one family of evidence can overcome.
_ALONE_SETTINGS: Final = {"score.prior_coordination": f"{-ALONE}", "score.calibration": "0"}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to analyse a log; with no attribute set, as it is and with every detector.

    Attributes:
        only: The detector that runs alone.
        without: The detector that is left out.
        missing: The group of ``MISSING`` whose columns are taken away.
    """

    only: str = ""
    without: str = ""
    missing: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns to take away from the log."""
        return MISSING[self.missing] if self.missing else ()

    @property
    def options(self) -> AnalyzeOptions:
        """Options of the analysis."""
        if self.only:
            return AnalyzeOptions(detectors=(self.only,), settings=_ALONE_SETTINGS)
        return AnalyzeOptions(without=(self.without,) if self.without else ())


WHOLE: Final = Variant()


def detectors() -> tuple[str, ...]:
    """Return the names of the detectors that come with the package."""
    return tuple(detector.name for detector in builtin())


def ablations() -> tuple[Variant, ...]:
    """Return every variant but the whole analysis."""
    return (
        *(Variant(only=name) for name in detectors()),
        *(Variant(without=name) for name in detectors()),
        *(Variant(missing=name) for name in MISSING),
    )
