"""The detectors: the built-in ones in one explicit tuple, third parties' through the entry-point group."""

from collections.abc import Sequence
from importlib.metadata import entry_points

from distillscan.detect.base import Detector
from distillscan.detect.detectors import (
    account_fanout,
    conversation_sharing,
    extraction_intent,
    infrastructure_overlap,
    output_harvest,
    release_pivot,
    succession,
    synchrony,
    template_uniformity,
)
from distillscan.errors import UsageError, did_you_mean
from distillscan.parameters import GROUPS

GROUP = "distillscan.detectors"


def builtin() -> tuple[Detector, ...]:
    """Return the built-in detectors in the order of the report."""
    return (
        template_uniformity.Detector(),
        account_fanout.Detector(),
        infrastructure_overlap.Detector(),
        conversation_sharing.Detector(),
        synchrony.Detector(),
        succession.Detector(),
        release_pivot.Detector(),
        extraction_intent.Detector(),
        output_harvest.Detector(),
    )


def available() -> tuple[Detector, ...]:
    """Return the built-in detectors and those that installed packages register, by name.

    Raises:
        UsageError: A registered object cannot be loaded, is no detector, or takes a name that is taken.
    """
    found = list(builtin())
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        try:
            made = entry.load()()
        except Exception as error:
            raise UsageError(f"detector {entry.name} ({entry.value}) cannot be loaded: {error}") from error
        if not isinstance(made, Detector):
            raise UsageError(
                f"detector {entry.name} ({entry.value}) lacks the members of distillscan.detect.base.Detector"
            )
        if made.name in {*GROUPS, *(d.name for d in found)}:
            raise UsageError(f"detector {entry.name} ({entry.value}): the name {made.name} is taken")
        found.append(made)
    return tuple(found)


def choose(names: Sequence[str], without: Sequence[str]) -> tuple[Detector, ...]:
    """Return the named detectors (all if none is named) less those left out.

    Raises:
        UsageError: A name that no detector has.
    """
    known = available()
    for name in (*names, *without):
        if name not in {d.name for d in known}:
            hint = did_you_mean(name, [d.name for d in known], "detectors are")
            raise UsageError(f"there is no detector {name!r}; {hint}")
    return tuple(d for d in known if (not names or d.name in names) and d.name not in without)
