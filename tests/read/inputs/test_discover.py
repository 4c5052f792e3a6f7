"""Paths, globs, directories and pipes become a sorted list of files, each once; what is left out is said."""

import io
import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from distillscan.errors import InputError
from distillscan.read import Skipped, open_log
from distillscan.read.inputs.discover import discover
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.notes import Notes
from distillscan.read.options import Format


def run(tmp_path: Path, *paths: str, stdin: bytes = b"", forced: Format | None = None) -> tuple[list[str], list[str]]:
    notes = Notes()
    full = [str(tmp_path / path) if path != "-" else path for path in paths]
    with closing(LocalCopies()) as copies:
        found = discover(full, io.BytesIO(stdin), copies, notes, forced)
        assert all(one.local.is_file() for one in found)
    strip = f"{tmp_path}/"
    return [one.label.replace(strip, "") for one in found], [note.replace(strip, "") for note in notes.texts()]


def touch(tmp_path: Path, *names: str) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")


def test_directories_are_searched_to_any_depth(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "d/b.csv",
        "d/a.parquet",
        "d/x/y/c.NDJSON.gz",
        "d/.hidden.csv",
        "d/_SUCCESS",
        "d/a.parquet.crc",
        "d/_tmp/e.csv",
        "d/.git/f.csv",
    )
    assert run(tmp_path, "d") == (["d/a.parquet", "d/b.csv", "d/x/y/c.NDJSON.gz"], [])
    assert run(tmp_path, "d/") == run(tmp_path, "d")


def test_what_a_directory_holds_besides_logs_is_said(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "d/a.csv",
        "d/readme.md",
        "d/1.txt",
        "d/2.txt",
        "d/3.txt",
        "d/labels.csv",
        "d/a.labels.parquet",
        "d/a_label.json",
    )
    files, notes = run(tmp_path, "d")
    assert files == ["d/a.csv"]
    assert notes == [
        "d: left out 3 file(s) that hold labels (d/a.labels.parquet, d/a_label.json, d/labels.csv); "
        "name a file to have it read",
        "d: left out 4 file(s) that look like no log (d/1.txt, d/2.txt, d/3.txt, ...); name a file to have it read",
    ]
    assert run(tmp_path, "d/labels.csv", "d/1.txt") == (["d/1.txt", "d/labels.csv"], [])
    assert run(tmp_path, "d", forced="csv")[0] == ["d/1.txt", "d/2.txt", "d/3.txt", "d/a.csv", "d/readme.md"]


def test_globs(tmp_path: Path) -> None:
    touch(
        tmp_path, "d/a.csv", "d/b.csv", "d/c.txt", "d/labels.csv", "d/e/f.csv", "d/e/g.md", "out.parquet/part-0.parquet"
    )
    assert run(tmp_path, "d/*.csv") == (
        ["d/a.csv", "d/b.csv"],
        ["d/*.csv: left out 1 file(s) that hold labels (d/labels.csv); name a file to have it read"],
    )
    assert run(tmp_path, "d/**/*.csv")[0] == ["d/a.csv", "d/b.csv", "d/e/f.csv"]
    assert run(tmp_path, "d/[ac].*")[0] == ["d/a.csv", "d/c.txt"]
    assert run(tmp_path, "d/e*")[0] == ["d/e/f.csv"]
    assert run(tmp_path, "*.parquet")[0] == ["out.parquet/part-0.parquet"]


def test_a_name_that_looks_like_a_glob_is_a_name_first(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].csv", "a1.csv")
    assert run(tmp_path, "a[1].csv") == (["a[1].csv"], [])


def test_a_file_that_is_met_twice_is_read_once(tmp_path: Path) -> None:
    touch(tmp_path, "d/a.csv", "d/b.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "d/a.csv")
    assert run(tmp_path, "d", "d/a.csv", "d/*.csv") == (["d/a.csv", "d/b.csv"], [])
    for order in (("link.csv", "d/a.csv"), ("d/a.csv", "link.csv")):
        assert run(tmp_path, *order) == (["d/a.csv"], ["link.csv is the same file as d/a.csv: it is read once"])
    assert run(tmp_path, "d/a.csv", "d/a.csv") == (["d/a.csv"], ["d/a.csv is given more than once: it is read once"])


def test_partition_keys_of_the_path(tmp_path: Path) -> None:
    touch(tmp_path, "d/account_type=free%20tier/date=2026-01-01/x=__HIVE_DEFAULT_PARTITION__/=odd/a.csv")
    (found,) = discover([str(tmp_path / "d")], None, LocalCopies(), Notes())
    assert found.partitions == {"account_type": "free tier", "date": "2026-01-01", "x": None}


def test_standard_input_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(tmp_path, "-", stdin=b"content") == (["-"], [])
    assert run(tmp_path, "-", "-", stdin=b"content") == (["-"], ["- is given more than once: it is read once"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from outside")))
    with closing(LocalCopies()) as copies:
        (found,) = discover(["-"], None, copies, Notes())
        assert (found.label, found.local.read_bytes(), dict(found.partitions)) == ("-", b"from outside", {})


def test_a_named_pipe_is_copied(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"through the pipe"))
    writer.start()
    with closing(LocalCopies()) as copies:
        (found,) = discover([str(pipe)], None, copies, Notes())
        writer.join()
        assert found.label == str(pipe)
        assert found.local.read_bytes() == b"through the pipe"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone.csv", "gone.csv does not exist: check the path (relative paths start at the current directory)"),
        ("file.csv/x", "file.csv/x does not exist: check the path (relative paths start at the current directory)"),
        ("*.gone", "*.gone matches no log: check the pattern, and quote it so that the shell does not expand it"),
        (
            "empty",
            "empty holds no Parquet, CSV or NDJSON file: name the files, or say --input-format\n"
            "empty: left out 1 file(s) that look like no log (empty/readme); name a file to have it read",
        ),
    ],
)
def test_nothing_there(tmp_path: Path, path: str, message: str) -> None:
    touch(tmp_path, "file.csv", "empty/readme")
    with pytest.raises(InputError) as caught:
        run(tmp_path, path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_no_path_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^no input: give a file, a directory, a glob, or - for standard input$"):
        run(tmp_path)


def test_a_directory_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "d/a.csv")

    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    skipped: list[Skipped] = []
    with closing(LocalCopies()) as copies:
        assert discover([str(tmp_path / "d")], None, copies, Notes(), skipped=skipped) == ()
    assert [one.reason for one in skipped] == [f"{tmp_path}/d cannot be opened: Permission denied"]


def test_a_path_that_cannot_be_looked_at() -> None:
    with pytest.raises(InputError, match=r"^x{300} cannot be opened: File name too long$"):
        open_log(["x" * 300])
