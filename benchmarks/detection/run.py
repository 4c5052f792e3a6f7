"""Measure detection on every packaged scenario over several seeds, and write the tables of docs/evaluation.md.

Run from anywhere: python benchmarks/detection/run.py --rows 60000 --seeds 3
"""

import multiprocessing
import os
import platform
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from detection_tables import ALONE, MISSING, Measured, Runs, only, tables, without

ROOT: Final = Path(__file__).parents[2]
BEGIN: Final = "<!-- figures: begin; written by benchmarks/detection/run.py -->"
END: Final = "<!-- figures: end -->"
#: What every variant is tried on: all campaigns and look-alikes in plain form, behind evasions, and reworded.
ABLATED: Final = ("everything", "residential", "paraphrase")
#: Scenarios whose campaigns are a small part of the log get a longer one: so many times the rows.
LONGER: Final = {"per_mille": 8, "disclosed": 4, "one_percent": 3}


#: A detector alone is given a prior that one family of evidence can overcome.
_ALONE: Final = {"score.prior_coordination": f"{-ALONE}", "score.calibration": "0"}


@dataclass(frozen=True, slots=True)
class Job:
    """One log to simulate and everything to measure on it."""

    scenario: str
    seed: int
    rows: int
    corpus: Path | None
    ablate: bool


def measure(job: Job) -> Runs:
    """Simulate a log, analyse it as it is and in every variant, and evaluate each report."""
    from distillscan.detect.registry import builtin
    from distillscan.evaluate import evaluate
    from distillscan.options import AnalyzeOptions, RunOptions
    from distillscan.pipeline import analyze
    from distillscan.simulate import load_corpus, load_scenario, simulate

    corpus = None if job.corpus is None else load_corpus(job.corpus)
    simulated = simulate(load_scenario(job.scenario), job.rows, job.seed, corpus)
    variants: dict[str, tuple[AnalyzeOptions, tuple[str, ...]]] = {"": (AnalyzeOptions(), ())}
    if job.ablate:
        for name in (detector.name for detector in builtin()):
            alone = AnalyzeOptions(detectors=(name,), settings=_ALONE)
            variants[only(name)] = (alone, ())
            variants[without(name)] = (AnalyzeOptions(without=(name,)), ())
        variants |= {name: (AnalyzeOptions(), columns) for name, columns in MISSING.items()}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for variant, (options, dropped) in variants.items():
            path = Path(folder) / f"log-{len(dropped)}-{'-'.join(dropped)}.parquet"
            if not path.exists():
                simulated.log.drop(dropped).write_parquet(path)
            found[variant] = evaluate(analyze(path, options, run=RunOptions(threads=1)).result, simulated.labels)
    return found


def prepare() -> None:
    """Give a worker one core: the logs are small, and there is a worker for every core."""
    os.environ["POLARS_MAX_THREADS"] = "1"


def measure_all(jobs: list[Job], workers: int) -> Measured:
    """Run the jobs, several at a time; the order of the result is that of the jobs."""
    found: Measured = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=prepare) as pool:
        running = {pool.submit(measure, job): job for job in jobs}
        for done in as_completed(running):
            job = running[done]
            found[job.scenario, job.seed] = done.result()
            click.echo(f"{len(found)}/{len(jobs)} {job.scenario}, seed {job.seed}", err=True)
    return {(job.scenario, job.seed): found[job.scenario, job.seed] for job in jobs}


def circumstances(command: str, seconds: float, workers: int) -> str:
    """What the figures were measured with."""
    import polars

    import distillscan

    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    commit = f", commit {described}" if described else ""
    return (
        f"distillscan {distillscan.__version__}{commit}; Python {platform.python_version()}, polars "
        f"{polars.__version__}, {platform.system()} on {_processor()}, {workers} processes, "
        f"{seconds / 60:.0f} minutes. Command:\n\n    {command}\n"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else f"{os.cpu_count()} cores ({platform.machine()})"


def around(page: Path) -> tuple[str, str]:
    """What stands on the page up to the first marker and from the second."""
    head, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise click.UsageError(f"{page} has no lines {BEGIN} and {END}: the figures go between them")
    return head + begin, end + tail


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=60_000,
    show_default=True,
    help="Requests of each log; more for rare campaigns.",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Logs of each scenario.")
@click.option("--scenario", "chosen", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True), metavar="DIR", help="Real prompts for the built-in ones."
)
@click.option("--page", type=click.Path(path_type=Path, exists=True), default=ROOT / "docs" / "evaluation.md")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count(), help="Processes; default: one per core.")
def main(rows: int, seeds: int, chosen: tuple[str, ...], corpus: Path | None, page: Path, workers: int) -> None:
    """Measure, and write the tables of the page."""
    from distillscan.simulate import list_scenarios

    known = list_scenarios()
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise click.UsageError(f"no scenario {', '.join(unknown)}; there are {', '.join(known)}")
    around(page)  # better known now than after minutes
    scenarios = chosen or tuple(known)
    jobs = [
        Job(scenario, seed, rows * LONGER.get(scenario, 1), corpus, scenario in ABLATED)
        for scenario in scenarios
        for seed in range(1, seeds + 1)
    ]
    # The long jobs first, so that no core waits at the end.
    begun = time.perf_counter()
    measured = measure_all(sorted(jobs, key=lambda job: (not job.ablate, -job.rows)), workers)
    ordered = {(job.scenario, job.seed): measured[job.scenario, job.seed] for job in jobs}
    command = f"python benchmarks/detection/run.py --rows {rows} --seeds {seeds}"
    command += "".join(f" --scenario {name}" for name in chosen) + (" --corpus DIR" if corpus else "")
    figures = circumstances(command, time.perf_counter() - begun, workers) + "\n" + tables(ordered)
    head, tail = around(page)
    page.write_text(f"{head}\n\n{figures.strip()}\n\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
