from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from distillscan.columns import CANONICAL
from distillscan.errors import UsageError
from distillscan.simulate import SimulatedLog, load_scenario, simulate, write
from tests.support.places import SAMPLES


@pytest.fixture(scope="module")
def small() -> SimulatedLog:
    return simulate(load_scenario("small"), 1_500, 11)


def test_parquet_holds_the_log_and_labels_lie_beside_it(small: SimulatedLog, tmp_path: Path) -> None:
    labels = write(small, tmp_path / "log.parquet")
    assert labels == tmp_path / "log.labels.csv"
    assert_frame_equal(pl.read_parquet(tmp_path / "log.parquet"), small.log)
    assert_frame_equal(pl.read_csv(labels, schema_overrides=small.labels.schema), small.labels)
    column = pq.ParquetFile(tmp_path / "log.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_the_same_log_is_written_as_the_same_bytes(small: SimulatedLog, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(simulate(load_scenario("small"), 1_500, 11), tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.labels.csv").read_bytes() == (tmp_path / "b.labels.csv").read_bytes()


def test_row_groups_have_125_000_rows(tmp_path: Path) -> None:
    log = pl.DataFrame({"timestamp": range(130_000)})
    write(SimulatedLog(log, pl.DataFrame({"account_id": ["a"]})), tmp_path / "log.parquet")
    metadata = pq.ParquetFile(tmp_path / "log.parquet").metadata
    assert [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)] == [125_000, 5_000]


def test_csv_holds_the_same_requests(small: SimulatedLog, tmp_path: Path) -> None:
    write(small, tmp_path / "log.csv")
    times = ["timestamp", "account_created_at"]
    text = pl.read_csv(tmp_path / "log.csv", infer_schema=False)
    back = text.with_columns(pl.col(times).str.to_datetime(time_zone="UTC", time_unit="us")).cast(pl.Schema(CANONICAL))
    assert_frame_equal(back, small.log)


def test_another_extension_is_a_usage_error(small: SimulatedLog, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"log\.json: the extension '\.json' is unknown; use \.parquet or \.csv\.$"):
        write(small, tmp_path / "log.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_usage_error(small: SimulatedLog, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone/log\.csv: .*Give a path in a folder that is there and writable\.$"):
        write(small, tmp_path / "gone" / "log.csv")


def test_a_log_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    nested = pl.DataFrame({"timestamp": [[1]]})
    with pytest.raises(pl.exceptions.ComputeError):
        write(SimulatedLog(nested, nested), tmp_path / "log.csv")
    assert list(tmp_path.iterdir()) == []


def test_sample_logs_are_small_and_what_their_commands_make(small: SimulatedLog) -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 3_000_000
    for name, made in (("small", small), ("default", simulate(load_scenario("default"), 20_000, 7))):
        labels = pl.read_csv(SAMPLES / f"{name}.labels.csv", schema_overrides=made.labels.schema)
        assert_frame_equal(labels, made.labels)
    assert_frame_equal(pl.read_parquet(SAMPLES / "default.parquet"), made.log)


def test_the_readme_of_the_samples_names_their_commands_and_campaigns() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert "distillscan simulate sample_logs/default.parquet --scenario default --rows 20000 --seed 7" in text
    assert "distillscan simulate sample_logs/small.csv --scenario small --rows 1500 --seed 11" in text
    for name in CANONICAL:
        assert f"`{name}`" in text
