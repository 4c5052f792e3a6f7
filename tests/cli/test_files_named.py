"""Every option and argument that names a file says in plain words that there is none."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from distillscan.cli import cli

LOG = "timestamp,account_id\n2026-05-01T00:00:00Z,a\n"
LABELS = "account_id,operator,cohort,campaign\na,a,x,\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "labels.csv").write_text(LABELS)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("analyze gone.csv", 3, "gone.csv does not exist: check the path"),
        ("analyze log.csv --join gone.csv", 3, "gone.csv does not exist: check the path"),
        ("analyze log.csv --releases gone.csv", 2, "--releases gone.csv: there is no such file"),
        ("analyze log.csv --releases .", 2, "--releases .: it is a folder; name a file in it"),
        ("analyze log.csv --schema gone.toml", 2, "--schema gone.toml: there is no such file"),
        ("analyze log.csv --pseudonymize gone", 2, "--pseudonymize gone: there is no such file; make a key"),
        ("analyze log.csv --pseudonymize .", 2, "--pseudonymize .: it is a folder; name a file in it"),
        ("analyze log.csv --rejects gone/r", 2, "cannot write gone/r: there is no folder"),
        ("analyze log.csv --stats gone/s", 2, "cannot write gone/s: there is no folder"),
        ("analyze log.csv --output gone/o.json", 2, "cannot write gone/o.json: there is no folder"),
        ("render gone.json", 3, "gone.json: there is no such file"),
        ("render .", 3, ".: it is a folder; name a file in it"),
        ("verify gone.json log.csv", 3, "gone.json: there is no such file"),
        ("evaluate gone.json labels.csv", 3, "gone.json: there is no such file"),
        ("pseudonymize log.csv gone", 2, "--pseudonymize gone: there is no such file; make a key"),
        ("schema check none gone.csv", 3, "gone.csv does not exist: check the path"),
        ("simulate out.csv --scenario gone.toml", 3, "--scenario gone.toml: there is no such file"),
        ("simulate gone/out.csv", 2, "cannot write gone/out.csv: there is no folder"),
    ],
)
def test_a_file_that_is_not_there(arguments: str, code: int, message: str) -> None:
    done = CliRunner().invoke(cli, arguments.split(), prog_name="distillscan")
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {message}")
    assert "Errno" not in done.stderr
