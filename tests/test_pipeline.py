"""The whole analysis on the planted log: the same answer by every path, and what is said when something lacks."""

import io
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

import distillscan
from distillscan import errors, options, pipeline, progress
from distillscan.detect.detectors import account_fanout
from distillscan.errors import InputError, UsageError
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.pipeline import analyze
from distillscan.profile import prepare_loops
from distillscan.report import finished
from distillscan.report.document import schema
from tests.support import planted
from tests.support.handmade import START, at, canonical


def plain() -> pl.DataFrame:
    return planted.log().drop("source", "row")


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    plain().write_parquet(path)
    return path


def document(path: Path | str, **options: Any) -> dict[str, Any]:
    how = {name: options.pop(name) for name in ("threads", "stdin") if name in options}
    made = analyze(path, AnalyzeOptions(**options), run=RunOptions(**how)).to_dict()
    made.pop("inputs")
    return made


def test_the_campaign_is_found_and_nobody_else_accused(parquet: Path) -> None:
    report = analyze(parquet)
    first, *rest = report.result.clusters
    assert first.account_ids == tuple(f"camp-{k:03d}" for k in range(50))
    assert first.severity in ("high", "critical")
    assert all(c.severity == "low" for c in rest)
    assert any("numbered" in t.skeleton or "number every step" in t.skeleton for t in first.templates)
    assert first.templates[0].skeleton.startswith("{...} is the subject.")
    assert first.capabilities["models"][0]["model"] == "m1"
    assert {row["value"] for row in first.infrastructure["payment"]["top"]} == {f"camp-card-{k}" for k in range(8)}
    assert sum(day["requests"] for day in first.timeline) == first.requests


def test_the_document_follows_the_published_schema(parquet: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    assert list(validator.iter_errors(analyze(parquet).to_dict())) == []


@pytest.mark.parametrize("path", ["csv", "ndjson", "split", "shuffled", "stdin", "threads"])
def test_every_path_gives_the_same_bytes(path: str, parquet: Path, tmp_path: Path) -> None:
    frame = plain()
    options: dict[str, Any] = {}
    file = tmp_path / "log"
    given: Path | str = file
    if path == "csv":
        frame.write_csv(file)
    elif path == "ndjson":
        frame.write_ndjson(file)
    elif path == "split":
        mixed = frame.sample(fraction=1, shuffle=True, seed=5)
        for k in range(50):
            mixed.gather_every(50, k).write_parquet(tmp_path / f"part-{k:02d}.parquet")
        given = tmp_path
    elif path == "shuffled":
        frame.sample(fraction=1, shuffle=True, seed=4).write_parquet(file, row_group_size=700)
    elif path == "stdin":
        given, options = "-", {"stdin": io.BytesIO(parquet.read_bytes())}
    else:
        given, options = parquet, {"threads": 3}
    assert json.dumps(document(given, **options)) == json.dumps(document(parquet, threads=1))


def test_inputs_are_named_counted_and_hashed(parquet: Path) -> None:
    stated = analyze(parquet).result.inputs[0]
    assert (stated.rows, stated.bytes) == (plain().height, parquet.stat().st_size)
    assert len(stated.sha256) == 64


def test_the_clusters_are_a_frame(parquet: Path) -> None:
    frame = analyze(parquet).clusters
    assert frame.columns[:3] == ["rank", "cluster_id", "severity"]
    assert frame["account_ids"].list.len().to_list() == frame["accounts"].to_list()
    assert frame["rank"].to_list() == list(range(1, frame.height + 1))


def test_a_report_without_clusters_has_a_frame_with_the_same_columns(parquet: Path) -> None:
    none = analyze(parquet, AnalyzeOptions(settings={"score.report_coordination": "1.1"})).clusters
    assert none.is_empty()
    assert none.schema == analyze(parquet).clusters.schema


def test_releases_may_be_given(parquet: Path, tmp_path: Path) -> None:
    given = tmp_path / "releases.csv"
    given.write_text("model,released\nm2,2026-04-09\n")
    made = document(parquet, releases=given)
    assert made["parameters"]["releases"] == [{"model": "m2", "released": "2026-04-09T00:00:00Z", "source": "file"}]
    found = [e for e in made["clusters"][0]["evidence"] if e["detector"] == "release_pivot"]
    assert found
    assert found[0]["details"]["model"] == "m2"


def test_missing_columns_are_said_and_their_detectors_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bare.parquet"
    plain().select("timestamp", "account_id", "prompt").write_parquet(path)
    made = analyze(path).to_dict()
    status = {d["name"]: (d["status"], d["reason"]) for d in made["detectors"]}
    assert status["release_pivot"] == ("skipped", "needs model")
    assert status["infrastructure_overlap"] == ("skipped", "needs ip or tls_fingerprint or user_agent")
    assert status["template_uniformity"] == ("ok", "")
    assert "no addresses: shared and rotated egress cannot be seen" in made["limitations"]
    assert "release_pivot skipped: needs model" in made["limitations"]
    assert all(c["severity"] == "low" for c in made["clusters"])


def test_a_log_without_rows_gets_a_report(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    plain().clear().write_parquet(path)
    made = analyze(path).to_dict()
    assert made["clusters"] == []
    assert made["population"] == {"requests": 0, "accounts": 0, "first_seen": "", "last_seen": ""}
    assert made["limitations"][0] == "the log holds no request"
    jsonschema.validate(made, schema())


def test_a_log_of_one_account_has_no_cluster(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    plain().filter(pl.col("account_id") == "camp-001").write_parquet(path)
    assert analyze(path).to_dict()["clusters"] == []


def test_unusable_rows_are_counted_and_kept(tmp_path: Path) -> None:
    path, kept = tmp_path / "log.csv", tmp_path / "rejects.ndjson"
    path.write_text(
        "timestamp,account_id,prompt\n2026-04-01T00:00:00Z,a,hi\nyesterday,b,hi\n2026-04-01T00:00:00Z,,hi\n"
    )
    made = analyze(path, run=RunOptions(rejects=kept, max_rejected=0.9)).to_dict()
    assert made["rejected"] == {"rows": 2, "reasons": {"account_id missing": 1, "timestamp not understood": 1}}
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(x["row"], x["reason"]) for x in lines] == [(1, "timestamp not understood"), (2, "account_id missing")]
    assert json.loads(lines[0]["record"])["timestamp"] == "yesterday"


def test_when_no_row_is_usable_it_says_why(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("timestamp,account_id\nnever,a\nnever,b\n")
    with pytest.raises(InputError, match=r"no row could be used: 2 × timestamp not understood"):
        analyze(path)


def mostly_unusable(folder: Path, usable: int, unusable: int) -> Path:
    path = folder / "log.csv"
    good = [f"2026-04-01T00:00:{k:02d}Z,a{k}" for k in range(usable)]
    path.write_text("\n".join(["timestamp,account_id", *good, *["never,b"] * unusable]) + "\n")
    return path


@pytest.mark.parametrize(
    ("unusable", "most", "stops"),
    [(2, 0.5, False), (3, 0.5, True), (1, 0.25, True), (1, 1 / 3, False), (40, 1.0, False)],
)
def test_a_larger_share_of_unusable_rows_than_allowed_stops_the_run(
    tmp_path: Path, unusable: int, most: float, stops: bool
) -> None:
    path, kept = mostly_unusable(tmp_path, 2, unusable), tmp_path / "rejects.ndjson"
    how = RunOptions(max_rejected=most, rejects=kept)
    if not stops:
        assert analyze(path, run=how).to_dict()["rejected"]["rows"] == unusable
        return
    with pytest.raises(InputError) as caught:
        analyze(path, run=how)
    assert str(caught.value) == (
        f"{unusable} of {unusable + 2} rows could not be used, which is more than --max-rejected {most:g} allows: "
        f"{unusable} × timestamp not understood. Look at them with --rejects FILE, or use --map; "
        "--max-rejected 1 analyses the others all the same"
    )
    assert len(kept.read_text().splitlines()) == unusable  # they can be looked at


def test_rows_that_a_schema_leaves_out_on_purpose_are_not_unusable(tmp_path: Path) -> None:
    schema, path = tmp_path / "mine.toml", tmp_path / "log.ndjson"
    schema.write_text(
        "name = 'mine'\nsummary = 'x'\n[columns]\ntimestamp = 'timestamp'\naccount_id = 'account_id'\n"
        "[[keep]]\nfrom = 'kind'\nvalues = ['llm']\nwhy = 'no request to a model'\n"
    )
    rows = [{"timestamp": "2026-04-01T00:00:00Z", "account_id": "a", "kind": kind} for kind in ("llm", *["web"] * 9)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    made = analyze(path, AnalyzeOptions(schema=str(schema)), run=RunOptions(max_rejected=0.0)).to_dict()
    assert made["rejected"] == {"rows": 9, "reasons": {"no request to a model": 9}}


def test_rejects_that_cannot_be_written_are_an_error(tmp_path: Path, parquet: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot write .*: there is no folder .*; create it first$"):
        analyze(parquet, run=RunOptions(rejects=tmp_path / "no" / "such" / "folder.ndjson"))


def test_candidates_beyond_the_limit_are_not_dropped_in_silence(parquet: Path) -> None:
    said = document(parquet, settings={"cluster.max_candidates": "1"})["limitations"]
    assert "only the 1 strongest candidates were looked at (--set cluster.max_candidates=2 for more)" in said
    assert not [text for text in document(parquet)["limitations"] if "strongest candidates" in text]


def test_detectors_may_be_chosen(parquet: Path) -> None:
    made = document(parquet, detectors=("template_uniformity", "account_fanout"), without=("account_fanout",))
    assert [d["name"] for d in made["detectors"]] == ["template_uniformity"]


def test_a_failing_detector_is_reported_and_the_others_run(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("broken on purpose")

    monkeypatch.setattr(account_fanout.AccountFanoutDetector, "signals", fail)
    made = document(parquet)
    status = {d["name"]: d for d in made["detectors"]}
    assert status["account_fanout"]["status"] == "error"
    assert "ValueError: broken on purpose (in fail, line" in status["account_fanout"]["reason"]
    assert made["clusters"][0]["account_ids"][0] == "camp-000"


def test_a_detector_that_fails_late_is_reported_too(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("broken while weighing")

    monkeypatch.setattr(account_fanout.AccountFanoutDetector, "assess", fail)
    made = document(parquet)
    status = {d["name"]: d for d in made["detectors"]}
    assert status["account_fanout"]["status"] == "error"
    assert "broken while weighing" in status["account_fanout"]["reason"]
    assert not [e for c in made["clusters"] for e in c["evidence"] if e["detector"] == "account_fanout"]


def test_progress_is_told_if_loops_have_to_be_compiled(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def first_run(before_compiling: Callable[[], None]) -> None:
        before_compiling()

    monkeypatch.setattr(pipeline, "prepare_loops", first_run)
    phases = list(analyze(parquet).stats["seconds"])
    assert phases[:3] == ["open", "compile", "read and profile"]


def test_progress_is_told_of_every_phase(parquet: Path) -> None:
    prepare_loops()  # the first run on a machine has one phase more

    class Watcher:
        def __init__(self) -> None:
            self.phases: list[tuple[str, int | None, str]] = []
            self.done: dict[str, int] = {}

        def phase(self, name: str, total: int | None, unit: str) -> None:
            self.phases.append((name, total, unit))

        def advance(self, amount: int) -> None:
            name = self.phases[-1][0]
            self.done[name] = self.done.get(name, 0) + amount

    watcher = Watcher()
    report = analyze([str(parquet)], progress=watcher)
    assert [name for name, _, _ in watcher.phases] == [
        "open",
        "read and profile",
        "detect",
        "cluster",
        "score",
        "exemplars",
    ]
    assert watcher.phases[1][1:] == (plain().height, "rows")
    assert watcher.done["read and profile"] == plain().height
    assert set(report.stats["seconds"]) == {name for name, _, _ in watcher.phases}
    assert set(report.stats["cpu_seconds"]) == set(report.stats["seconds"])
    assert report.stats["cpu_seconds"]["read and profile"] > 0
    assert report.stats["candidates"] >= len(report.result.clusters) > 0
    assert report.stats["rows"] == plain().height
    assert report.stats["peak_memory_bytes"] > 10**7


def test_cluster_ids_survive_new_members_and_do_not_repeat(parquet: Path, tmp_path: Path) -> None:
    before = analyze(parquet).result.clusters[0]
    more = plain().filter(pl.col("account_id").is_in([f"camp-{k:03d}" for k in range(9)]))
    joined = more.with_columns(pl.col("account_id").str.replace("camp", "camp-late"))
    path = tmp_path / "grown.parquet"
    pl.concat([plain(), joined]).write_parquet(path)
    after = analyze(path).result.clusters
    assert after[0].cluster_id == before.cluster_id
    assert after[0].accounts == before.accounts + 9
    assert len({c.cluster_id for c in after}) == len(after)


def test_names_of_the_package_are_what_it_says() -> None:
    assert {name: getattr(distillscan, name) for name in distillscan.__all__} == {
        "AnalyzeOptions": options.AnalyzeOptions,
        "DistillscanError": errors.DistillscanError,
        "InputError": errors.InputError,
        "Progress": progress.Progress,
        "Report": finished.Report,
        "RunOptions": options.RunOptions,
        "UsageError": errors.UsageError,
        "__version__": version("distillscan"),
        "analyze": pipeline.analyze,
        "load_report": finished.load_report,
    }
    assert dir(distillscan) == sorted(distillscan.__all__)
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = distillscan.analyse


def test_an_organisation_is_a_customer(tmp_path: Path) -> None:
    path = tmp_path / "org.parquet"
    camp = pl.col("account_id").str.starts_with("camp")
    plain().with_columns(pl.when(camp).then(pl.lit("org-7")).alias("org_id")).write_parquet(path)
    clusters = analyze(path).result.clusters
    assert not [c for c in clusters if "camp-000" in c.account_ids and c.severity != "low"]


def test_times_without_zone_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "naive.parquet"
    canonical([{"timestamp": at(1), "account_id": "a"}]).drop("source", "row").with_columns(
        pl.col("timestamp").dt.replace_time_zone(None)
    ).write_parquet(path)
    made = analyze([path])
    assert any("UTC" in note for note in made.notes)
    assert any("UTC" in text for text in made.result.limitations)
    assert made.result.population.first_seen == "2026-04-01T01:00:00Z"
    assert START.isoformat().startswith("2026-04-01")
