"""Day first or month first is decided by all dates of a log, never by one of them."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from distillscan.cli import cli
from distillscan.read import ReadOptions
from distillscan.read.canonical.date_order import Decision, decide
from tests.support.small_logs import Outcome, csv_bytes, read_all

DAYS = [datetime(2026, 7, 1, 9, tzinfo=UTC) + timedelta(days=day) for day in range(40)]


def us(moment: datetime) -> str:
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02}"


def british(moment: datetime) -> str:
    return moment.strftime("%d/%m/%Y %H:%M")


def files(folder: Path, texts: Sequence[str], parts: int) -> list[Path]:
    paths = []
    for part in range(parts):
        rows = [{"timestamp": text, "account_id": f"a{part}"} for text in texts[part::parts]]
        paths.append(folder / f"{part}.csv")
        paths[-1].write_bytes(csv_bytes(rows))
    return paths


def read(folder: Path, texts: Sequence[str], parts: int = 1, options: ReadOptions | None = None) -> Outcome:
    return read_all(files(folder, texts, parts), options)


@pytest.mark.parametrize("write", [us, british])
@pytest.mark.parametrize(("days", "parts"), [(40, 1), (40, 7), (5, 1), (5, 5), (2, 2)])
def test_neither_order_nor_split_decides(tmp_path: Path, write: object, days: int, parts: int) -> None:
    """Of forty days one has a number beyond 12; of five days in July read as the fifth of five months, none has."""
    texts = [write(day) for day in DAYS[:days]]  # type: ignore[operator]
    for seed in range(3):
        random.Random(seed).shuffle(texts)
        found = read(tmp_path, texts, parts)
        assert sorted(found.values("timestamp")) == DAYS[:days]
        (note,) = (text for text in found.notes if "slashes" in text)
        assert ("the month first" in note) == (write is us)


def test_one_day_alone_is_not_guessed(tmp_path: Path) -> None:
    found = read(tmp_path, ["7/1/2026 9:00", "7/1/2026 9:01"])
    assert [reason for _, reason in found.reasons] == ["timestamp not understood"] * 2
    assert any("--date-order" in note for note in found.notes)
    assert not any("7/1" in note for note in found.notes)
    for order, month in (("day-first", 1), ("month-first", 7)):
        told = read(tmp_path, ["7/1/2026 9:00"], options=ReadOptions(date_order=order))  # type: ignore[arg-type]
        assert told.values("timestamp")[0].month == month
    # The seventh of July is the seventh of July.
    assert read(tmp_path, ["7/7/2026 9:00"]).values("timestamp") == [datetime(2026, 7, 7, 9, tzinfo=UTC)]


def test_the_error_says_what_to_do_and_shows_a_date_only_where_it_may(tmp_path: Path) -> None:
    (path,) = files(tmp_path, ["7/1/2026 9:05 (Ann)", "7/1/2026 9:04"], 1)
    shown = CliRunner().invoke(cli, ["analyze", str(path)])
    hidden = CliRunner().invoke(cli, ["analyze", str(path), "--no-prompts"])
    for done in (shown, hidden):
        assert done.exit_code == 3
        assert "--date-order day-first or month-first" in done.stderr
        assert "Ann" not in done.stderr
    assert "such as 7/1/2026 9:04" in shown.stderr
    assert "7/1" not in hidden.stderr
    assert CliRunner().invoke(cli, ["analyze", str(path), "--date-order", "day-first"]).exit_code == 0


def test_other_columns_tell_as_well(tmp_path: Path) -> None:
    rows = [{"timestamp": "7/1/2026 9:00", "account_id": "a", "account_created_at": "5/31/2026"}]
    (tmp_path / "log.csv").write_bytes(csv_bytes(rows))
    found = read_all([tmp_path / "log.csv"])
    assert found.values("timestamp") == [datetime(2026, 7, 1, 9, tzinfo=UTC)]
    assert found.values("account_created_at") == [datetime(2026, 5, 31, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("dates", "decision"),
    [
        ([(31, 1)], Decision("day-first", "numbers")),
        ([(1, 31), (2, 3)], Decision("month-first", "numbers")),
        ([(1, 31), (31, 1)], Decision(None, "contradiction")),
        ([(1, 7), (2, 7), (3, 7)], Decision("day-first", "span")),
        ([(7, 1), (7, 2)], Decision("month-first", "span")),
        ([(7, 1)], Decision(None, "nothing")),
        ([(7, 1), (1, 7)], Decision(None, "nothing")),
        ([(0, 5)], Decision("day-first", "span")),
        ([], Decision("day-first", "span")),
    ],
)
def test_decisions(dates: list[tuple[int, int]], decision: Decision) -> None:
    for order in itertools.permutations(dates):
        assert decide(("timestamp", one, two, 2026) for one, two in order) == decision


def test_numbers_that_a_spreadsheet_shortened(tmp_path: Path) -> None:
    rows = [
        {"timestamp": "1.78287E+12", "account_id": "a"},
        {"timestamp": DAYS[0].isoformat(), "account_id": "1.2E+15"},
    ]
    (tmp_path / "log.csv").write_bytes(csv_bytes(rows))
    found = read_all([tmp_path / "log.csv"])
    assert found.reasons == [(0, "timestamp not understood")]
    assert [note.partition(": ")[0] for note in found.notes] == ["account_id", "timestamp"]
    assert all("a spreadsheet shortened" in note for note in found.notes)


def serial(moment: datetime) -> float:
    return (moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1)


@pytest.mark.parametrize("write", ["{:.9f}", "{:.0f}"])
@pytest.mark.parametrize("parts", [1, 3])
def test_dates_as_numbers_of_days(tmp_path: Path, write: str, parts: int) -> None:
    """45992.5 is noon of a day, if all times of the log are such numbers, and this is said."""
    days = [day.replace(hour=0) for day in DAYS] if write == "{:.0f}" else DAYS
    found = read(tmp_path, [write.format(serial(day)) for day in days], parts)
    assert sorted(found.values("timestamp")) == days
    assert any("days since 1899" in note and "time zone" in note for note in found.notes)
    comma = read(tmp_path, [write.format(serial(day)).replace(".", ",") for day in days])
    assert sorted(comma.values("timestamp")) == days


def test_seconds_since_something_are_no_dates(tmp_path: Path) -> None:
    """One number that cannot be a date decides for all files of the log."""
    texts = ["36600.5", "45992.25", "61000.75", "12.5"]
    found = read(tmp_path, texts, parts=4)
    assert [reason for _, reason in found.reasons] == ["timestamp not understood"] * 4
