"""The analysis from end to end: read, profile, detect, cluster, score, report."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from distillscan.cluster import find_among_principals
from distillscan.detect.base import Detector
from distillscan.detect.registry import choose
from distillscan.detect.releases import find_releases, read_releases
from distillscan.detect.run import detect, without
from distillscan.errors import InputError
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.parameters import Parameters
from distillscan.population.accounts import Population, Release
from distillscan.population.placeholders import without_placeholders
from distillscan.population.principals import Principals
from distillscan.privacy.redaction import redact
from distillscan.profile import Profile, build_profile, prepare_loops
from distillscan.profile.memory import Budget, peak
from distillscan.progress import PhaseTimer, Progress
from distillscan.read import Log, Outcome, ReadOptions, Task, open_log, shortcomings
from distillscan.read.counters import RowCounters, count_batches
from distillscan.read.schema.model import schema_digest
from distillscan.report.build import AnalysisResult, ReadResult, RunInputs, build_report
from distillscan.report.exemplars import describe_clusters
from distillscan.report.finished import Report
from distillscan.report.rejects import write_rejects
from distillscan.result import Result
from distillscan.score import DetectorFailedError, score_candidates


def analyze(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    options: AnalyzeOptions | None = None,
    *,
    run: RunOptions | None = None,
    progress: Progress | None = None,
) -> Report:
    """Analyse request logs.

    Args:
        paths: Files, globs, directories, or ``-`` for standard input.
        options: What decides the report.
        run: How to carry out the run.
        progress: Told how far the analysis is.

    Raises:
        InputError: Nothing usable was found at ``paths``.
        UsageError: An option is wrong.
    """
    options, run = options or AnalyzeOptions(), run or RunOptions()
    named = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    detectors = choose(options.detectors, options.without)
    parameters = Parameters.of(detectors, options.settings)
    releases = read_releases(options.releases) if isinstance(options.releases, Path) else options.releases or ()
    budget, timer = Budget(run.memory_limit), PhaseTimer(progress)
    read_options = _read_options(options, run, budget)  # checks the schema
    inputs = RunInputs(options, schema_digest(options.schema), parameters)
    timer.phase("open")
    with open_log(named, read_options, stdin=run.stdin) as log, ThreadPoolExecutor(1) as aside:
        digests = aside.submit(log.digests)
        read = _read_and_profile(log, options, run, budget, timer)
        profile = read.redaction.profile
        analysis = _find_clusters(profile, detectors, parameters, releases, timer)
        timer.phase("exemplars")
        clusters = list(describe_clusters(analysis.scored, log, parameters, read.redaction, prompts=options.prompts))
        report = build_report(inputs, read, log.outcomes(digests.result()), analysis, clusters)
    timer.finish()
    return replace(report, stats={**_stats(report.result, profile, timer), "candidates": analysis.candidates})


def _read_options(options: AnalyzeOptions, run: RunOptions, budget: Budget) -> ReadOptions:
    return ReadOptions(
        mapping=options.mapping,
        format=options.input_format,  # type: ignore[arg-type]
        columns=options.columns,
        private=options.private,
        keep_rejects=run.rejects is not None and not options.private,
        schema=options.schema,
        joins=options.joins,
        null_values=options.null_values,
        date_order=options.date_order,
        batch_rows=budget.batch_rows(),
    )


def _read_and_profile(
    log: Log, options: AnalyzeOptions, run: RunOptions, budget: Budget, timer: PhaseTimer
) -> ReadResult:
    """Read the log into a profile, and write the rejected rows if asked to."""
    counters = RowCounters(run.rejects is not None)
    if run.strict:
        _require_complete(log.outcomes({}))
    profile = _profile(log, counters, budget, run.threads or os.cpu_count() or 1, timer)
    if run.strict:
        _require_complete(log.outcomes({}))
    redaction = redact(profile, options.pseudonyms)
    if run.rejects is not None:
        write_rejects(run.rejects, counters.rejects, log.inputs, redaction.texts, records=not options.private)
    failures = log.failures(quote=not options.private)
    _require_usable_rows(log, counters, redaction.profile.requests, run.max_rejected, failures)
    budget.check()
    found = without_placeholders(redaction.profile)
    return ReadResult(log, counters, replace(redaction, profile=found.profile), found.notes)


def _profile(log: Log, counters: RowCounters, budget: Budget, threads: int, timer: PhaseTimer) -> Profile:
    prepare_loops(before_compiling=lambda: timer.phase("compile"))
    in_rows = log.rows_hint is not None
    total = log.rows_hint if in_rows else sum(file.bytes for file in log.inputs)
    timer.phase("read and profile", total, "rows" if in_rows else "bytes")

    def frames(task: Task) -> Iterator[pl.DataFrame]:
        for batch in count_batches(task, counters):
            yield batch.frame
            timer.advance(batch.read if in_rows else batch.bytes)

    return build_profile((partial(frames, task) for task in log.tasks()), budget.threads(threads), budget.check)


def _find_clusters(
    profile: Profile,
    detectors: Sequence[Detector],
    parameters: Parameters,
    releases: tuple[Release, ...],
    timer: PhaseTimer,
) -> AnalysisResult:
    """Detect, cluster and score; a detector that fails in scoring is left out of all clusters, not of some."""
    timer.phase("detect")
    if not releases and "release_pivot" in parameters.detectors:
        releases = find_releases(profile)
    population = Population(profile, releases)
    detection = detect(population, detectors, parameters.detectors)
    timer.phase("cluster")
    principals = Principals(population)
    candidates = find_among_principals(principals, detection.signals, parameters.kinds, parameters.cluster)
    timer.phase("score", len(candidates), "clusters")
    settings = (parameters.detectors, parameters.score)
    while True:
        try:
            scored = score_candidates(candidates, detection.working, *settings, timer.advance)
            return AnalysisResult(releases, detection, scored, len(candidates), principals.declared)
        except DetectorFailedError as error:
            detection = without(detection, error.detector, error.__cause__)


def _require_complete(outcomes: Sequence[Outcome]) -> None:
    """Raise InputError unless every input was read completely."""
    if broken := shortcomings(outcomes):
        raise InputError("\n".join(broken))


def _require_usable_rows(
    log: Log, counters: RowCounters, used: int, max_rejected: float, failures: Sequence[str]
) -> None:
    """Raise InputError if no row, or too small a share of them, was usable. An empty but readable log is no error."""
    if not used and (broken := shortcomings(log.outcomes({}))):
        raise InputError("\n".join(("no row could be read:", *broken[1:])))
    unusable, reasons = counters.unusable, counters.rejected.reasons
    if (used and unusable <= max_rejected * (unusable + used)) or not reasons:
        return
    listed = "; ".join(f"{count:,} × {reason}" for reason, count in reasons.items())
    advice = "; ".join(("", *failures)) or ". Look at them with --rejects FILE, or use --map"
    if not used:
        raise InputError(". ".join((f"no row could be used: {listed}{advice}", *log.hints)))
    raise InputError(
        f"{unusable:,} of {unusable + used:,} rows could not be used, which is more than "
        f"--max-rejected {max_rejected:g} allows: {listed}{advice}; --max-rejected 1 analyses the others all the same"
    )


def _stats(result: Result, profile: Profile, timer: PhaseTimer) -> dict[str, Any]:
    return {
        "seconds": timer.seconds,
        "cpu_seconds": timer.cpu_seconds,
        "rows": sum(file.rows for file in result.inputs),
        "bytes": sum(file.bytes for file in result.inputs),
        "accounts": result.population.accounts,
        "profile_bytes": profile.estimated_bytes(),
        "peak_memory_bytes": peak(),
    }
