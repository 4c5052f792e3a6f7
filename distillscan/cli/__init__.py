"""The command line: a thin skin over the API, where options become arguments and outcomes become exit codes."""

import click

from distillscan.cli.analyze import analyze
from distillscan.cli.evaluate import evaluate
from distillscan.cli.guard import Cli
from distillscan.cli.listing import detectors, report_schema
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
@click.version_option(package_name="distillscan", message="%(prog)s %(version)s")
def cli() -> None:
    """Find sets of accounts in LLM request logs that look like one operator harvesting the model."""


for command in (analyze, render, verify, pseudonymize, evaluate, detectors, schema, simulate, report_schema):
    cli.add_command(command)


def main() -> None:
    """Run the command line and leave with its exit code."""
    cli.main(prog_name="distillscan")
