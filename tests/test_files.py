"""A file is written whole or not at all."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from distillscan.errors import UsageError
from distillscan.files import _sync_folder, check_target, why_unreadable, writing


def write(path: Path, content: bytes) -> None:
    with writing(path) as stream:
        stream.write(content)


def test_a_new_file_and_its_replacement(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    write(target, b"one")
    assert target.read_bytes() == b"one"
    write(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_has_the_users_permissions_and_an_old_one_keeps_its(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        target = tmp_path / "report.json"
        write(target, b"one")
        assert target.stat().st_mode & 0o777 == 0o640
        target.chmod(0o600)
        write(target, b"two")
        assert target.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "report.json", tmp_path / "latest.json"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_is_written_to_not_replaced() -> None:
    check_target(Path(os.devnull))
    write(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    if isinstance(error, OSError):
        with pytest.raises(UsageError) as caught:
            write(target, b"new")
        assert str(caught.value) == (
            f"cannot write {target}: No space left on device; what was there before is unchanged. "
            "Make room, or choose another place"
        )
    else:
        with pytest.raises(KeyboardInterrupt):
            write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def fail(path: object, *_: object) -> int:
        tried.append(path)
        raise PermissionError

    monkeypatch.setattr(os, "open", fail)
    _sync_folder(tmp_path)
    assert tried == [tmp_path]


def test_killed_half_way_leaves_no_half_written_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old")
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from distillscan.files import writing
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        with writing(Path(sys.argv[1])) as stream:
            stream.write(b"new" * 1_000_000)
    """)
    done = subprocess.run([sys.executable, "-c", program, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert all(name.startswith(".report.json.") and name.endswith(".tmp") for name in left)


def test_targets_are_checked_beforehand(tmp_path: Path) -> None:
    check_target(tmp_path / "report.json")
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path)
    assert str(caught.value) == f"cannot write {tmp_path}: it is a folder; name a file in it"
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path / "no" / "report.json")
    assert str(caught.value) == (
        f"cannot write {tmp_path}/no/report.json: there is no folder {tmp_path}/no; create it first"
    )


def test_a_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path / "report.json")
    assert str(caught.value) == (f"cannot write {tmp_path}/report.json: no permission to create files in {tmp_path}")


def test_a_hostile_name_is_shown_safely(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path / "\x1b[2J" / "x")
    assert "\x1b" not in str(caught.value)
    assert r"\x1b[2J/x" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory"), "there is no such file"),
        (NotADirectoryError(20, "Not a directory"), "there is no such file"),
        (IsADirectoryError(21, "Is a directory"), "it is a folder; name a file in it"),
        (PermissionError(13, "Permission denied"), "there is no permission to read it"),
        (OSError(5, "Input/output error"), "it cannot be read (Input/output error)"),
        (OSError("odd"), "it cannot be read (odd)"),
    ],
)
def test_why_a_file_cannot_be_read_is_said_in_words(error: OSError, words: str) -> None:
    assert why_unreadable(error) == words
