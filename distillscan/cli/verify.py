"""``distillscan verify``: check that a saved report follows from its inputs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from distillscan.cli import guard
from distillscan.cli.options import file_option, no_progress_option, repeatable, threads_option
from distillscan.cli.streams import print_text, read_keyfile, read_report, show_progress, standard_input
from distillscan.errors import UsageError

if TYPE_CHECKING:
    from distillscan.evaluate.verify import Verification

EXIT_CODES = """\
\b
Exit codes:
  0  the same report comes out
  1  it differs: other inputs, other findings, or an edited report
  2  usage: a wrong option, the key of the report's pseudonyms is missing or another one
  3  the report or the inputs cannot be used
"""
#: Differences listed before the rest is counted.
MOST = 40


@click.command(epilog=EXIT_CODES, short_help="Check that a report follows from its inputs.")
@click.argument("report", metavar="REPORT.json")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@file_option("--pseudonymize", "keyfile", metavar="KEYFILE", help_="Make pseudonyms with this key, that of the report.")
@repeatable("--join", "joins", metavar="FILE", help_="Add the columns of another log, as the report did")
@click.option("--schema", metavar="FILE.toml", help="Read the schema of the report from this file, if it has moved.")
@threads_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit status tells.")
@no_progress_option
def verify(report: str, paths: tuple[str, ...], keyfile: Path | None, quiet: bool, **options: Any) -> int:
    """Check that a report follows from its inputs: hash them, repeat the recorded analysis, and compare.

    REPORT.json is a report saved as JSON; PATHS are its inputs, in any order and wherever they are now. If distillscan
    or a detector has another version than the report, that is noted; it is no difference by itself.
    """
    if report == "-" and "-" in paths:
        raise UsageError("only one of report and inputs can be standard input")
    from distillscan.evaluate.verify import verify as repeat_and_compare
    from distillscan.options import RunOptions

    pseudonyms = None if keyfile is None else read_keyfile(keyfile)
    result = read_report(report)
    run = RunOptions(threads=options["threads"], stdin=standard_input() if "-" in paths else None)
    chosen = {"joins": options["joins"], "schema": options["schema"], "pseudonyms": pseudonyms}
    with show_progress(quiet or options["no_progress"]) as progress:
        found = repeat_and_compare(result, list(paths), **chosen, run=run, progress=progress)
    if not quiet:
        print_text(_text(report, found, len(result.inputs)), for_people=True)
    return guard.OK if found.same else guard.FOUND


def _text(report: str, found: "Verification", inputs: int) -> str:
    from distillscan.sanitize import clip
    from distillscan.wording import counted

    name, given = clip(report, 80), counted(inputs, "input")
    if found.same:
        lines = [f"{name}: the same report comes out ({given}, {counted(found.clusters, 'cluster')})"]
    else:
        lines = [f"{name}: differs ({found.inputs} of {given} found among the files given)"]
        lines += [f"  {clip(line, 400)}" for line in found.differences[:MOST]]
        if len(found.differences) > MOST:
            lines.append(f"  and {counted(len(found.differences) - MOST, 'more difference')}")
    lines += [f"note: {clip(line, 400)}" for line in found.notes]
    return "\n".join(lines) + "\n"
