"""Options that several commands have, and how a report is to look."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from distillscan.errors import UsageError
from distillscan.report.views import FORMATS, SUFFIXES, Format

if TYPE_CHECKING:
    from distillscan.result import Severity

Command = TypeVar("Command", bound=Callable[..., Any])

FILE: Final = click.Path(path_type=Path)
SEVERITY: Final = click.Choice(("critical", "high", "medium", "low"))

no_progress_option: Final = click.option(
    "--no-progress", is_flag=True, help="Show no progress (without a terminal there is none)."
)
threads_option: Final = click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="Use N threads (default: one for each core). The report does not depend on it.",
)
table_or_json: Final = click.option(
    "-f", "--format", "format_", type=click.Choice(("table", "json")), default="table", show_default=True
)


def file_option(*names: str, help_: str, metavar: str = "FILE") -> Callable[[Command], Command]:
    """Add an option whose value is a path."""
    return click.option(*names, type=FILE, metavar=metavar, help=help_)


def repeatable(*names: str, metavar: str, help_: str) -> Callable[[Command], Command]:
    """Add an option that may be given several times; its value is a tuple."""
    return click.option(*names, multiple=True, metavar=metavar, help=f"{help_}; repeatable.")


def output_option(help_: str) -> Callable[[Command], Command]:
    """Add ``--output``; its value is None for standard output, which ``-`` stands for as well."""
    return click.option(
        "-o",
        "--output",
        type=FILE,
        metavar="FILE",
        callback=lambda _context, _option, path: None if path == Path("-") else path,
        help=help_,
    )


join_option: Final = repeatable("--join", "joins", metavar="FILE", help_="Add the columns of another log, by request")

_REPORT_OPTIONS: Final = (
    click.option(
        "-f",
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        help="Write the report in this format (default: by the suffix of --output, else a table).",
    ),
    output_option("Write the report to this file, completely or not at all; replaces the file."),
    click.option("--min-severity", type=SEVERITY, help="Show only clusters of this severity or worse."),
    click.option(
        "--top", type=click.IntRange(1), metavar="N", help="Show only the N best-ranked clusters, each in detail."
    ),
    click.option(
        "--cluster", metavar="RANK|ID", help="Show only this cluster, by its rank or the beginning of its identifier."
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Show all evidence with its numbers and all accounts, and write notes to standard error.",
    ),
    click.option("--no-color", is_flag=True, help="Use no colour (the environment variable NO_COLOR does the same)."),
)


def report_options(command: Command) -> Command:
    """Add the options that choose how the report looks and where it goes."""
    return reduce(lambda made, option: option(made), reversed(_REPORT_OPTIONS), command)


@dataclass(frozen=True, slots=True)
class View:
    """How the report is to look and where it goes."""

    format_: Format
    output: Path | None
    min_severity: "Severity | None"
    top: int | None
    cluster: str | None
    verbose: bool
    no_color: bool

    @classmethod
    def of(cls, options: dict[str, Any]) -> "View":
        """Take the view's options out of ``options``."""
        given = {field.name: options.pop(field.name) for field in fields(cls)}
        return cls(**given | {"format_": given["format_"] or _format_of(given["output"])})


def _format_of(output: Path | None) -> Format:
    """The format that a file's suffix stands for; a table where there is none, as for a pipe or a device."""
    if output is None or not output.suffix:
        return "table"
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"--output {output}: no format has the suffix {output.suffix}; known are {', '.join(SUFFIXES)} "
            "(or choose one with --format)"
        )
    return SUFFIXES[output.suffix.lower()]
