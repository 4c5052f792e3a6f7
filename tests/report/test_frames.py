"""The report as frames and in a notebook: rows and columns counted by hand, hostile text escaped."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from distillscan import InputError, Report, load_report
from distillscan.report import frames
from distillscan.report.views.json import to_json
from distillscan.result import Result
from tests.support.fake_results import busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE

FRAMES = {
    "clusters": frames.CLUSTERS,
    "accounts": frames.ACCOUNTS,
    "evidence": frames.EVIDENCE,
    "entities": frames.ENTITIES,
    "timeline": frames.TIMELINE,
}


def shaped() -> Result:
    """A result whose infrastructure and timeline have the shape that an analysis gives them."""
    value = {"value": "203.0.113.0/24", "accounts": 12, "requests": 80, "accounts_outside": 3}
    found = {
        "ip_prefix": {"distinct": 9, "top": [value]},
        "asn": {"distinct": 1, "top": [{**value, "value": "AS64500"}]},
    }
    days = ({"date": "2026-05-02", "requests": 40, "accounts": 7}, {"date": "2026-05-04", "requests": 9, "accounts": 2})
    return busy(clusters=tuple(replace(one, infrastructure=found, timeline=days) for one in busy().clusters))


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("result", [shaped(), quiet()], ids=["busy", "quiet"])
def test_every_frame_has_its_columns_with_and_without_clusters(name: str, result: Result) -> None:
    frame = getattr(Report(result), name)
    assert frame.schema == FRAMES[name]


def test_rows_are_those_of_the_document() -> None:
    result = shaped()
    report = Report(result)
    assert report.clusters["cluster_id"].to_list() == [one.cluster_id for one in result.clusters]
    assert report.accounts.rows() == [
        (account, one.cluster_id, one.rank, one.severity) for one in result.clusters for account in one.account_ids
    ]
    assert report.evidence.height == sum(len(one.evidence) for one in result.clusters)
    first, finding = report.evidence.row(0, named=True), result.clusters[0].evidence[0]
    assert (first["detector"], first["bits"]) == (finding.detector, finding.bits)
    assert json.loads(first["details"]) == json.loads(json.dumps(dict(finding.details)))
    assert report.entities.height == sum(len(k["top"]) for one in result.clusters for k in one.infrastructure.values())
    day = result.clusters[0].timeline[0]
    assert report.timeline.row(0) == (
        result.clusters[0].cluster_id,
        date.fromisoformat(day["date"]),
        day["requests"],
        day["accounts"],
    )


def test_a_report_describes_itself_in_one_line() -> None:
    result = quiet(clusters=(cluster(1, severity="critical"), cluster(2, severity="low"), cluster(3, severity="low")))
    size = f"{result.population.requests:,} requests of {result.population.accounts:,} accounts"
    assert repr(Report(result)) == f"<Report: 3 clusters (1 critical, 2 low) in {size}>"
    assert repr(Report(quiet(clusters=(cluster(1, severity="high"),)))).startswith("<Report: 1 cluster (1 high) in ")
    assert repr(Report(quiet())).startswith("<Report: no cluster in ")


def test_a_notebook_shows_a_table_of_the_clusters() -> None:
    page = Report(busy())._repr_html_()
    assert page.count("<tr>") == 1 + len(busy().clusters)
    assert all(f"<td>{one.cluster_id}</td>" in page for one in busy().clusters)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_notebook_is_safe_from_what_a_log_holds(text: str) -> None:
    page = Report(hostile(text))._repr_html_()
    assert [mark for mark in ("<script", "<img", "\x1b", "\x00", "\u202e") if mark in page] == []
    assert page.startswith("<table>")


def test_a_saved_report_is_loaded_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(to_json(busy()), encoding="utf-8")
    loaded = load_report(path)
    assert loaded.to_dict() == Report(busy()).to_dict()
    assert (loaded.notes, dict(loaded.stats), loaded.unread) == ((), {}, ())


def test_a_report_that_is_not_there_or_none_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json: there is no such file"):
        load_report(tmp_path / "gone.json")
    (tmp_path / "log.json").write_text("[]")
    with pytest.raises(InputError, match="not a distillscan report: no JSON object"):
        load_report(tmp_path / "log.json")
