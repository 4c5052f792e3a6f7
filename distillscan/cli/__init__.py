"""The command line: options become arguments of the API, and outcomes become exit codes."""

import gc
import os

import click

from distillscan import __version__
from distillscan.cli.analyze import analyze
from distillscan.cli.evaluate import evaluate
from distillscan.cli.guard import Cli
from distillscan.cli.listing import detectors, parameters, report_schema
from distillscan.cli.pseudonymize import pseudonymize
from distillscan.cli.render import render
from distillscan.cli.schema import schema
from distillscan.cli.simulate import simulate
from distillscan.cli.verify import verify

EPILOG = """\
Shell completion: put eval "$(_DISTILLSCAN_COMPLETE=bash_source distillscan)" into ~/.bashrc; likewise with zsh_source
into ~/.zshrc, or fish_source for fish.
"""


@click.group(
    cls=Cli,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EPILOG,
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Find sets of accounts in LLM request logs that look like one operator harvesting the model."""


for command in (
    analyze,
    render,
    verify,
    evaluate,
    pseudonymize,
    detectors,
    parameters,
    schema,
    report_schema,
    simulate,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Loading libraries makes a million objects that stay. Searching them for cycles time and again, and once more at
    # the end, takes half as long as all else on a small log; what a long run uses is freed without the collector.
    gc.set_threshold(200_000, 20, 100)
    # Arrow's own allocator gives the memory of each large column back to the system, which then clears it page by page.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        cli.main(prog_name="distillscan")
    finally:
        gc.freeze()
