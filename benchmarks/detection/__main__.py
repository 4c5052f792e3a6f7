"""Measure detection on the scenarios of a world, and print or write the tables of docs/evaluation.md.

Run in the repository: python -m benchmarks.detection --world simulator --rows 60000 --seeds 5 --write
"""

import os
import time
from pathlib import Path

import click

from benchmarks.detection.measure import Job, measure_all
from benchmarks.detection.tables import tables
from benchmarks.pages.page import DOCS, Page, circumstances
from benchmarks.worlds.registry import WORLDS, check_scenarios, rows_of
from distillscan.wording import counted


@click.command()
@click.option("--world", type=click.Choice(list(WORLDS)), default="simulator", show_default=True)
@click.option(
    "--rows", type=click.IntRange(1), help="Requests of each log, more for rare campaigns; default: as the world says."
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Logs of each scenario.")
@click.option("--first-seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--scenario", "named", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="Folder of real prompts; default: invented text.",
)  # fmt: skip
@click.option("--write", is_flag=True, help="Write the tables into the page instead of printing them.")
@click.option("--page", type=click.Path(path_type=Path, exists=True), default=DOCS / "evaluation.md", metavar="FILE")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count(), help="Processes; default: one per core.")
def main(
    world: str, rows: int | None, seeds: int, first_seed: int, named: tuple[str, ...], corpus: Path | None,
    write: bool, page: Path, workers: int,
) -> None:  # fmt: skip
    """Make, analyse and evaluate logs whose campaigns are known."""
    maker = WORLDS[world]
    target = Page(page, f"python -m benchmarks.detection --world {world}")
    if write:
        target.around()  # better known now than after minutes
    jobs = [
        Job(world, name, seed, rows_of(maker, name, rows), corpus, maker.scenarios[name].ablated)
        for name in check_scenarios(maker, named)
        for seed in range(first_seed, first_seed + seeds)
    ]
    begun = time.perf_counter()
    measured = measure_all(jobs, workers)
    command = target.command + (f" --rows {rows}" if rows else "") + f" --seeds {seeds}"
    command += f" --first-seed {first_seed}" if first_seed != 1 else ""
    command += "".join(f" --scenario {name}" for name in named) + (" --corpus DIR" if corpus else "")
    took = f", {counted(workers, 'process', 'processes')}, {(time.perf_counter() - begun) / 60:.0f} minutes"
    figures = circumstances(command, "polars", details=took) + "\n\n" + tables(measured)
    if write:
        target.write(figures)
    else:
        click.echo(figures, nl=False)


if __name__ == "__main__":
    main()
