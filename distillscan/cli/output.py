"""Options that every command with a report has, and where the report goes."""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
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


def output_option(help_: str) -> Callable[[Command], Command]:
    """Add ``--output``; its value is None for standard output, which ``-`` stands for as well."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=lambda _context, _option, path: None if path == Path("-") else path,
        help=help_,
    )


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
            output_option("Write the report to this file, completely or not at all; replaces the file."),
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
            UsageError: The suffix of the output is that of no format.
        """
        output = options.pop("output")
        return cls(
            format_=options.pop("format_") or _format_of(output),
            output=output,
            min_severity=options.pop("min_severity"),
            top=options.pop("top"),
            cluster=options.pop("cluster"),
            verbose=options.pop("verbose"),
            no_color=options.pop("no_color"),
        )


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
    from distillscan.report.filters import find_cluster, select
    from distillscan.report.views.terminal.report import to_text

    chosen = None if view.cluster is None else find_cluster(result, view.cluster)
    shown = select(result, view.min_severity, view.top, chosen)
    if view.format_ == "table":
        layout = terminal_layout(view.output, plain=view.no_color)
        deliver(to_text(shown, **layout, verbosity=int(view.verbose)), view.output, for_people=True)
    else:
        deliver(formatter(view.format_)(shown), view.output)


def check_outputs(targets: Mapping[str, Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Make sure, before hours of work, that every output can be written, over no input and over no other output.

    Args:
        targets: Option to the file it names.
        inputs: Files that are read; ``-`` is standard input.

    Raises:
        UsageError: One cannot.
    """
    from distillscan.files import check_target

    taken = {Path(path).resolve(): "an input" for path in inputs if path not in (None, "-")}
    for option, path in targets.items():
        if path is None or path == Path("/dev/null"):
            continue
        check_target(path)
        where = path.resolve()
        if where in taken:
            raise UsageError(f"{option} {path} is also {taken[where]}: choose another file")
        taken[where] = option


def deliver(text: str, output: Path | None, *, for_people: bool = False) -> None:
    """Write text to its file, or to standard output as ``print_text`` does.

    Raises:
        UsageError: It cannot be written.
    """
    if output is None:
        print_text(text, for_people=for_people)
        return
    from distillscan.files import write_atomically

    write_atomically(output, text.encode())


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


def terminal_layout(output: Path | None = None, *, plain: bool = False) -> dict[str, Any]:
    """Return the width of a text for people, and whether it may have colours unless it is to be ``plain``.

    Args:
        output: The file it goes to; None for standard output.
        plain: Whether colours are not wanted.
    """
    stream = sys.stdout if output is None else None
    return {"width": terminal_width(stream), "color": not plain and is_terminal(stream) and colour_is_welcome()}


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
