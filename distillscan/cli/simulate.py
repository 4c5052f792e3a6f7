"""``distillscan simulate``: a labelled log to try detection on."""

import sys
from pathlib import Path

import click

from distillscan.cli.guard import say
from distillscan.cli.options import FILE, file_option
from distillscan.cli.streams import is_terminal, print_text
from distillscan.errors import UsageError


@click.command(short_help="Write a labelled log with planted campaigns.")
@click.argument("out", type=FILE, required=False, metavar="OUT.parquet|OUT.csv")
@click.option(
    "--rows", type=click.IntRange(1), default=20_000, show_default=True, metavar="N", help="Write so many requests."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    metavar="S",
    help="Seed the random numbers: the same seed gives the same bytes.",
)
@click.option(
    "--scenario",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    help="Simulate this scenario: a packaged one or a TOML file.",
)
@file_option("--corpus", metavar="DIR", help_="Use the real prompts in this folder instead of the built-in ones.")
@click.option("--list", "listing", is_flag=True, help="List the packaged scenarios and exit.")
def simulate(out: Path | None, rows: int, seed: int, scenario: str, corpus: Path | None, listing: bool) -> None:
    """Write a simulated log with campaigns, innocent look-alikes and ordinary accounts.

    The labels, which say whose each account is, go to OUT.labels.csv beside it.
    """
    if listing:
        print_text(_scenarios())
        return
    if out is None:
        raise UsageError("simulate needs a file to write, as in: distillscan simulate log.parquet")
    if out.suffix not in (".parquet", ".csv"):
        raise UsageError(f"cannot write {out}: name a file that ends in .parquet or .csv")
    from distillscan import simulate as simulator
    from distillscan.files import check_target

    check_target(out)
    chosen = simulator.load_scenario(scenario)
    prompts = None if corpus is None else simulator.load_corpus(corpus)
    labels = simulator.write(simulator.Simulation(chosen, rows, seed, prompts), out)
    if is_terminal(sys.stderr):
        say(f"wrote {out} ({rows:,} rows) and its labels, {labels}")


def _scenarios() -> str:
    from distillscan.simulate import list_scenarios

    found = list_scenarios()
    width = max(map(len, found), default=0)
    return "".join(f"{name:<{width}}  {summary}\n" for name, summary in found.items())
