"""The analysis from end to end: read, profile, detect, cluster, score; the result document and how to reach it."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import polars as pl

from distillscan.cluster import find_candidates
from distillscan.columns import CARRIED
from distillscan.detect.base import Detector
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters
from distillscan.detect.registry import choose
from distillscan.detect.releases import find_releases, read_releases
from distillscan.detect.run import Detection, detect, without
from distillscan.errors import InputError
from distillscan.parameters import Parameters
from distillscan.population.accounts import Population, Release
from distillscan.population.graph import SignalGraph
from distillscan.privacy.pseudonyms import Pseudonyms, Veil, veil
from distillscan.profile import Profile, build_profile
from distillscan.profile.batch import split_pointer
from distillscan.profile.memory import Budget, peak
from distillscan.read import Log, Outcome, ReadOptions, Task, open_log, shortcomings
from distillscan.read.canonical.joined import NO_PARTNER
from distillscan.read.schema.model import schema_digest
from distillscan.read.tally import Tally, counted
from distillscan.report.build import Asked, Found, Reading, assemble
from distillscan.report.carried import carried
from distillscan.report.describe import TEXTS_COMPARED, cluster_templates, describe, exemplars
from distillscan.report.skeleton import SLOT, skeleton
from distillscan.result import Cluster, Result, Template
from distillscan.score import DetectorFailedError, ScoredCluster, score_candidates

#: Clusters, best first, whose skeletons are looked up: each look-up reads the input again in places.
SKELETONS_FOR = 25


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """What may be chosen for a run; see the options of ``distillscan analyze``."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    input_format: str | None = None
    schema: str | None = None
    joins: tuple[str, ...] = ()
    releases: Path | tuple[Release, ...] | None = None
    rejects: Path | None = None
    detectors: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    threads: int | None = None
    memory_limit: int | None = None
    strict: bool = False
    pseudonyms: Pseudonyms | None = None
    prompts: bool = True
    stdin: BinaryIO | None = None

    @property
    def private(self) -> bool:
        """Whether there is text in the log that must not leave the tool as it is."""
        return self.pseudonyms is not None or not self.prompts


class Progress(Protocol):
    """Told how far the analysis is."""

    def phase(self, name: str, total: int | None, unit: str) -> None:
        """Say that a new phase begins, with how many units it has if that is known."""
        ...

    def advance(self, amount: int) -> None:
        """Say that so many more units are done."""
        ...


class Silent:
    """Progress that nobody watches."""

    def phase(self, name: str, total: int | None, unit: str) -> None:
        """Do nothing."""

    def advance(self, amount: int) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Report:
    """A finished analysis.

    Attributes:
        result: The result document.
        notes: What was assumed while reading.
        stats: Seconds per phase, rows, bytes and peak memory; not part of the document, which has no times in it.
        unread: Which files were not read whole, and why; among the result's limitations too.
    """

    result: Result
    notes: tuple[str, ...]
    stats: Mapping[str, Any]
    unread: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The document as plain JSON types."""
        return self.result.to_dict()

    @property
    def clusters(self) -> pl.DataFrame:
        """One row a cluster, best first; ``account_ids`` is a list column."""
        schema: dict[str, Any] = {
            "rank": pl.Int64,
            "cluster_id": pl.String,
            "severity": pl.String,
            "score": pl.Float64,
            "coordination": pl.Float64,
            "extraction": pl.Float64,
            "accounts": pl.Int64,
            "requests": pl.Int64,
            "first_seen": pl.String,
            "last_seen": pl.String,
            "summary": pl.String,
            "account_ids": pl.List(pl.String),
        }
        rows = [{name: asdict(cluster)[name] for name in schema} for cluster in self.result.clusters]
        return pl.DataFrame(rows, schema=schema)


class _Clock:
    """Seconds spent in each phase, and the progress that is shown."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._name = ""
        self._since = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def phase(self, name: str, total: int | None = None, unit: str = "") -> None:
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + now - self._since, 3)
        self._name, self._since = name, now
        if name:
            self._progress.phase(name, total, unit)

    def advance(self, amount: int) -> None:
        with self._lock:
            self._progress.advance(amount)


def analyze(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    options: AnalyzeOptions | None = None,
    progress: Progress | None = None,
) -> Report:
    """Analyse request logs.

    Args:
        paths: Files, globs, directories, or ``-`` for standard input.
        options: See ``AnalyzeOptions``.
        progress: Told how far the analysis is.

    Raises:
        InputError: Nothing usable was found at ``paths``.
        UsageError: An option is wrong.
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    return analyze_paths([os.fspath(path) for path in listed], options, progress)


def analyze_paths(
    paths: Sequence[str], options: AnalyzeOptions | None = None, progress: Progress | None = None
) -> Report:
    """Analyse request logs: the same as ``analyze`` with paths as text."""
    options = options or AnalyzeOptions()
    clock = _Clock(progress or Silent())
    detectors = choose(options.detectors, options.without)
    parameters = Parameters.of(detectors, options.settings)
    releases = read_releases(options.releases) if isinstance(options.releases, Path) else options.releases or ()
    budget = Budget(options.memory_limit)
    read_options = _read_options(options, budget)
    asked = Asked(options, schema_digest(options.schema), parameters)
    clock.phase("open")
    with open_log(paths, read_options, stdin=options.stdin) as log, ThreadPoolExecutor(1) as aside:
        digests = aside.submit(log.digests)
        reading = _read(log, budget, options, clock)
        found = _find(reading.profile, detectors, parameters, releases, clock)
        clock.phase("exemplars")
        clusters = _clusters(found.scored, log, parameters, reading.shown, prompts=options.prompts)
        result, notes, unread = assemble(asked, reading, log.outcomes(digests.result()), found, clusters)
        clock.phase("")
        return Report(result, notes, _stats(result, reading.profile, clock), unread)


def _read_options(options: AnalyzeOptions, budget: Budget) -> ReadOptions:
    return ReadOptions(
        mapping=options.mapping,
        format=options.input_format,  # type: ignore[arg-type]
        keep_rejects=options.rejects is not None and not options.private,
        schema=options.schema,
        joins=options.joins,
        batch_rows=budget.batch_rows(),
    )


def _read(log: Log, budget: Budget, options: AnalyzeOptions, clock: _Clock) -> Reading:
    """Read the log into a profile; write the rejects."""
    tally = Tally(options.rejects is not None)
    if options.strict:
        _insist(log.outcomes({}))
    profile = _profile(log, tally, budget, options.threads or os.cpu_count() or 1, clock)
    if options.strict:
        _insist(log.outcomes({}))
    shown = veil(profile, options.pseudonyms)
    if options.rejects is not None:
        tally.write_rejects(options.rejects, log, shown.texts, records=not options.private)
    if shown.profile.accounts.is_empty():
        _explain_emptiness(log, tally)
    budget.check()
    return Reading(log, tally, shown.profile, shown)


def _explain_emptiness(log: Log, tally: Tally) -> None:
    """Stop if nothing came of the log because it could not be read or used; a log without requests is none of these."""
    if broken := shortcomings(log.outcomes({})):
        raise InputError("\n".join(("no row could be read:", *broken[1:])))
    if tally.rejected.rows:
        reasons = "; ".join(f"{count} × {reason}" for reason, count in tally.rejected.reasons.items())
        lost = next((note for note in log.notes if note.startswith(NO_PARTNER.partition("{")[0])), None)
        advice = f"; {lost}" if lost else ". Look at them with --rejects FILE, or use --map"
        raise InputError(f"no row could be used: {reasons}{advice}")


def _find(
    profile: Profile,
    detectors: Sequence[Detector],
    parameters: Parameters,
    releases: tuple[Release, ...],
    clock: _Clock,
) -> Found:
    clock.phase("detect")
    pivot = parameters.detectors.get("release_pivot")
    known = find_releases(profile, pivot) if pivot is not None and not releases else releases
    population = Population(profile, known)
    detection = detect(population, detectors, parameters.detectors)
    scored, detection, looked_at = _score(population, detection, parameters, clock)
    return Found(known, detection, scored, looked_at)


def _stats(result: Result, profile: Profile, clock: _Clock) -> dict[str, Any]:
    return {
        "seconds": clock.seconds,
        "rows": sum(i.rows for i in result.inputs),
        "bytes": sum(i.bytes for i in result.inputs),
        "accounts": result.population.accounts,
        "profile_bytes": profile.estimated_bytes(),
        "peak_memory_bytes": peak(),
    }


def _insist(outcomes: Sequence[Outcome]) -> None:
    """Stop unless every file was read whole."""
    if broken := shortcomings(outcomes):
        raise InputError("\n".join(broken))


def _profile(log: Log, tally: Tally, budget: Budget, threads: int, clock: _Clock) -> Profile:
    hint = log.rows_hint
    clock.phase(
        "read and profile",
        hint if hint is not None else sum(f.bytes for f in log.inputs),
        "rows" if hint is not None else "bytes",
    )

    def frames(task: Task) -> Iterator[pl.DataFrame]:
        for batch in counted(task, tally):
            yield batch.frame
            clock.advance(batch.read if hint is not None else batch.bytes)

    def bind(task: Task) -> Any:
        return lambda: frames(task)

    return build_profile((bind(task) for task in log.tasks()), budget.threads(threads), budget.check)


def _score(
    population: Population, detection: Detection, parameters: Parameters, clock: _Clock
) -> tuple[list[ScoredCluster], Detection, int]:
    """Cluster and score; a detector that fails now is left out altogether, lest it speak for some clusters only."""
    clock.phase("cluster")
    graph = SignalGraph(population, detection.signals, parameters.kinds, parameters.cluster)
    candidates = find_candidates(graph, parameters.cluster)
    clock.phase("score", len(candidates), "clusters")
    while True:
        try:
            scored = score_candidates(
                candidates, detection.working, parameters.detectors, parameters.score, clock.advance
            )
        except DetectorFailedError as error:
            detection = without(detection, error.detector, error.__cause__)
            continue
        return scored, detection, len(candidates)


def _clusters(
    scored: Sequence[ScoredCluster], log: Log, parameters: Parameters, shown: Veil, *, prompts: bool
) -> tuple[Cluster, ...]:
    """Describe the clusters; look up the texts behind their templates in one pass over the input."""
    p = parameters.detectors.get("template_uniformity", TemplateUniformityParameters())
    k = parameters.privacy.shared_by
    wanted = []
    for place, one in enumerate(scored):
        for kind, template in cluster_templates(one, p):
            looked_up = prompts and place < SKELETONS_FOR
            rows = exemplars(one, kind, template, p, max(TEXTS_COMPARED, 2 * k - 1)) if looked_up else None
            wanted.append((place, template, rows))
    texts, held = _texts(log, [(template, rows) for _, template, rows in wanted if rows is not None])
    skeletons = []
    for _, template, rows in wanted:
        found = [] if rows is None else [texts[template.where, pointer] for pointer in rows["pointer"]]
        skeletons.append(skeleton([text for text in found if text is not None], k))
    templates: dict[int, list[Template]] = {}
    for (place, template, _), text in zip(wanted, shown.texts(skeletons), strict=True):
        template = replace(template, skeleton=text)
        listed = templates.setdefault(place, [])
        # One text may fall into two templates whose shingles rarely meet in a sketch: it is shown once.
        if template.skeleton == SLOT or template.skeleton not in {t.skeleton for t in listed}:
            listed.append(template)
    named = [replace(one, cluster_id=shown.cluster_id(one.cluster_id)) for one in scored]
    described = [describe(one, place + 1, tuple(templates.get(place, ()))) for place, one in enumerate(named)]
    carried = _carried(held, [(place, rows) for place, _, rows in wanted if rows is not None], k, shown)
    return tuple(
        replace(one, capabilities={**one.capabilities, **carried.get(place, {})}) for place, one in enumerate(described)
    )


def _carried(
    held: pl.DataFrame, wanted: Sequence[tuple[int, pl.DataFrame]], k: int, shown: Veil
) -> dict[int, dict[str, Any]]:
    """What the requests that were looked up for each cluster carried beside their words, by the cluster's place."""
    rows: dict[int, list[pl.DataFrame]] = {}
    for place, found in wanted:
        rows.setdefault(place, []).append(found.select("account", "pointer"))
    return {
        place: carried(pl.concat(parts).unique().join(held, on="pointer"), k, shown.texts)
        for place, parts in rows.items()
    }


def _texts(
    log: Log, wanted: Sequence[tuple[Template, pl.DataFrame]]
) -> tuple[dict[tuple[str, int], str | None], pl.DataFrame]:
    """The texts at the pointers, by column and pointer; and what those requests carried, of what the log tells."""
    found: dict[tuple[str, int], str | None] = {}
    beside = [name for name in CARRIED if name in log.columns]
    if not wanted:
        return found, pl.DataFrame(schema={"pointer": pl.UInt64})
    pointers = pl.concat([rows.select("pointer") for _, rows in wanted]).unique().sort("pointer")
    located = pointers.select("pointer", *split_pointer())
    rows = log.fetch(located.select("source", "row"), ["prompt", "system_prompt", *beside])
    joined = located.join(rows, on=["source", "row"], how="left")
    for column in ("prompt", "system_prompt"):
        for pointer, text in joined.select("pointer", column).iter_rows():
            found[column, pointer] = text
    return found, joined.select("pointer", *beside)
