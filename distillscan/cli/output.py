"""Options that every command with a report has, and where the report goes."""

import errno
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from distillscan.cli.guard import drop_output
from distillscan.errors import UsageError
from distillscan.report.views import FORMATS, SUFFIXES, Format, formatter

if TYPE_CHECKING:
    from distillscan.result import Result, Severity

Command = TypeVar("Command", bound=Callable[..., Any])

LEVELS: Final = ("critical", "high", "medium", "low")
DEFAULT_WIDTH: Final = 100


def report_options(command: Command) -> Command:
    """Add the options that choose how the report looks and where it goes."""
    for option in reversed(
        (
            click.option(
                "-f",
                "--format",
                "format_",
                type=click.Choice(FORMATS),
                help="Write the report in this format (default: by the suffix of --output, else a table).",
            ),
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Write the report to this file, completely or not at all; replaces the file.",
            ),
            click.option(
                "--min-severity", type=click.Choice(LEVELS), help="Show only clusters of this severity or worse."
            ),
            click.option(
                "--top",
                type=click.IntRange(min=1),
                metavar="N",
                help="Show only the N best-ranked clusters, each in detail.",
            ),
            click.option(
                "--cluster",
                metavar="RANK|ID",
                help="Show only this cluster, by its rank or the beginning of its identifier.",
            ),
            click.option(
                "-v",
                "--verbose",
                is_flag=True,
                help="Show all evidence with its numbers and all accounts, and write notes to standard error.",
            ),
            click.option(
                "--no-color", is_flag=True, help="Use no colour (the environment variable NO_COLOR does the same)."
            ),
        )
    ):
        command = option(command)
    return command


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
        """Take the view's options out of ``options``.

        Raises:
            UsageError: The output cannot be written, or the format not made; better known before the analysis.
        """
        output = options.pop("output")
        output = None if output == Path("-") else output
        view = cls(
            format_=options.pop("format_") or _format_of(output),
            output=output,
            min_severity=options.pop("min_severity"),
            top=options.pop("top"),
            cluster=options.pop("cluster"),
            verbose=options.pop("verbose"),
            no_color=options.pop("no_color"),
        )
        if view.output is not None:
            from distillscan.files import check_target

            check_target(view.output)
        return view


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


def emit(result: "Result", view: View) -> None:
    """Write the report to its file, or to standard output, which carries nothing else.

    Raises:
        UsageError: It cannot be written, or does not have the cluster that was asked for.
    """
    from distillscan.files import write_atomically
    from distillscan.report.filters import find_cluster, select
    from distillscan.report.views.terminal.report import to_text

    chosen = None if view.cluster is None else find_cluster(result, view.cluster)
    shown = select(result, view.min_severity, view.top, chosen)
    if view.format_ == "table":
        on_terminal = view.output is None and is_terminal(sys.stdout)
        text = to_text(
            shown,
            width=terminal_width(sys.stdout if view.output is None else None),
            color=on_terminal and not view.no_color and colour_is_welcome(),
            verbosity=int(view.verbose),
        )
    else:
        text = formatter(view.format_)(shown)
    if view.output is None:
        print_text(text, for_people=view.format_ == "table")
    else:
        write_atomically(view.output, text.encode())


def print_text(text: str, *, for_people: bool = False) -> None:
    """Write text to standard output: UTF-8, or for people what their terminal can show.

    A reader that has closed the pipe has what it wanted: the rest is dropped.

    Raises:
        UsageError: Standard output is closed or full.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed: use --output FILE")
    try:
        sys.stdout.buffer.write(_encode(text, sys.stdout.encoding) if for_people else text.encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        drop_output()
        if error.errno != errno.EPIPE:
            raise UsageError(f"cannot write to standard output: {error.strerror or error}") from error


def _encode(text: str, encoding: str | None) -> bytes:
    name = (encoding or "utf-8").lower().replace("_", "-")
    if name.startswith("utf"):
        return text.encode(name)
    from distillscan.report.views.terminal.style import ASCII

    return text.translate(ASCII).encode(name, "backslashreplace")


def is_terminal(stream: Any) -> bool:
    """Whether a person looks at the stream, on a terminal that can do more than print lines."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def colour_is_welcome() -> bool:
    """Whether the environment does not ask for plain text (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


def terminal_width(stream: Any) -> int:
    """Return the columns to use: COLUMNS, else those of the terminal that shows the stream, else 100.

    A pipe is shown by the terminal of standard error, if that is one: ``| less``, ``| head``.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    shown_by = sys.stderr if _is_pipe(stream) else stream
    if shown_by is None or not shown_by.isatty():
        return DEFAULT_WIDTH
    return os.get_terminal_size(shown_by.fileno()).columns or DEFAULT_WIDTH


def _is_pipe(stream: Any) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (AttributeError, OSError):  # no stream, or none of the operating system's
        return False
