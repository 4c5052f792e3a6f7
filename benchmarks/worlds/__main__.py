"""Make one labelled log of any world.

Run in the repository: python -m benchmarks.worlds held_out plain log.parquet --rows 150000 --seed 1
"""

from pathlib import Path

import click

from benchmarks.worlds.registry import WORLDS, check_scenarios, rows_of


@click.command()
@click.argument("world", type=click.Choice(list(WORLDS)))
@click.argument("scenario")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.parquet")
@click.option("--rows", type=click.IntRange(1), help="Requests; default: the scenario's own number.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="Folder of real prompts; default: invented text.",
)  # fmt: skip
def main(world: str, scenario: str, output: Path, rows: int | None, seed: int, corpus: Path | None) -> None:
    """Write the log, and its labels to OUT.labels.csv."""
    maker = WORLDS[world]
    check_scenarios(maker, [scenario])
    made = maker.make(scenario, rows_of(maker, scenario, rows), seed, corpus)
    made.log.write_parquet(output)
    made.labels.write_csv(output.with_suffix(".labels.csv"))


if __name__ == "__main__":
    main()
