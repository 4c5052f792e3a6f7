"""Makes logs, analyses and evaluates them, several at a time."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import click

from benchmarks.detection.variants import WHOLE, Variant, ablations
from benchmarks.worlds.registry import WORLDS
from distillscan import RunOptions, analyze
from distillscan.evaluate import Evaluation, evaluate

#: What came of each way to analyse one log.
Runs: TypeAlias = dict[Variant, Evaluation]
#: Scenario and seed to the runs on that log.
Measured: TypeAlias = dict[tuple[str, int], Runs]


@dataclass(frozen=True, slots=True)
class Job:
    """One log to make, and whether to analyse it in every variant."""

    world: str
    scenario: str
    seed: int
    rows: int
    corpus: Path | None
    ablated: bool


def measure(job: Job) -> Runs:
    """Make a log, analyse it in every variant that is asked for, and evaluate each report."""
    log, labels = WORLDS[job.world].make(job.scenario, job.rows, job.seed, job.corpus)
    runs: Runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for variant in (WHOLE, *(ablations() if job.ablated else ())):
            path = Path(folder) / f"without-{'-'.join(variant.columns)}.parquet"
            if not path.exists():
                log.drop(variant.columns).write_parquet(path)
            report = analyze(path, variant.options, run=RunOptions(threads=1))
            runs[variant] = evaluate(report.result, labels)
    return runs


def measure_all(jobs: Sequence[Job], workers: int) -> Measured:
    """Run the jobs in processes, the longest first so that none waits at the end; results are in the jobs' order."""
    found: Measured = {}
    spawn = multiprocessing.get_context("spawn")
    with _one_core_each(), ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        ordered = sorted(jobs, key=lambda job: (not job.ablated, -job.rows))
        running = {pool.submit(measure, job): job for job in ordered}
        for done in as_completed(running):
            job = running[done]
            found[job.scenario, job.seed] = done.result()
            click.echo(f"{len(found)}/{len(jobs)} {job.scenario}, seed {job.seed}", err=True)
    return {(job.scenario, job.seed): found[job.scenario, job.seed] for job in jobs}


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Let polars use one core in every process started meanwhile: there is a process for each core."""
    name = "POLARS_MAX_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
