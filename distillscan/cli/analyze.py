"""``distillscan analyze``: the analysis of a log, as a person, a cron job or a ticket pipeline runs it."""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from distillscan.cli import guard
from distillscan.cli.guard import say
from distillscan.cli.inputs import standard_input
from distillscan.cli.output import LEVELS, View, check_outputs, deliver, emit, is_terminal, report_options
from distillscan.errors import UsageError
from distillscan.options import AnalyzeOptions, RunOptions

if TYPE_CHECKING:
    from distillscan.privacy.pseudonyms import Pseudonyms
    from distillscan.progress import Progress
    from distillscan.report.finished import Report
    from distillscan.result import Result, Severity

Options = TypeVar("Options", AnalyzeOptions, RunOptions)
_EMPTY: Final = "the log holds no request: nothing was looked at"


@click.command(epilog=guard.EXIT_CODES, short_help="Find clusters of accounts that harvest the model.")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@report_options
@click.option(
    "--fail-on", type=click.Choice(LEVELS), help="Exit with status 1 if there is a cluster of this severity or worse."
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=SOURCE",
    help="Read a canonical column from this column of the log; repeatable.",
)
@click.option(
    "--schema",
    metavar="NAME|FILE",
    help="Read the log by this schema: a packaged one, a TOML file, or none (default: recognise each file).",
)
@click.option(
    "--join", "joins", multiple=True, metavar="FILE", help="Add the columns of another log, by request; repeatable."
)
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
    "--releases",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the release times of models from this CSV or TOML file (default: find them in the log).",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the rows that cannot be used to this file as NDJSON, with the reason for each.",
)
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
@click.option("--detector", "detectors", multiple=True, metavar="NAME", help="Run only this detector; repeatable.")
@click.option("--without", multiple=True, metavar="NAME", help="Do not run this detector; repeatable.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="GROUP.NAME=VALUE",
    help="Change a parameter (distillscan parameters lists them); repeatable.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use N threads (default: one for each core). The report does not depend on it.",
)
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Read in smaller batches to stay below this size, as in 4GB, and stop if it is exceeded (default: no limit).",
)
@click.option(
    "--pseudonymize",
    "keyfile",
    type=click.Path(path_type=Path),
    metavar="KEYFILE",
    help="Show accounts, addresses, payments and other identities as pseudonyms made with this key.",
)
@click.option(
    "--no-prompts", is_flag=True, help="Show no words of prompts, neither in skeletons nor in the file of --rejects."
)
@click.option(
    "--stats",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the seconds of each phase and the peak memory to this file, as JSON.",
)
@click.option("-q", "--quiet", is_flag=True, help="Write nothing but errors to standard error.")
@click.option("--no-progress", is_flag=True, help="Show no progress (without a terminal there is none).")
def analyze(paths: tuple[str, ...], **options: Any) -> int:
    """Find the sets of accounts in request logs that look like one operator harvesting the model.

    PATHS are Parquet, CSV or NDJSON files, globs or folders; - is standard input. The report goes to standard output
    or to the file of --output. Notes and progress go to standard error; without a terminal nothing is written there
    unless something is wrong.
    """
    run = _Run.of(paths, options)
    from distillscan import pipeline

    with run.progress() as progress:
        report = pipeline.analyze(list(paths), run.options, run=run.how, progress=progress)
    run.note(report)
    emit(report.result, run.view)
    run.note_files(report)
    run.write_stats(report)
    return _exit_code(report.result, run.fail_on)


@dataclass(frozen=True, slots=True)
class _Run:
    """The options of one run, checked as far as they can be before the log is read."""

    options: AnalyzeOptions
    how: RunOptions
    view: View
    fail_on: "Severity | None"
    stats: Path | None
    quiet: bool
    no_progress: bool

    @classmethod
    def of(cls, paths: Sequence[str], options: dict[str, Any]) -> "_Run":
        view = View.of(options)
        targets = {"--output": view.output, "--stats": options["stats"], "--rejects": options["rejects"]}
        check_outputs(targets, [*paths, *options["joins"], options["keyfile"]])
        given = options | {
            "mapping": _pairs("--map", options["mapping"], "account_id=user.id"),
            "settings": _pairs("--set", options["settings"], "cluster.min_accounts=8"),
            "pseudonyms": _key(options["keyfile"], quiet=options["quiet"]),
            "prompts": not options["no_prompts"],
            "memory_limit": _size(options["memory_limit"]),
            "stdin": standard_input() if "-" in paths else None,
        }
        chosen, how = _filled(AnalyzeOptions, given), _filled(RunOptions, given)
        return cls(chosen, how, view, options["fail_on"], options["stats"], options["quiet"], options["no_progress"])

    def progress(self) -> "contextlib.AbstractContextManager[Progress | None]":
        """Progress for whoever watches; ``None`` when nobody does."""
        return show_progress(self.quiet or self.no_progress)

    def note(self, report: "Report") -> None:
        """Say what was assumed and how it went, to a person who watches or asks.

        What changes the meaning of the result is among its limitations too, so that a cron job's log can stay empty.
        Files that could not be read, and an empty log, are said to everybody: something is wrong.
        """
        if not self.quiet:
            for text in report.unread:
                say(text, "warning")
            if not report.result.population.requests and self.fail_on is None:
                say(_EMPTY, "warning")
        if self.quiet or not (self.view.verbose or is_terminal(sys.stderr)):
            return
        for text in report.notes:
            say(text, "note")
        say(_how_it_went(report.stats))

    def note_files(self, report: "Report") -> None:
        """Say where the report is and how many clusters it has, to a person who would see neither."""
        if self.view.output is None or self.quiet or not is_terminal(sys.stderr):
            return
        from distillscan.report.views.shared.judgement import cluster_counts

        say(f"wrote {self.view.output}: {cluster_counts(report.result)}")

    def write_stats(self, report: "Report") -> None:
        """Write the run's times and sizes, if asked to."""
        if self.stats is not None:
            deliver(json.dumps(dict(report.stats), indent=2) + "\n", self.stats)


def _filled(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """The options of a kind from those of the command line, which have the same names."""
    return kind(**{one.name: given[one.name] for one in fields(kind)})


def show_progress(silent: bool) -> "contextlib.AbstractContextManager[Progress | None]":
    """Progress on standard error unless it is to be ``silent`` or nobody watches; then ``None``."""
    if silent or not is_terminal(sys.stderr):
        return contextlib.nullcontext()
    from distillscan.cli.progress import TerminalProgress

    return TerminalProgress()


def _key(keyfile: Path | None, *, quiet: bool) -> "Pseudonyms | None":
    if keyfile is None:
        return None
    from distillscan.privacy.pseudonyms import read_key

    pseudonyms, warnings = read_key(keyfile)
    for text in () if quiet else warnings:
        say(text, "warning")
    return pseudonyms


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    from distillscan.profile.memory import parse_size

    return parse_size(text)


def _pairs(option: str, values: Sequence[str], example: str) -> dict[str, str]:
    """``("a=b", …)`` as a mapping."""
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not (name.strip() and equals and content):
            raise UsageError(f"{option} {value}: expected NAME=VALUE, as in {option} {example}")
        if name.strip() in pairs:
            raise UsageError(f"{option} {name.strip()} is given twice: {pairs[name.strip()]} and {content}")
        pairs[name.strip()] = content
    return pairs


def _how_it_went(stats: Mapping[str, Any]) -> str:
    from distillscan.wording import counted, size

    seconds = stats.get("seconds", {})
    text = f"{counted(stats.get('rows', 0), 'row')} in {sum(seconds.values()):.1f} s"
    if stats.get("peak_memory_bytes"):
        text += f", at most {size(stats['peak_memory_bytes'])} of memory"
    phases = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items() if value >= 0.05)
    return f"{text} ({phases})" if phases else text


def _exit_code(result: "Result", fail_on: "Severity | None") -> int:
    """What the run amounts to; see ``guard.EXIT_CODES``."""
    failed = [run for run in result.detectors if run.status == "error"]
    if failed:
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
    from distillscan.report.filters import at_least

    if fail_on is not None and any(at_least(cluster, fail_on) for cluster in result.clusters):
        return guard.FOUND
    return guard.OK
