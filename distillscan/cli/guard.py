"""Errors on the command line: one or two plain lines on standard error, and the documented exit code."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from distillscan.errors import DistillscanError, InputError

OK, FOUND, USAGE, NO_INPUT, PARTIAL = range(5)
DEFECT: Final = 70  # EX_SOFTWARE: Python's own 1 would read as "found"
INTERRUPTED: Final = 130

EXIT_CODES: Final = """\
\b
Exit codes:
  0    the run went through; with --fail-on: and there is no such cluster
  1    there is a cluster as severe as --fail-on says, shown or not
  2    usage or configuration: a wrong option, a file that cannot be written
  3    no usable input, more unusable rows than --max-rejected allows, an empty
       log under --fail-on, or no detector that could run
  4    partial: a detector failed; the report is written (also if 1 applies)
  70   a defect of distillscan
  130  interrupted
A reader that closes the pipe early (| head) changes none of these.
"""


class Cli(click.Group):
    """A command group that ends every run with a documented exit code."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any) -> Any:
        """Run, report what went wrong, and exit."""
        extra["standalone_mode"] = False
        try:
            code = super().main(args, prog_name, *rest, **extra)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
            say("interrupted: no report was written")
        except Exception as error:
            code = _explain(error)
        sys.exit(code if isinstance(code, int) else OK)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the group's own arguments; ``--help`` prints from here."""
        with closed_pipe_is_fine():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with closed_pipe_is_fine():
            return super().invoke(ctx)


def say(message: str, label: str = "") -> None:
    """Write a message to standard error, made safe: it may quote the log or a file name.

    Further lines are set in, so that no quoted text can pass for a message of its own.
    """
    from distillscan.sanitize import visible

    first, *rest = (visible(line) for line in message.rstrip("\n").split("\n"))
    text = "\n".join([f"{label}: {first}" if label else first, *(f"  {line}" for line in rest)])
    with contextlib.suppress(OSError):  # nobody reads it
        click.echo(text, err=True)


@contextlib.contextmanager
def closed_pipe_is_fine() -> Iterator[None]:
    """End the output without an error when its reader has closed the pipe."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        drop_output()
        raise click.exceptions.Exit(OK) from None


def drop_output() -> None:
    """Send what is still buffered for standard output nowhere, so that Python's flush at exit cannot fail."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def _explain(error: Exception) -> int:
    """Say what went wrong, and return the exit code."""
    match error:
        case click.ClickException():
            say(error.format_message(), "error")
            if context := getattr(error, "ctx", None):
                say(f"see {context.command_path} --help")
            return USAGE
        case DistillscanError():
            say(str(error), "error")
            return NO_INPUT if isinstance(error, InputError) else USAGE
        case MemoryError():
            say("out of memory: give the log in parts (one day or week at a time), or use a larger machine", "error")
            return NO_INPUT
        case _:
            import traceback

            say("".join(traceback.format_exception(error)))
            say("this is a defect of distillscan, not of the log: please report it with the lines above", "error")
            return DEFECT
