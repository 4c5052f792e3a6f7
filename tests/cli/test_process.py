"""The command line as a process: pipes, signals, terminals, locales, start-up time."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distillscan.report.views.json import to_json
from distillscan.report.views.terminal.report import to_text
from tests.support.fake_results import busy
from tests.support.places import ROOT

COMMAND = [sys.executable, "-W", "error", "-m", "tests.support.fake_pipeline"]
PLAIN = {
    name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "TERM")
} | {"PYTHONPATH": str(ROOT)}


def _run(*args: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *args], capture_output=True, check=False, env=PLAIN | env, timeout=60)


def _on_terminal(
    *args: str, columns: int = 80, stdout: bool = True, pipe: bool = False, **env: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run whose streams are terminals; or the output a pipe."""
    streams = {"err": pty.openpty(), **({"out": pty.openpty()} if stdout else {})}
    for _, end in streams.values():
        _resize(end, columns)
    if pipe:
        streams["out"] = os.pipe()
    out = streams["out"][1] if "out" in streams else subprocess.DEVNULL
    environment = PLAIN | {"TERM": "xterm-256color"} | env
    process = subprocess.Popen(
        [*COMMAND, *args], stdin=subprocess.DEVNULL, stdout=out, stderr=streams["err"][1], env=environment
    )
    for _, end in streams.values():
        os.close(end)
    shown = dict.fromkeys(streams, b"")
    waiting = {master: name for name, (master, _) in streams.items()}
    while waiting:
        for master in select.select(list(waiting), [], [], 30)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux says so when the last writer is gone
                part = b""
            shown[waiting[master]] += part
            if not part:
                os.close(master)
                del waiting[master]
    code = process.wait(timeout=30)
    return code, *(shown.get(name, b"").decode().replace("\r\n", "\n") for name in ("out", "err"))  # type: ignore[return-value]


def _resize(end: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["analyze", "busy"], 0),
        (["analyze", "busy", "--fail-on", "high"], 1),
        (["analyze"], 2),
        (["analyze", "missing"], 3),
        (["analyze", "failed"], 4),
        (["analyze", "defect"], 70),
        (["--help"], 0),
    ],
)
def test_exit_codes(args: list[str], code: int) -> None:
    done = _run(*args)
    assert done.returncode == code
    assert (done.stderr == b"") == (code in (0, 1))


def test_without_a_terminal_there_is_no_colour_no_progress_and_100_columns() -> None:
    done = _run("analyze", "busy", TERM="xterm-256color", FORCE_COLOR="1")
    assert done.stdout.decode() == to_text(busy(), width=100)
    assert done.stderr == b""


def test_columns_is_honoured() -> None:
    assert _run("analyze", "busy", COLUMNS="80").stdout.decode() == to_text(busy(), width=80)


def test_json_is_utf8_under_any_locale() -> None:
    done = _run("analyze", "hostile:long wide", "-f", "json", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert json.loads(done.stdout.decode("utf-8"))["clusters"][0]["summary"] == "漢字" * 3000


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = _run("analyze", "busy", PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()
    assert b"+-  1  critical  template-7f3a91c25e  ---" in done.stdout


# ---- pipes and signals ---- #


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_a_reader_that_leaves_early_is_not_a_failure(form: str) -> None:
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | head -n 1', "-", *COMMAND, "analyze", "large", "-f", form],
        capture_output=True,
        check=False,
        env=PLAIN,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize(
    ("args", "code"), [(["analyze", "large", "--fail-on", "high"], 1), (["--help"], 0), (["analyze", "-h"], 0)]
)
def test_a_pipe_nobody_reads_changes_no_exit_code(args: list[str], code: int) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen([*COMMAND, *args], stdout=write, stderr=subprocess.PIPE, env=PLAIN)
    os.close(write)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (code, b"")


def test_a_full_disk_behind_standard_output_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "analyze", "busy"], stdout=full, stderr=subprocess.PIPE, check=False, env=PLAIN
        )
    assert (done.returncode, done.stderr) == (2, b"error: cannot write to standard output: No space left on device\n")


def test_closed_standard_output_is_said() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" >&-', "-", *COMMAND, "analyze", "busy"],
        stderr=subprocess.PIPE,
        check=False,
        env=PLAIN,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (2, b"error: standard output is closed: use --output FILE\n")


def test_an_interrupt_ends_with_130_and_no_report(tmp_path: Path) -> None:
    target = tmp_path / "r.json"
    process = subprocess.Popen(
        [*COMMAND, "analyze", "sleep", "-o", str(target)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN
    )
    assert process.stderr is not None
    assert process.stderr.readline() == b"sleeping\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, b"")
    assert stderr.decode().strip() == "interrupted: no report was written"
    assert list(tmp_path.iterdir()) == []


# ---- terminals ---- #


def test_a_terminal_gets_colour_its_own_width_and_progress() -> None:
    code, out, err = _on_terminal("analyze", "busy", columns=90)
    assert code == 0
    assert out == to_text(busy(), width=90, color=True)
    assert "read and profile" in err
    assert re.search(r"1,\d00,000 of 2,000,000 rows", err)
    assert re.search(r"\d:\d\d left", err)
    assert re.search(r"300 kB of 1\.0 MB", err)
    tail = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err).strip().split("\n")[-2:]
    assert [line.strip("\r ") for line in tail] == [
        r"note: timestamps have no zone:\x1b[2J UTC assumed",
        "2,000,000 rows in 8.8 s, at most 2.1 GB of memory (read and profile 7.2 s, detect 1.5 s)",
    ]


@pytest.mark.parametrize(
    ("args", "env"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb", "COLUMNS": "80"})]
)
def test_colour_can_be_declined(args: list[str], env: dict[str, Any]) -> None:
    _, out, _ = _on_terminal("analyze", "busy", "-q", *args, **env)
    assert out == to_text(busy(), width=80)


def test_an_empty_no_color_means_nothing() -> None:
    _, out, _ = _on_terminal("analyze", "busy", "-q", NO_COLOR="")
    assert out == to_text(busy(), width=80, color=True)


@pytest.mark.parametrize(("flag", "said"), [("-q", 0), ("--no-progress", 2)])
def test_progress_can_be_declined(flag: str, said: int) -> None:
    _, _, err = _on_terminal("analyze", "busy", flag, stdout=False)
    assert len(err.splitlines()) == said
    assert "\x1b[" not in err


def test_a_pipe_has_the_width_of_the_terminal_that_shows_it() -> None:
    code, out, _ = _on_terminal("analyze", "busy", "-q", columns=72, stdout=False, pipe=True)
    assert (code, out) == (0, to_text(busy(), width=72))
    assert _on_terminal("analyze", "busy", "-q", columns=72, TERM="dumb")[1] == out


def test_who_saves_a_report_is_told_where_and_how_many_clusters(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    code, _, err = _on_terminal("analyze", "busy", "--no-progress", "-o", str(path), columns=200)
    assert (code, err.splitlines()[-1]) == (0, f"wrote {path}: 4 clusters: 1 critical, 1 high, 1 medium, 1 low")
    assert "no cluster" in _on_terminal("analyze", "quiet", "--no-progress", "-o", str(path), columns=200)[2]
    assert _on_terminal("analyze", "busy", "-q", "-o", str(path))[2] == ""
    assert b"wrote" not in _run("analyze", "busy", "-o", str(path)).stderr


def test_a_file_gets_plain_text_from_a_terminal_too(tmp_path: Path) -> None:
    code, out, _ = _on_terminal("analyze", "busy", "-q", "-o", str(tmp_path / "r.txt"))
    assert (code, out) == (0, "")
    assert (tmp_path / "r.txt").read_text(encoding="utf-8") == to_text(busy(), width=100)


# ---- start-up ---- #


def _imported(*args: str, stdin: str = "") -> set[str]:
    """Modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "distillscan", *args],
        input=stdin,
        capture_output=True,
        check=True,
        env=PLAIN,
        text=True,
    )
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_help_is_quick_because_it_imports_little() -> None:
    heavy = {"polars", "numpy", "pyarrow", "numba", "rich", "scipy", "jinja2"}
    assert not (heavy | {"distillscan.pipeline", "distillscan.result", "distillscan.report.document"}) & _imported(
        "analyze", "--help"
    )


@pytest.mark.parametrize(("name", "loaded"), [("json", False), ("csv", False), ("table", False), ("html", True)])
def test_the_template_engine_is_loaded_for_pages_only(name: str, loaded: bool) -> None:
    assert ("jinja2" in _imported("render", "-", "-f", name, stdin=to_json(busy()))) is loaded


def test_the_module_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "distillscan", "render", "-", "-f", "json"],
        input=to_json(busy()).encode(),
        capture_output=True,
        check=False,
        env=PLAIN,
    )
    assert (done.returncode, done.stdout.decode()) == (0, to_json(busy()))
