"""Releases from a file, message by message, and releases found in a log, hour by hour."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from distillscan.detect.releases import find_releases, read_releases
from distillscan.errors import UsageError
from distillscan.population.accounts import Release
from distillscan.profile import Profile, empty_profile
from tests.support.handmade import START, at
from tests.support.populations import population_of

HINT = (
    'a releases file is CSV with the columns "model" and "released", or TOML with [[release]] tables of the same keys'
)
NINE = datetime(2026, 4, 16, 9, tzinfo=UTC)


def written(folder: Path, text: str | bytes, suffix: str = "csv") -> Path:
    path = folder / f"releases.{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


class TestReading:
    @pytest.mark.parametrize(
        ("stated", "moment"),
        [
            ("2026-04-16", datetime(2026, 4, 16, tzinfo=UTC)),
            (" 2026-04-16T09:00:00Z ", NINE),
            ("2026-04-16 09:00", NINE),
            ("2026-04-16T11:00:00+02:00", NINE),
            ("2026-04-16T09:00:00.000001Z", NINE.replace(microsecond=1)),
        ],
    )
    def test_times_are_utc_unless_they_say_otherwise(self, tmp_path: Path, stated: str, moment: datetime) -> None:
        found = read_releases(written(tmp_path, f"model,released\nm2,{stated}\n"))
        assert found == (Release("m2", moment, "file"),)
        assert found[0].at.tzinfo is UTC

    @pytest.mark.parametrize(
        ("stated", "moment"),
        [
            ("2026-04-16", datetime(2026, 4, 16, tzinfo=UTC)),
            ("2026-04-16T09:00:00", NINE),
            ("2026-04-16T11:00:00+02:00", NINE),
            ('"2026-04-16T09:00:00Z"', NINE),
        ],
    )
    def test_toml_times_and_text_mean_the_same(self, tmp_path: Path, stated: str, moment: datetime) -> None:
        text = f'[[release]]\nmodel = "m2"\nreleased = {stated}\n'
        assert read_releases(written(tmp_path, text, "toml")) == (Release("m2", moment, "file"),)

    def test_they_are_sorted_by_time_then_name_and_other_columns_do_not_matter(self, tmp_path: Path) -> None:
        text = "who,released,model\nx,2026-04-02,b\ny,2026-04-02,a\nz,2026-04-01,c\n"
        assert [r.model for r in read_releases(written(tmp_path, text))] == ["c", "a", "b"]

    def test_a_byte_order_mark_is_no_part_of_the_first_column(self, tmp_path: Path) -> None:
        found = read_releases(written(tmp_path, b"\xef\xbb\xbfmodel,released\r\nm2,2026-04-16\r\n"))
        assert [r.model for r in found] == ["m2"]

    def test_a_name_that_is_a_number_is_text(self, tmp_path: Path) -> None:
        text = "[[release]]\nmodel = 4\nreleased = 2026-04-16\n"
        assert read_releases(written(tmp_path, text, "toml"))[0].model == "4"

    @pytest.mark.parametrize("stated", ["soon", "16.04.2026", "2026-13-01"])
    def test_what_is_no_date_is_named_with_its_place(self, tmp_path: Path, stated: str) -> None:
        path = written(tmp_path, f"model,released\nm1,2026-04-01\nm2,{stated}\n")
        with pytest.raises(UsageError) as caught:
            read_releases(path)
        assert str(caught.value) == (
            f"{path}, entry 2: {stated!r} is not a date; write 2026-04-16 or 2026-04-16T09:00:00Z"
        )

    @pytest.mark.parametrize(
        ("suffix", "text", "entry"),
        [
            ("csv", "model,day\nm1,2026-04-01\n", 1),
            ("csv", "model,released\nm1,2026-04-01\n,2026-04-02\n", 2),
            ("csv", "model,released\nm1\n", 1),
            ("toml", '[[release]]\nmodel = "m1"\n', 1),
            ("toml", '[release]\nmodel = "m1"\nreleased = 2026-04-01\n', 1),
            ("toml", 'release = ["m1"]\n', 1),
        ],
    )
    def test_a_missing_key_is_named_with_its_place(self, tmp_path: Path, suffix: str, text: str, entry: int) -> None:
        path = written(tmp_path, text, suffix)
        with pytest.raises(UsageError) as caught:
            read_releases(path)
        assert str(caught.value) == f"{path}, entry {entry}: model or released is missing; {HINT}"

    def test_a_release_that_is_a_number_is_a_message_too(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"releases\.toml"):
            read_releases(written(tmp_path, "release = 5\n", "toml"))

    @pytest.mark.parametrize(("suffix", "text"), [("csv", ""), ("csv", "model,released\n"), ("toml", "x = 1\n")])
    def test_a_file_without_releases_is_an_error(self, tmp_path: Path, suffix: str, text: str) -> None:
        path = written(tmp_path, text, suffix)
        with pytest.raises(UsageError) as caught:
            read_releases(path)
        assert str(caught.value) == f"{path}: no release in it; {HINT}"

    @pytest.mark.parametrize(
        ("suffix", "content", "why"),
        [
            ("toml", b"[[release]\n", "Expected ']]' at the end of an array declaration"),
            ("csv", b"model,released\n\xff\n", "'utf-8' codec can't decode byte 0xff"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, tmp_path: Path, suffix: str, content: bytes, why: str) -> None:
        path = written(tmp_path, content, suffix)
        with pytest.raises(UsageError) as caught:
            read_releases(path)
        assert str(caught.value).startswith(f"--releases {path}: not a releases file ({why}")
        assert str(caught.value).endswith(f"); {HINT}")

    def test_a_file_that_is_not_there_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"^--releases .*none\.csv: there is no such file$"):
            read_releases(tmp_path / "none.csv")

    def test_the_same_release_listed_twice_is_one(self, tmp_path: Path) -> None:
        text = "model,released\nm2,2026-04-16\nm2,2026-04-16T00:00:00Z\n"
        assert len(read_releases(written(tmp_path, text))) == 1


class TestFinding:
    def profile(self, *used: tuple[str, float, str | None]) -> Profile:
        """A log from hour 0 on, and what was used when: account, hour, model."""
        rows = [{"account_id": "old", "timestamp": at(0), "model": "m1"}]
        rows += [{"account_id": account, "timestamp": at(hour), "model": model} for account, hour, model in used]
        return population_of(rows).profile

    def found(self, profile: Profile) -> list[tuple[str, float]]:
        releases = find_releases(profile)
        assert all(r.source == "log" and r.at.tzinfo is UTC for r in releases)
        return [(r.model, (r.at - START).total_seconds() / 3600) for r in releases]

    def crowd(self, size: int, hour: float, model: str | None = "m2") -> list[tuple[str, float, str | None]]:
        """So many accounts that use a model in the hour after this one."""
        return [(f"u{k}", hour + k / size, model) for k in range(size)]

    def test_a_model_that_enough_accounts_use_soon_is_a_release(self) -> None:
        soon = self.crowd(19, 90)
        assert self.found(self.profile(*soon, ("late", 90 + 71, "m2"))) == [("m2", 90)]
        assert self.found(self.profile(*soon)) == []

    def test_accounts_that_come_after_three_days_do_not_count(self) -> None:
        assert self.found(self.profile(*self.crowd(19, 90), ("late", 90 + 72, "m2"))) == []

    def test_one_account_is_one_however_often_it_asks(self) -> None:
        used: list[tuple[str, float, str | None]] = [("a", 90 + k, "m2") for k in range(40)]
        assert self.found(self.profile(*used)) == []

    @pytest.mark.parametrize(("hour", "expected"), [(72, []), (73, [("m2", 73)])])
    def test_a_model_seen_while_the_log_settles_is_not_new(
        self, hour: float, expected: list[tuple[str, float]]
    ) -> None:
        assert self.found(self.profile(*self.crowd(20, hour))) == expected

    def test_rows_without_a_model_are_no_model(self) -> None:
        assert self.found(self.profile(*self.crowd(30, 90, None))) == []

    def test_a_testers_early_call_does_not_move_the_release(self) -> None:
        crowd = [(f"u{k}", 100 + k % 2, "m2") for k in range(101)]
        tester = [("t", 90, "m2")]
        # One of 102 requests is below one per cent; two of 103 are not.
        assert self.found(self.profile(*tester, *crowd)) == [("m2", 100)]
        assert self.found(self.profile(*tester, ("t", 91, "m2"), *crowd)) == [("m2", 91)]

    def test_several_are_sorted_by_hour_then_name(self) -> None:
        used = [use for model, hour in (("z", 90), ("b", 110), ("a", 110)) for use in self.crowd(20, hour, model)]
        assert self.found(self.profile(*used)) == [("z", 90), ("a", 110), ("b", 110)]

    def test_an_empty_log_has_none(self) -> None:
        assert self.found(empty_profile()) == []

    def test_the_order_of_rows_does_not_matter(self) -> None:
        used = [(f"u{k}", 90 + k % 7, f"m{k % 3}") for k in range(90)]
        assert self.found(self.profile(*used)) == self.found(self.profile(*used[::-1])) != []
