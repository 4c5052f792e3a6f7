"""Of a Delta table only what its latest version refers to counts, with the package deltalake and without it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cli import cli
from tests.support.lakehouse import (
    VECTOR,
    accounts,
    add,
    checkpoint,
    checkpoint_beside,
    commit,
    part,
    protocol,
    remove,
    vector,
)
from tests.support.small_logs import T0, read_all

INSTALLED = importlib.util.find_spec("deltalake") is not None
needs_deltalake = pytest.mark.skipif(not INSTALLED, reason="the package deltalake is not installed")
INSTALL = "pip install 'distillscan[deltalake]'"


def hide(patch: pytest.MonkeyPatch) -> None:
    for name in ("deltalake", "deltalake.exceptions"):
        patch.setitem(sys.modules, name, None)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package deltalake is not installed."""
    hide(monkeypatch)


@pytest.fixture(params=["plain", pytest.param("deltalake", marks=needs_deltalake)])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without the package deltalake."""
    if request.param == "plain":
        hide(monkeypatch)
    return str(request.param)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two files that were compacted into one, and one file in a folder with a blank in its name."""
    table = tmp_path / "t"
    for name, account in (("a.parquet", "a"), ("b.parquet", "b"), ("ab.parquet", "ab"), ("d=x y/c.parquet", "c")):
        part(table, name, *account)
    commit(table, 0, add("a.parquet"), add("b.parquet"), add("d=x%20y/c.parquet"))
    commit(table, 1, add("ab.parquet"), remove("a.parquet"), remove("b.parquet"))
    return table


@pytest.fixture
def marked(table: Path) -> Path:
    """The table after the second row of one file was deleted."""
    part(table, "de.parquet", "d", "e")
    (table / VECTOR).write_bytes(b"\x01" + vector(1))
    lines = [{"commitInfo": {}}, protocol("deletionVectors"), add("de.parquet", deleted=[1], rows=2)]
    commit(table, 2, *lines)
    return table


def test_replaced_files_are_left_out_and_counted(reader: str, table: Path) -> None:
    found = read_all([table], tmp=table.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c"]
    assert found.notes[0] == "t: left out 2 file(s) that this Delta table does not refer to any more"
    assert accounts(table / "*.parquet") == ["a", "b"]
    assert accounts(table.parent) == ["a", "b", "c"]
    assert accounts(table / "d=x y") == ["c"]
    assert accounts(table / "a.parquet") == ["a"]


def test_a_table_named_from_inside(reader: str, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(table)
    assert accounts(".") == ["a", "b", "c"]
    assert ".: left out 2 file(s) that this Delta table does not refer to any more" in read_all(["."]).notes


def test_a_file_that_comes_back_or_is_rewritten_in_place_counts(reader: str, table: Path) -> None:
    commit(table, 2, remove("ab.parquet"), add("a.parquet"))
    commit(table, 3, add("a.parquet"), remove("a.parquet"))
    assert accounts(table) == ["a", "c"]


def test_from_a_checkpoint_on(reader: str, table: Path) -> None:
    checkpoint(table, 1, add("ab.parquet"), add("d=x%20y/c.parquet"))
    (table / "_delta_log" / f"{0:020}.json").unlink()
    commit(table, 2, remove("d=x%20y/c.parquet"))
    (table / "_delta_log" / "_last_checkpoint").write_text('{"version": 1, "size": 4}')
    assert accounts(table) == ["a", "b"]


@pytest.mark.parametrize("text", ["{", '{"add": {}}', '{"add": 1}', "[]"])
def test_a_broken_log_is_said_and_everything_read(reader: str, table: Path, text: str) -> None:
    (table / "_delta_log" / f"{2:020}.json").write_text(text)
    found = read_all([table], tmp=table.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    said = "t: the log of this Delta table cannot be read: all files below it are read, also those that were replaced"
    assert said in found.notes


@pytest.mark.parametrize("version", [0, 1])
def test_a_log_of_which_commits_are_missing_leaves_nothing_out(reader: str, table: Path, version: int) -> None:
    commit(table, 2, add("a.parquet"))
    (table / "_delta_log" / f"{version:020}.json").unlink()
    found = read_all([table], tmp=table.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    assert any("the log of this Delta table is not complete: all files below it are read" in one for one in found.notes)


def test_a_log_that_may_not_be_listed_leaves_nothing_out(reader: str, table: Path) -> None:
    for file in (table / "_delta_log").iterdir():
        file.unlink()
    found = read_all([table], tmp=table.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c"]
    assert found.notes[-1].startswith("t: the log of this Delta table is not complete: all files below it are read")


@needs_deltalake
def test_a_checkpoint_in_several_files_is_read_with_deltalake(marked: Path) -> None:
    checkpoint_beside(marked, 2, add("ab.parquet"), add("de.parquet", deleted=[1], rows=2))
    assert accounts(marked) == ["a", "b", "d"]


def test_a_checkpoint_in_several_files_leaves_nothing_out_without_deltalake(plain: None, marked: Path) -> None:
    checkpoint_beside(marked, 2, add("ab.parquet"))
    found = read_all([marked], tmp=marked.parent)
    assert sorted(found.values("account_id")) == ["a", "a", "b", "b", "c", "d", "e"]
    assert (
        f"t: this Delta table names its files beside its log (sidecars); {INSTALL} to have them read: all files below "
        "it are read, also those that were replaced"
    ) in found.notes


@needs_deltalake
def test_rows_that_are_marked_as_deleted_are_left_out_with_deltalake(marked: Path) -> None:
    found = read_all([marked], tmp=marked.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c", "d"]
    assert "t: left out 1 row(s) of 1 file(s) that are marked as deleted" in found.notes
    assert not any("look like no log" in note for note in found.notes)


@pytest.mark.parametrize("from_checkpoint", [False, True])
def test_rows_that_are_marked_as_deleted_are_said_without_deltalake(
    plain: None, marked: Path, from_checkpoint: bool
) -> None:
    if from_checkpoint:
        checkpoint(marked, 2, add("de.parquet", deleted=[1]), add("ab.parquet"), add("d=x%20y/c.parquet"))
    found = read_all([marked], tmp=marked.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c", "d", "e"]
    assert (
        "t: 1 file(s) of this Delta table hold rows that are marked as deleted (deletion vectors): these are read as "
        f"well; {INSTALL} to have them left out"
    ) in found.notes


def test_without_deltalake_a_run_ends_well_and_says_what_it_counts(plain: None, marked: Path) -> None:
    done = CliRunner().invoke(cli, ["analyze", str(marked), "--format", "json"])
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert report["population"]["requests"] == 5
    said = [text for text in report["limitations"] if "Delta table" in text]
    assert [text.partition(": ")[2][:40] for text in said] == [
        "1 file(s) of this Delta table hold rows ",
        "left out 2 file(s) that this Delta table",
    ]


@needs_deltalake
def test_rows_keep_their_numbers_and_are_not_fetched(marked: Path) -> None:
    part(marked, "de.parquet", "d", "e", "f")
    found = read_all([marked / "de*.parquet"])
    assert list(zip(found.values("account_id"), found.values("row"), strict=True)) == [("d", 0), ("f", 2)]
    assert accounts(marked, marked / "de.parquet") == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize("name", ["a b.parquet", "d=50%25/p.parquet", "é[1]~'+&.parquet", "d=x:y/q.parquet"])
@needs_deltalake
def test_rows_are_left_out_of_files_with_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "real é").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real é")
    table = tmp_path / "link" / "t"
    part(table, name, "a", "b")
    (table / VECTOR).write_bytes(b"\x01" + vector(0))
    commit(table, 0)
    commit(table, 1, protocol("deletionVectors"), add(quote(name), deleted=[0], rows=2))
    assert accounts(table) == ["b"]


@needs_deltalake
def test_a_copy_of_a_file_does_not_count_for_the_rows_it_lacks(marked: Path) -> None:
    part(marked.parent, "copy.parquet", "d", "e")
    assert accounts(marked, marked.parent / "copy.parquet") == ["a", "b", "c", "d", "d", "e"]


@needs_deltalake
@pytest.mark.parametrize("content", [b"", vector(1), b"\x01" + vector(1)[:-1] + b"\0"])
def test_deletion_vectors_that_cannot_be_read_are_said(marked: Path, content: bytes) -> None:
    (marked / VECTOR).write_bytes(content)
    found = read_all([marked], tmp=marked.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c", "d", "e"]
    (said,) = [note for note in found.notes if "marked as deleted" in note]
    assert said.startswith("t: rows of this Delta table that are marked as deleted, if there are any, are read as well")


@needs_deltalake
def test_what_deltalake_refuses_is_read_as_a_plain_log(marked: Path) -> None:
    commit(marked, 3, protocol("deletionVectors", "catalogManaged"))
    found = read_all([marked], tmp=marked.parent)
    assert sorted(found.values("account_id")) == ["a", "b", "c", "d", "e"]
    (said,) = [note for note in found.notes if "marked as deleted" in note]
    assert said.endswith("these are read as well; REORG TABLE ... APPLY (PURGE) takes them out")


def test_a_table_without_files_says_what_it_left_out(reader: str, table: Path) -> None:
    commit(table, 2, remove("ab.parquet"), remove("d=x%20y/c.parquet"))
    done = CliRunner().invoke(cli, ["analyze", str(table)])
    assert done.exit_code == 3
    assert "t: left out 4 file(s) that this Delta table does not refer to any more" in done.stderr.replace("\n", " ")


STEPS = st.lists(st.sampled_from(["append", "overwrite", "delete", "compact", "checkpoint"]), min_size=1, max_size=8)


@needs_deltalake
@given(STEPS)
def test_a_plain_log_is_read_as_deltalake_reads_it(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    import deltalake
    import pyarrow as pa

    table = tmp_path_factory.mktemp("t")
    for number, step in enumerate(["append", *steps]):
        rows: Any = pa.table(
            {"timestamp": [T0] * 2, "account_id": [f"a{number}", f"b {number}"], "kind": ["x y", "50%"]}
        )
        if step == "append":
            deltalake.write_deltalake(table, rows, mode="append", partition_by=["kind"])
        elif step == "overwrite":
            deltalake.write_deltalake(table, rows, mode="overwrite", partition_by=["kind"])
        elif step == "delete":
            deltalake.DeltaTable(table).delete(f"account_id = 'a{number - 1}'")
        elif step == "compact":
            deltalake.DeltaTable(table).optimize.compact()
        else:
            deltalake.DeltaTable(table).create_checkpoint()
    expected = deltalake.DeltaTable(table).to_pyarrow_table()["account_id"].to_pylist()
    with pytest.MonkeyPatch.context() as patch:
        assert accounts(table) == sorted(expected)
        hide(patch)
        assert accounts(table) == sorted(expected)


def test_the_command_line_starts_without_deltalake() -> None:
    told = "import sys, distillscan.cli; print(sorted({'deltalake', 'pyroaring', 'polars'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
