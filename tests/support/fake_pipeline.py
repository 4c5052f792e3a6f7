"""A stand-in for ``distillscan.pipeline`` that finds what it is told to; run as a script, a command line that uses it.

It imports neither polars nor numba, so that the tests of the command line stay quick. ``test_cli_options`` checks that
it has the shape of the real one.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from distillscan.errors import InputError
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.progress import Progress
from distillscan.result import DetectorRun, Population, Result
from tests.support.fake_results import busy, cluster, hostile, quiet
from tests.support.hostile import TABLE

STATS = {
    "seconds": {"read and profile": 7.25, "detect": 1.5, "exemplars": 0.002},
    "rows": 2_000_000,
    "bytes": 9,
    "peak_memory_bytes": 2_100_000_000,
}
FAILED = DetectorRun("release_pivot", "1", "error", "KeyError: 'model'", ("model",), "traffic moved to a new model")
SKIPPED = DetectorRun("infrastructure_overlap", "1", "skipped", "needs ip", ("ip",), "addresses shared beyond chance")


@dataclass(frozen=True)
class Report:
    result: Result
    notes: tuple[str, ...]
    stats: Mapping[str, Any]
    unread: tuple[str, ...] = ()


def results(name: str) -> Result:
    """The result that an input of this name stands for."""
    if name.startswith("hostile:"):
        return hostile(TABLE[name.removeprefix("hostile:")])
    found: dict[str, Result] = {
        "busy": busy(),
        "quiet": quiet(),
        "medium": quiet(clusters=(cluster(1, severity="medium"),)),
        "failed": quiet(detectors=(FAILED, *quiet().detectors[:1])),
        "failed-busy": busy(detectors=(FAILED, *quiet().detectors[:1])),
        "skipped": quiet(detectors=(SKIPPED,)),
        "none": quiet(detectors=()),
        "large": busy(clusters=tuple(cluster(rank, cluster_id=f"c-{rank}") for rank in range(1, 200))),
        "empty": quiet(population=Population(0, 0, "", "")),
        "-": quiet(),
    }
    return found[name]


def analyze(
    paths: Sequence[str],
    options: AnalyzeOptions | None = None,
    *,
    run: RunOptions | None = None,
    progress: Progress | None = None,
) -> Report:
    name = paths[0]
    if name == "missing":
        raise InputError("missing: there is no such file or folder")
    if name == "defect":
        raise KeyError("a \x1b[31mdefect")
    if name == "memory":
        raise MemoryError
    if name == "interrupt":
        raise KeyboardInterrupt
    if name == "sleep":
        sys.stderr.write("sleeping\n")
        sys.stderr.flush()
        time.sleep(60)
    if progress is not None:
        progress.phase("open", None, "")
        progress.phase("read and profile", 2_000_000, "rows")
        for _ in range(4):
            progress.advance(500_000)
            time.sleep(0.15)
        progress.phase("exemplars", 1_000_000, "bytes")
        progress.advance(300_000)
        time.sleep(0.15)
    return Report(results(name), ("timestamps have no zone:\x1b[2J UTC assumed",), STATS)


def module() -> ModuleType:
    """The stand-in as a module to put in the place of ``distillscan.pipeline``."""
    made = ModuleType("distillscan.pipeline")
    made.__dict__.update(analyze=analyze)
    return made


if __name__ == "__main__":
    sys.modules["distillscan.pipeline"] = module()
    from distillscan.cli import main

    main()
