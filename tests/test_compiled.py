"""Where compiled code is kept, when it is used again and when not, and what happens where it cannot be kept."""

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import pytest

from distillscan.compiled import Kernel
from distillscan.profile.loops import LOOPS
from distillscan.profile.text.languages import count_scripts

SOURCE = """
from distillscan.compiled import helper, kernel

FACTOR = {factor}

@helper("i8(i8)")
def _times(value):
    return FACTOR * value

@kernel("i8(i8)")
def multiply(value):
    return _times(value)
"""
NAMES = (f"made_{number}" for number in itertools.count())


def multiply(folder: Path, factor: int) -> Kernel[[int], int]:
    """A loop in a module of its own, as a process would have it that has just begun."""
    folder.mkdir(exist_ok=True)
    path = folder / "multiply.py"
    path.write_text(SOURCE.format(factor=factor))
    spec = importlib.util.spec_from_file_location(next(NAMES), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    loop: Kernel[[int], int] = module.multiply
    return loop


def compiles(loop: Kernel[[int], int]) -> bool:
    """Prepare a loop, and return whether it had to be compiled."""
    told: list[str] = []
    loop.prepare(lambda: told.append("compiling"))
    return told == ["compiling"]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    home = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


linux = pytest.mark.skipif(sys.platform != "linux", reason="the cache folder is XDG_CACHE_HOME on Linux only")


@linux
def test_a_loop_is_compiled_once_and_kept_in_the_users_cache(tmp_path: Path, cache_home: Path) -> None:
    first = multiply(tmp_path / "package", 3)
    assert compiles(first)
    assert first(14) == 42
    again = multiply(tmp_path / "package", 3)
    assert not compiles(again)
    assert again(14) == 42
    assert {Path(name).suffix for name in files_in(cache_home)} == {".nbi", ".nbc"}
    assert not [name for name in files_in(tmp_path / "package") if name.endswith((".nbi", ".nbc"))]


def test_it_is_compiled_again_when_its_source_has_changed(tmp_path: Path) -> None:
    assert compiles(multiply(tmp_path / "package", 3))
    changed = multiply(tmp_path / "package", 5)
    assert compiles(changed)
    assert changed(2) == 10


def test_versions_beside_each_other_keep_their_own(tmp_path: Path) -> None:
    for folder, factor in (("old", 3), ("new", 5)):
        assert compiles(multiply(tmp_path / folder, factor))
    for folder, factor in (("old", 3), ("new", 5)):
        loop = multiply(tmp_path / folder, factor)
        assert not compiles(loop)
        assert loop(2) == 2 * factor


def test_a_given_cache_folder_is_used(tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "given"))
    assert compiles(multiply(tmp_path / "package", 3))
    assert not compiles(multiply(tmp_path / "package", 3))
    assert files_in(tmp_path / "given")
    assert not cache_home.exists()


@linux
@pytest.mark.parametrize("home", [os.devnull, "relative/folder"])
def test_without_a_folder_that_can_be_written_it_is_compiled_each_time(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    for _ in range(2):
        loop = multiply(tmp_path / "package", 3)
        assert compiles(loop)
        assert loop(2) == 6
    assert [name for name in files_in(tmp_path) if "__pycache__" not in name] == ["package/multiply.py"]


@linux
@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" * 100])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_file_is_replaced(
    damage: Callable[[bytes], bytes], suffix: str, tmp_path: Path, cache_home: Path
) -> None:
    assert compiles(multiply(tmp_path / "package", 3))
    for path in cache_home.rglob("*" + suffix):
        path.write_bytes(damage(path.read_bytes()))
    loop = multiply(tmp_path / "package", 3)
    assert compiles(loop)
    assert loop(2) == 6
    assert not compiles(multiply(tmp_path / "package", 3))


@linux
def test_a_full_disk_costs_only_the_next_run_time(
    tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
        loop = multiply(tmp_path / "package", 3)
        assert compiles(loop)
        assert loop(2) == 6
    assert not files_in(cache_home)
    assert compiles(multiply(tmp_path / "package", 3))


def test_a_loop_is_compiled_for_one_kind_of_arguments_only() -> None:
    rows, addresses, counts = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2), np.int32)
    scripts = np.zeros(0x10000, np.uint8)
    count_scripts(rows, addresses, 10, scripts, counts)
    with pytest.raises(TypeError, match="No matching definition"):
        count_scripts(rows, addresses, 10, scripts, counts.astype(np.int64))


FRESH = """
import sys, numba
before = dict(vars(numba.config))
from distillscan.profile import prepare_loops
prepare_loops(lambda: print("compiling", end=" "))
from distillscan.profile.text.hashes import hash_text
print(hash_text("abc"), all(before[name] == getattr(numba.config, name) for name in before), end=" ")
"""


def test_all_loops_of_the_profile_are_loaded_by_the_second_process(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "given")}
    command = [sys.executable, "-c", FRESH]
    runs = [subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)]
    # The settings of numba, which belong to the program that uses this package, are as they were.
    assert [run.stdout for run in runs] == [
        "compiling 11094012742847461102 True ",
        "11094012742847461102 True ",
    ]
    assert len(list((tmp_path / "given").rglob("*.nbc"))) == len(LOOPS)
