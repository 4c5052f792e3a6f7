"""The detectors: the built-in ones in one explicit tuple, third parties' through the entry-point group."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final

from distillscan.detect.base import Detector
from distillscan.detect.contract import violations
from distillscan.detect.detectors.account_fanout import AccountFanoutDetector
from distillscan.detect.detectors.conversation_sharing import ConversationSharingDetector
from distillscan.detect.detectors.extraction_intent import ExtractionIntentDetector
from distillscan.detect.detectors.infrastructure_overlap import InfrastructureOverlapDetector
from distillscan.detect.detectors.output_harvest import OutputHarvestDetector
from distillscan.detect.detectors.release_pivot import ReleasePivotDetector
from distillscan.detect.detectors.succession import SuccessionDetector
from distillscan.detect.detectors.synchrony import SynchronyDetector
from distillscan.detect.detectors.template_uniformity import TemplateUniformityDetector
from distillscan.errors import UsageError, did_you_mean
from distillscan.population.kinds import Kinds

GROUP: Final = "distillscan.detectors"
#: Groups of parameters beside those of detectors, which may not take these names.
PARAMETER_GROUPS: Final = ("cluster", "score", "privacy")


def builtin() -> tuple[Detector, ...]:
    """Return the built-in detectors in the order of the report."""
    return (
        TemplateUniformityDetector(),
        AccountFanoutDetector(),
        InfrastructureOverlapDetector(),
        ConversationSharingDetector(),
        SynchronyDetector(),
        SuccessionDetector(),
        ReleasePivotDetector(),
        ExtractionIntentDetector(),
        OutputHarvestDetector(),
    )


def available() -> tuple[Detector, ...]:
    """Return the built-in detectors and those that installed packages register, by name.

    Everything a detector declares is checked here, before a log is read.

    Raises:
        UsageError: A registered object cannot be loaded, breaks the contract of a detector, takes a name that is
            taken, or declares a kind that contradicts another's.
    """
    detectors = list(builtin())
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        where = f"detector {entry.name} ({entry.value})"
        try:
            made = entry.load()()
        except Exception as error:
            raise UsageError(f"{where} cannot be loaded: {error}") from error
        if wrong := violations(made):
            raise UsageError(f"{where} cannot be used: {'; '.join(wrong)} (see docs/adding-a-detector.md)")
        if made.name in {*PARAMETER_GROUPS, *(known.name for known in detectors)}:
            raise UsageError(f"{where}: the name {made.name!r} is taken; give it another")
        detectors.append(made)
    _check_kinds(detectors)
    return tuple(detectors)


def _check_kinds(detectors: Sequence[Detector]) -> None:
    kinds = Kinds.declared((detector.name, detector.kinds) for detector in detectors)
    for name, kind in ((detector.name, kind) for detector in detectors for kind in detector.kinds):
        for unknown in sorted(set(kind.crossed_with) - set(kinds)):
            raise UsageError(
                f"detector {name}: the kind {kind.name!r} is crossed with {unknown!r}, which no detector "
                f"declares; kinds are {', '.join(kinds)}"
            )


def choose(names: Sequence[str], without: Sequence[str]) -> tuple[Detector, ...]:
    """Return the named detectors (all if none is named) less those left out.

    Raises:
        UsageError: A name that no detector has.
    """
    known = available()
    for name in (*names, *without):
        if name not in {detector.name for detector in known}:
            hint = did_you_mean(name, [detector.name for detector in known], "detectors are")
            raise UsageError(f"there is no detector {name!r}; {hint}")
    return tuple(d for d in known if (not names or d.name in names) and d.name not in without)
