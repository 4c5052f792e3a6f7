"""Standard streams that are closed, full, deserted, or cannot show what they are given."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from distillscan.cli import guard, streams
from distillscan.cli.streams import standard_input
from distillscan.errors import UsageError


def test_a_closed_standard_output_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(UsageError) as caught:
        streams.print_text("x")
    assert str(caught.value) == "standard output is closed: use --output FILE"


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError) as caught:
        standard_input()
    assert str(caught.value) == "standard input is closed: nothing to read from -"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "━ é 漢".encode()),
        ("UTF-16-LE", "━ é 漢".encode("utf-16-le")),
        (None, "━ é 漢".encode()),
        ("latin-1", b"= \xe9 \\u6f22"),
        ("ascii", b"= \\xe9 \\u6f22"),
    ],
)
def test_a_terminal_gets_what_it_can_show(encoding: str | None, shown: bytes) -> None:
    assert streams._encode("━ é 漢", encoding) == shown


def test_nobody_listening_on_standard_error_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []

    def fail(text: object, **_: object) -> None:
        said.append(text)
        raise BrokenPipeError

    monkeypatch.setattr(click, "echo", fail)
    guard.say("x")
    assert said == ["x"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A standard output whose reader has gone, as a process has it; where its descriptor leads in the end."""
    path = tmp_path / "stdout"
    stream = path.open("wb")

    class Gone:
        encoding = "utf-8"
        fileno = stream.fileno

        class buffer:  # noqa: N801  the name a text stream has for it
            @staticmethod
            def write(_: bytes) -> None:
                raise BrokenPipeError(32, "Broken pipe")

    with monkeypatch.context() as patch, stream:
        patch.setattr(sys, "stdout", Gone())
        yield path


def test_the_rest_for_a_reader_that_has_gone_is_dropped(broken: Path) -> None:
    streams.print_text("x")
    os.write(sys.stdout.fileno(), b"what Python's exit would still flush")
    assert broken.read_bytes() == b""


def test_help_for_a_reader_that_has_gone_is_no_failure(broken: Path) -> None:
    with pytest.raises(click.exceptions.Exit) as left, guard.closed_pipe_is_fine():
        raise BrokenPipeError(32, "Broken pipe")
    assert left.value.exit_code == 0


def test_a_full_standard_output_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(UsageError) as caught:
            streams.print_text("x")
        full.buffer.flush()
    assert str(caught.value) == "cannot write to standard output: No space left on device"


def test_the_guard_lets_other_failures_through() -> None:
    with pytest.raises(PermissionError), guard.closed_pipe_is_fine():
        raise PermissionError(13, os.strerror(13))
