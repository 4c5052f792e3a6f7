"""``distillscan verify``: a saved report as evidence that can be checked."""

from pathlib import Path
from typing import Any

import click

from distillscan.cli import guard
from distillscan.cli.analyze import show_progress
from distillscan.cli.inputs import read_report, standard_input
from distillscan.cli.output import print_text
from distillscan.errors import UsageError

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
@click.option(
    "--pseudonymize",
    "keyfile",
    type=click.Path(path_type=Path),
    metavar="KEYFILE",
    help="Make pseudonyms with this key, that of the report.",
)
@click.option(
    "--join",
    "joins",
    multiple=True,
    metavar="FILE",
    help="Add the columns of another log, as the report did; repeatable.",
)
@click.option("--schema", metavar="FILE.toml", help="Read the schema of the report from this file, if it has moved.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Use N threads (default: one for each core).")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit status tells.")
@click.option("--no-progress", is_flag=True, help="Show no progress (without a terminal there is none).")
def verify(report: str, paths: tuple[str, ...], keyfile: Path | None, joins: tuple[str, ...], **options: Any) -> int:
    """Check that a report follows from its inputs: hash them, repeat the recorded analysis, and compare.

    REPORT.json is a report saved as JSON; PATHS are its inputs, in any order and wherever they are now. If distillscan
    or a detector has another version than the report, that is noted; it is no difference by itself.
    """
    if report == "-" and "-" in paths:
        raise UsageError("only one of report and inputs can be standard input")
    from distillscan.evaluate.verify import verify as hold
    from distillscan.options import RunOptions
    from distillscan.privacy.pseudonyms import read_key

    pseudonyms, warnings = (None, ()) if keyfile is None else read_key(keyfile)
    for text in warnings:
        guard.say(text, "warning")
    result = read_report(report)
    with show_progress(options["quiet"] or options["no_progress"]) as progress:
        found = hold(
            result,
            list(paths),
            joins=joins,
            schema=options["schema"],
            pseudonyms=pseudonyms,
            run=RunOptions(threads=options["threads"], stdin=standard_input() if "-" in paths else None),
            progress=progress,
        )
    if not options["quiet"]:
        print_text(_text(report, found, len(result.inputs)), for_people=True)
    return guard.OK if found.same else guard.FOUND


def _text(report: str, found: Any, inputs: int) -> str:
    from distillscan.sanitize import clip
    from distillscan.wording import counted

    name = clip(report, 80)
    if found.same:
        lines = [
            f"{name}: the same report comes out ({counted(inputs, 'input')}, {counted(found.clusters, 'cluster')})"
        ]
    else:
        lines = [f"{name}: differs ({found.inputs} of {counted(inputs, 'input')} found among the files given)"]
        lines += [f"  {clip(line, 400)}" for line in found.differences[:MOST]]
        if len(found.differences) > MOST:
            lines.append(f"  and {counted(len(found.differences) - MOST, 'more difference')}")
    lines += [f"note: {clip(line, 400)}" for line in found.notes]
    return "\n".join(lines) + "\n"
