"""``distillscan analyze``: the analysis of a log, as a person, a cron job or a ticket pipeline runs it."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import click

from distillscan.cli import guard
from distillscan.cli.guard import say
from distillscan.cli.options import (
    SEVERITY,
    View,
    file_option,
    join_option,
    no_progress_option,
    repeatable,
    report_options,
    threads_option,
)
from distillscan.cli.render import emit
from distillscan.cli.streams import check_outputs, deliver, is_terminal, read_keyfile, show_progress, standard_input
from distillscan.errors import UsageError
from distillscan.options import AnalyzeOptions, RunOptions

if TYPE_CHECKING:
    from distillscan.report.finished import Report
    from distillscan.result import Result, Severity

_EMPTY: Final = "the log holds no request: nothing was looked at"


def _size(text: str) -> int:
    from distillscan.profile.memory import parse_size  # loads polars, which --help need not

    return parse_size(text)


@click.command(epilog=guard.EXIT_CODES, short_help="Find clusters of accounts that harvest the model.")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@report_options
@click.option("--fail-on", type=SEVERITY, help="Exit with status 1 if there is a cluster of this severity or worse.")
@repeatable("--map", "mapping", metavar="COLUMN=SOURCE", help_="Read a canonical column from this column of the log")
@click.option(
    "--schema",
    metavar="NAME|FILE",
    help="Read the log by this schema: a packaged one, a TOML file, or none (default: recognise each file).",
)
@join_option
@click.option(
    "--null-values",
    multiple=True,
    metavar="TEXT",
    help="Take this text, as a whole value, for no value, like NULL and \\N; repeatable.",
)
@click.option(
    "--date-order",
    type=click.Choice(("day-first", "month-first")),
    help="Read dates such as 7/1/2026 this way (default: as all dates of the log tell).",
)
@click.option(
    "--input-format",
    type=click.Choice(("parquet", "csv", "ndjson")),
    help="Read every file in this format (default: by content and suffix).",
)
@click.option(
    "--columns",
    metavar="NAMES",
    default="",
    help="Name the columns of CSV files without a header, as in timestamp,account_id,,prompt (an empty name: none).",
)
@file_option(
    "--releases", help_="Take the release times of models from this CSV or TOML file (default: find them in the log)."
)
@file_option("--rejects", help_="Write the rows that cannot be used to this file as NDJSON, with the reason for each.")
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="Exit with status 3, without a report, if a larger share of the rows cannot be used.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with status 3 if any input cannot be read completely (default: skip it and report it).",
)
@repeatable("--detector", "detectors", metavar="NAME", help_="Run only this detector")
@repeatable("--without", metavar="NAME", help_="Do not run this detector")
@repeatable(
    "--set", "settings", metavar="GROUP.NAME=VALUE", help_="Change a parameter (distillscan parameters lists them)"
)
@threads_option
@click.option(
    "--memory-limit",
    type=_size,
    metavar="SIZE",
    help="Read in smaller batches to stay below this size, as in 4GB, and stop if it is exceeded (default: no limit).",
)
@file_option(
    "--pseudonymize",
    "keyfile",
    metavar="KEYFILE",
    help_="Show accounts, addresses, payments and other identities as pseudonyms made with this key.",
)
@click.option(
    "--no-prompts", is_flag=True, help="Show no words of prompts, neither in skeletons nor in the file of --rejects."
)
@file_option("--stats", help_="Write wall and processor seconds of each phase and peak memory to this file, as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Write nothing but errors to standard error.")
@no_progress_option
def analyze(paths: tuple[str, ...], **given: Any) -> int:
    """Find the sets of accounts in request logs that look like one operator harvesting the model.

    PATHS are Parquet, CSV or NDJSON files, globs or folders; - is standard input. The report goes to standard output
    or to the file of --output. Notes and progress go to standard error; without a terminal nothing is written there
    unless something is wrong.
    """
    view, quiet = View.of(given), given["quiet"]
    targets = {"--output": view.output, "--stats": given["stats"], "--rejects": given["rejects"]}
    check_outputs(targets, [*paths, *given["joins"], given["keyfile"]])
    options, run = _analysis_options(paths, given)
    from distillscan import pipeline

    with show_progress(quiet or given["no_progress"]) as progress:
        report = pipeline.analyze(list(paths), options, run=run, progress=progress)
    if not quiet:
        _note(report, verbose=view.verbose, empty_is_an_error=given["fail_on"] is not None)
    emit(report.result, view)
    if view.output is not None and not quiet and is_terminal(sys.stderr):
        from distillscan.report.views.shared.judgement import cluster_counts

        say(f"wrote {view.output}: {cluster_counts(report.result)}")
    if given["stats"] is not None:
        deliver(json.dumps(dict(report.stats), indent=2) + "\n", given["stats"])
    return _exit_code(report.result, given["fail_on"])


def _analysis_options(paths: Sequence[str], given: dict[str, Any]) -> tuple[AnalyzeOptions, RunOptions]:
    """The analysis takes options by the names they have on the command line; these are converted first."""
    given = given | {
        "mapping": _pairs("--map", given["mapping"], "account_id=user.id"),
        "settings": _pairs("--set", given["settings"], "cluster.min_accounts=8"),
        "pseudonyms": given["keyfile"] and read_keyfile(given["keyfile"], quiet=given["quiet"]),
        "columns": tuple(name.strip() for name in given["columns"].split(",")) if given["columns"] else (),
        "prompts": not given["no_prompts"],
        "stdin": standard_input() if "-" in paths else None,
    }
    analysis, run = ({one.name: given[one.name] for one in fields(kind)} for kind in (AnalyzeOptions, RunOptions))
    return AnalyzeOptions(**analysis), RunOptions(**run)


def _pairs(option: str, values: Sequence[str], example: str) -> dict[str, str]:
    """``("a=b", …)`` as a mapping."""
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, content = value.partition("=")
        name = name.strip()
        if not (name and equals and content):
            raise UsageError(f"{option} {value}: expected NAME=VALUE, as in {option} {example}")
        if name in pairs:
            raise UsageError(f"{option} {name} is given twice: {pairs[name]} and {content}")
        pairs[name] = content
    return pairs


def _note(report: "Report", *, verbose: bool, empty_is_an_error: bool) -> None:
    """Say what could not be read; to a person who watches or asks, also what was assumed and how it went.

    What changes the meaning of the result is among its limitations too, so that a cron job's log can stay empty.
    """
    for text in report.unread:
        say(text, "warning")
    if not report.result.population.requests and not empty_is_an_error:
        say(_EMPTY, "warning")
    if verbose or is_terminal(sys.stderr):
        for text in report.notes:
            say(text, "note")
        say(_how_it_went(report.stats))


def _how_it_went(stats: Mapping[str, Any]) -> str:
    from distillscan.wording import counted, size

    seconds, memory = stats["seconds"], stats["peak_memory_bytes"]
    text = f"{counted(stats['rows'], 'row')} in {sum(seconds.values()):.1f} s"
    text += f", at most {size(memory)} of memory" if memory else ""
    phases = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items() if value >= 0.05)
    return f"{text} ({phases})" if phases else text


def _exit_code(result: "Result", fail_on: "Severity | None") -> int:
    """The exit code of a run (``guard.EXIT_CODES``); says why unless it is 0 or 1."""
    from distillscan.report.filters import at_least

    if failed := [run for run in result.detectors if run.status == "error"]:
        for run in failed:
            say(f"{run.name} failed: {run.reason}; the report is partial", "error")
        return guard.PARTIAL
    if not result.population.requests:
        if fail_on is None:
            return guard.OK
        say(f"{_EMPTY}, and --fail-on cannot be answered", "error")
        return guard.NO_INPUT
    if not any(run.status == "ok" for run in result.detectors):
        reasons = "; ".join(f"{run.name} {run.reason}" for run in result.detectors) or "none was chosen"
        say(f"no detector could run: {reasons}", "error")
        return guard.NO_INPUT
    found = fail_on is not None and any(at_least(cluster, fail_on) for cluster in result.clusters)
    return guard.FOUND if found else guard.OK
