import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from distillscan.cli import cli
from distillscan.errors import InputError, UsageError
from distillscan.profile import memory
from distillscan.profile.memory import BATCH_ROWS, Budget, in_use, parse_size, peak
from tests.support.handmade import at, canonical

GB = 10**9


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * GB),
        ("4 gb", 4 * GB),
        ("1.5G", 1_500_000_000),
        ("2GiB", 2 << 30),
        ("800MiB", 800 << 20),
        (f"{GB}", GB),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "4 apples", "-1GB", "4IB", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_size(text)
    assert str(error.value) == f"{text} is no size: write it like 4GB or 512MiB"


def test_a_limit_within_which_nothing_can_be_done_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^200MB is too little: the libraries alone take 400 MiB; give 1GB or more$"):
        parse_size("200MB")


def test_memory_in_use_is_at_most_the_peak() -> None:
    assert 10 << 20 < in_use() <= (peak() or 0) * 1.01


def test_where_the_platform_does_not_say_the_peak_stands_for_what_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    monkeypatch.setattr(memory, "peak", lambda: 77)
    assert in_use() == 77


def test_without_figures_from_the_platform_there_is_no_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak() is None


@pytest.mark.parametrize(
    ("limit", "threads", "rows"),
    [(None, 8, BATCH_ROWS), (32 * GB, 8, BATCH_ROWS), (GB, 1, BATCH_ROWS), (600 << 20, 1, 27_306)],
)
def test_fewer_and_smaller_batches_are_under_way_in_little_memory(limit: int | None, threads: int, rows: int) -> None:
    budget = Budget(limit)
    assert (budget.threads(8), budget.batch_rows()) == (threads, rows)


def test_a_run_stops_when_it_is_over_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "in_use", lambda: 900_000_000)
    Budget(None).check(10 * GB)
    Budget(GB).check(100_000_000)
    with pytest.raises(InputError) as error:
        Budget(GB).check(100_000_001)
    assert str(error.value) == (
        "this log needs more than --memory-limit allows (1.00 GB of 1.00 GB so far): raise the limit, or give the log "
        "in parts (one day or week at a time)"
    )


def test_the_command_line_takes_a_limit_and_honours_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"timestamp": at(k), "account_id": f"a{k % 3}", "prompt": f"tell me about {k}"} for k in range(9)]
    log = tmp_path / "log.parquet"
    canonical(rows).drop("source", "row").write_parquet(log)

    def run(*more: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(cli, ["analyze", str(log), "--format", "json", *more])
        return result.exit_code, result.stdout, result.stderr

    free = run()
    assert run("--memory-limit", "64GB") == free
    assert run("--memory-limit", "a lot") == (2, "", "error: a lot is no size: write it like 4GB or 512MiB\n")
    monkeypatch.setattr(memory, "in_use", lambda: 3 * GB)
    code, out, err = run("--memory-limit", "2GB")
    assert (code, out) == (3, "")
    assert err.startswith("error: this log needs more than --memory-limit allows (3.00 GB of 2.00 GB so far)")
