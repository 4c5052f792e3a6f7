"""Where a command reads and writes: standard streams, saved reports, key files, files of output, the terminal.

What cannot be read is an InputError; an option that cannot be used, or an output that cannot be written, a UsageError.
"""

import contextlib
import errno
import json
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from distillscan.cli.guard import drop_output, say
from distillscan.errors import InputError, UsageError

if TYPE_CHECKING:
    from distillscan.privacy.pseudonyms import Pseudonyms
    from distillscan.progress import Progress
    from distillscan.result import Result

DEFAULT_WIDTH: Final = 100


def standard_input() -> BinaryIO:
    """Return what ``-`` reads."""
    if sys.stdin is None:
        raise UsageError("standard input is closed: nothing to read from -")
    return cast("BinaryIO", sys.stdin.buffer)


def read_report(report: str) -> "Result":
    """Return the result of a report saved as JSON; ``-`` is standard input."""
    from distillscan.report.document import from_json, load

    if report != "-":
        return load(Path(report))
    try:
        return from_json(standard_input().read())
    except InputError as error:
        raise InputError(f"standard input: {error}") from error


def read_keyfile(keyfile: Path, *, quiet: bool = False) -> "Pseudonyms":
    """Return the pseudonyms of a key file; what is doubtful about it is said unless ``quiet``."""
    from distillscan.privacy.pseudonyms import read_key

    pseudonyms, warnings = read_key(keyfile)
    for text in () if quiet else warnings:
        say(text, "warning")
    return pseudonyms


def check_outputs(targets: Mapping[str, Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Make sure, before hours of work, that every output can be written, over no input and over no other output.

    Args:
        targets: Option to the file it names.
        inputs: Files that are read; ``-`` is standard input.
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
    """Write text to its file, or to standard output as ``print_text`` does."""
    if output is None:
        print_text(text, for_people=for_people)
        return
    from distillscan.files import writing

    with writing(output) as stream:
        stream.write(text.encode())


def print_text(text: str, *, for_people: bool = False) -> None:
    """Write text to standard output: UTF-8, or for people what their terminal can show.

    A reader that has closed the pipe has what it wanted: the rest is dropped.
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


def print_json(value: Any) -> None:
    """Write plain types to standard output as JSON in ASCII."""
    print_text(json.dumps(value, indent=2) + "\n")


def _encode(text: str, encoding: str | None) -> bytes:
    name = (encoding or "utf-8").lower().replace("_", "-")
    if name.startswith("utf"):
        return text.encode(name)
    from distillscan.report.views.terminal.style import ASCII

    return text.translate(ASCII).encode(name, "backslashreplace")


def is_terminal(stream: Any) -> bool:
    """Whether a person looks at the stream, on a terminal that can do more than print lines."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def show_progress(silent: bool) -> "contextlib.AbstractContextManager[Progress | None]":
    """Return progress on standard error; None as its value if it is to be ``silent`` or nobody watches."""
    if silent or not is_terminal(sys.stderr):
        return contextlib.nullcontext()
    from distillscan.cli.progress import TerminalProgress

    return TerminalProgress()


def terminal_layout(output: Path | None = None, *, plain: bool = False) -> dict[str, Any]:
    """Return the width of a text for people (in a file or on standard output), and whether it may have colours.

    No colours if it is to be ``plain``, in a file, or where the environment says so (https://no-color.org).
    """
    stream = sys.stdout if output is None else None
    color = not plain and is_terminal(stream) and not os.environ.get("NO_COLOR")
    return {"width": terminal_width(stream), "color": color}


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
