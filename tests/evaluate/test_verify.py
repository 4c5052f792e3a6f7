"""A report is what its inputs give, or it is said how it differs."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import distillscan
from distillscan.cli import cli
from distillscan.detect import registry
from distillscan.detect.detectors import template_uniformity
from distillscan.errors import InputError, UsageError
from distillscan.evaluate.verify import options_of, verify
from distillscan.options import AnalyzeOptions
from distillscan.pipeline import analyze
from distillscan.privacy.pseudonyms import Pseudonyms
from distillscan.report.document import from_json
from distillscan.report.finished import Report
from distillscan.report.views.json import to_json
from tests.support import planted
from tests.support.hostile import claims, is_harmless

KEY = b"k" * 32


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="distillscan", input=stdin)


@dataclass(frozen=True)
class Case:
    """A log in two files and its report."""

    folder: Path
    report: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def edited(self, change: Callable[[Any], None]) -> Path:
        document = json.loads(self.report.read_text())
        change(document)
        path = self.folder / "edited.json"
        path.write_text(json.dumps(document))
        return path


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "log").mkdir()
    frame = planted.log().drop("source", "row")
    frame.head(4000).write_parquet(folder / "log" / "a.parquet")
    frame.tail(-4000).write_csv(folder / "log" / "b.csv")
    (folder / "log" / "empty.csv").write_text("")
    done = run("analyze", str(folder / "log"), "-o", str(folder / "report.json"))
    assert done.exit_code == 0
    return Case(folder, folder / "report.json")


@pytest.fixture
def once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the analysis of the log with its recorded options once for all tests that edit the report only."""
    recorded, _ = options_of(from_json(case.report.read_bytes()), registry.available(), None)

    def repeated(paths: list[str], options: AnalyzeOptions, **rest: Any) -> Report:
        assert paths == [str(case.log)]
        return analyzed(case) if options == recorded else analyze(paths, options, **rest)

    monkeypatch.setattr("distillscan.evaluate.verify.analyze", repeated)


@cache
def analyzed(case: Case) -> Report:
    return analyze(case.log)


# ---- the same ---- #


def test_the_same_report_comes_out(case: Case) -> None:
    done = run("verify", str(case.report), str(case.log))
    inputs = len(json.loads(case.report.read_text())["inputs"])
    assert done.stdout == f"{case.report}: the same report comes out ({inputs} inputs, 1 cluster)\n"
    assert (done.exit_code, done.stderr) == (0, "")
    assert run("verify", str(case.report), str(case.log), "-q").output == ""


def test_inputs_may_have_moved_and_come_in_any_order(case: Case, tmp_path: Path) -> None:
    for old, new in (("a.parquet", "z/moved.parquet"), ("b.csv", "elsewhere.csv"), ("empty.csv", "0.csv")):
        (tmp_path / new).parent.mkdir(exist_ok=True)
        (tmp_path / new).write_bytes((case.log / old).read_bytes())
    paths = [str(tmp_path / name) for name in ("elsewhere.csv", "0.csv", "z/moved.parquet")]
    found = verify(from_json(case.report.read_bytes()), paths)
    assert found.differences == ()
    assert found.same


def test_standard_input_is_the_same_data(case: Case) -> None:
    data = (case.log / "a.parquet").read_bytes()
    report = case.folder / "one.json"
    assert run("analyze", str(case.log / "a.parquet"), "-o", str(report)).exit_code == 0
    done = run("verify", str(report), "-", stdin=data)
    assert (done.exit_code, done.stderr) == (0, "")
    assert run("verify", "-", str(case.log / "a.parquet"), stdin=report.read_bytes()).exit_code == 0
    both = run("verify", "-", "-", stdin=data)
    assert (both.exit_code, both.stderr) == (2, "error: only one of report and inputs can be standard input\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--min-severity", "critical"),
        ("--top", "1"),
        ("--without", "release_pivot", "--without", "synchrony"),
        ("--detector", "template_uniformity", "--detector", "account_fanout"),
        ("--set", "score.report_coordination=0.02", "--set", "privacy.shared_by=7", "--top", "1"),
        ("--map", "account_id=payment_id", "--input-format", "csv"),
        ("--no-prompts",),
    ],
    ids=" ".join,
)
def test_recorded_options_are_those_of_the_new_run(case: Case, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    report = tmp_path / "report.json"
    done = run("analyze", str(case.log / "b.csv"), "-o", str(report), *arguments)
    assert done.exit_code == 0, done.stderr
    again = run("verify", str(report), str(case.log / "b.csv"))
    assert again.exit_code == 0, again.stdout


def test_releases_come_from_the_report(case: Case, tmp_path: Path) -> None:
    releases, report = tmp_path / "releases.csv", tmp_path / "report.json"
    releases.write_text("model,released\nm2,2026-04-09T00:00:00Z\n")
    assert run("analyze", str(case.log), "--releases", str(releases), "-o", str(report)).exit_code == 0
    releases.unlink()
    assert run("verify", str(report), str(case.log)).exit_code == 0
    changed = json.loads(report.read_text())
    changed["parameters"]["releases"][0]["released"] = "2026-04-05T00:00:00Z"
    report.write_text(json.dumps(changed))
    done = run("verify", str(report), str(case.log))
    assert done.exit_code == 1
    assert ".evidence has " in done.stdout


def test_every_option_that_decides_the_report_is_recorded_in_it(case: Case) -> None:
    """A new option must be recorded in the report and restored by ``options_of``."""
    recorded = json.loads(case.report.read_text())["parameters"]
    stated = set(recorded["options"]) | {"releases", "pseudonyms"}
    assert {field.name for field in fields(AnalyzeOptions)} <= stated


# ---- what differs ---- #


def test_a_changed_input_is_said(case: Case, tmp_path: Path) -> None:
    data = (case.log / "b.csv").read_text()
    changed = tmp_path / "b.csv"
    changed.write_text(data.rstrip("\n").rpartition("\n")[0] + "\n")
    done = run("verify", str(case.report), str(case.log / "a.parquet"), str(changed), str(case.log / "empty.csv"))
    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0] == f"{case.report}: differs (2 of 3 inputs found among the files given)"
    assert lines[1].startswith(f"  input {case.log / 'b.csv'} of the report (sha256 ")
    assert lines[1].endswith(") is not among the files given")
    assert lines[2].startswith(f"  {changed} (sha256 ")
    assert lines[2].endswith(") is no input of the report")
    assert "  population.requests is 7399 in the report, 7398 now" in lines


def test_a_missing_input_is_said(case: Case) -> None:
    done = run("verify", str(case.report), str(case.log / "a.parquet"))
    assert done.exit_code == 1
    assert f"  input {case.log / 'b.csv'} of the report" in done.stdout


def test_a_changed_parameter_gives_another_report(case: Case) -> None:
    def change(document: Any) -> None:
        document["parameters"]["score"]["prior_coordination"] = -30.0

    done = run("verify", str(case.edited(change)), str(case.log))
    assert done.exit_code == 1
    (cluster,) = json.loads(case.report.read_text())["clusters"]
    assert f"  cluster {cluster['cluster_id']} is in the report and does not come out" in done.stdout.splitlines()


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("clusters", 0, "score"), 0.5, ".score is 0.5 in the report, 0.9"),
        (("clusters", 0, "severity"), "low", '.severity is "low" in the report, "high" now'),
        (("clusters", 0, "evidence", 0, "summary"), "they are all guilty", '.summary is "they are all guilty" in the'),
        (("clusters", 0, "account_ids", 0), "innocent", 'account(s) that are not in it now, such as "innocent"'),
        (("clusters", 0, "account_ids", 0), "innocent", 'account(s) fewer than now, such as "camp-000"'),
        (("clusters", 0, "account_ids", 0), "camp-001", 'fewer than now, such as "camp-000"'),
        (("clusters", 0, "timeline"), [], ".timeline has 0 entries in the report, 14 now"),
        (("clusters", 0, "cluster_id"), "c-1", "cluster c-1 is in the report and does not come out"),
        (("clusters",), [], "comes out and is not in the report"),
        (("detectors", 0, "status"), "skipped", 'detector template_uniformity.status is "skipped" in the report, "ok"'),
        (("population", "accounts"), 7, "population.accounts is 7 in the report, 450 now"),
        (("rejected", "rows"), 3, "rejected.rows is 3 in the report, 0 now"),
        (("inputs", 0, "rows"), 1, "a.parquet.rows is 1 in the report, 4000 now"),
        (("limitations",), ["nothing to see"], 'limitation "nothing to see" is in the report and does not come out'),
        (("columns", 0, "used_for"), "x", 'column timestamp.used_for is "x" in the report, "'),
        (("parameters", "score", "odd"), 1, "parameter score.odd is 1 in the report and unknown here"),
        (("parameters", "detectors", "gone"), {"x": 1}, "parameters.detectors.gone is "),
        (
            ("parameters", "options", "settings"),
            {"score.prior_coordination": "-7"},
            'parameter score.prior_coordination is -10.0 in the report, whose options say "-7"',
        ),
    ],
)
def test_an_edited_report_is_told(case: Case, path: tuple[Any, ...], value: Any, said: str) -> None:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    done = run("verify", str(case.edited(change)), str(case.log))
    assert done.exit_code == 1
    assert said in done.stdout


@pytest.mark.usefixtures("once")
def test_accounts_in_another_order_are_an_edit_as_well(case: Case) -> None:
    def change(document: Any) -> None:
        document["clusters"][0]["account_ids"].reverse()

    done = run("verify", str(case.edited(change)), str(case.log))
    assert done.exit_code == 1
    assert done.stdout.count("\n") == 2
    assert "lists its accounts in another order or twice" in done.stdout


@pytest.mark.usefixtures("once")
def test_long_lists_of_differences_are_cut(case: Case) -> None:
    def change(document: Any) -> None:
        document["limitations"] = [f"line {k}" for k in range(100)]

    lines = run("verify", str(case.edited(change)), str(case.log)).stdout.splitlines()
    assert len(lines) == 42
    assert lines[-1].startswith("  and ")
    assert lines[-1].endswith(" more differences")


@pytest.mark.usefixtures("once")
def test_hostile_text_in_a_report_is_shown_harmlessly(case: Case) -> None:
    def change(document: Any) -> None:
        document["clusters"][0]["summary"] = "\x1b[2J\u202ex\ndistillscan: no campaign found"
        document["clusters"][0]["cluster_id"] = "x\r\ndistillscan: no campaign found\x9b"

    done = run("verify", str(case.edited(change)), str(case.log))
    assert done.exit_code == 1
    assert is_harmless(done.output)
    assert claims(done.output) == []


# ---- other versions ---- #


def test_other_versions_are_said_and_are_no_difference_by_themselves(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillscan, "__version__", "9.9")
    monkeypatch.setattr(template_uniformity.TemplateUniformityDetector, "version", "77")
    done = run("verify", str(case.report), str(case.log))
    written = json.loads(case.report.read_text())
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == [
        f"note: the report was written by distillscan {written['tool']['version']}, this is 9.9",
        f"note: detector template_uniformity has version {written['detectors'][0]['version']} in the report, 77 here",
    ]


def test_other_defaults_do_not_matter_since_the_report_has_its_own(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(template_uniformity.TemplateUniformityDetector.parameters, cap=0.5)
    monkeypatch.setattr(template_uniformity.TemplateUniformityDetector, "parameters", changed)
    other = json.loads(to_json(analyze(case.log).result))
    assert other["clusters"] != json.loads(case.report.read_text())["clusters"]
    assert verify(from_json(case.report.read_bytes()), [str(case.log)]).differences == ()


def test_detectors_that_came_since_are_left_out_and_those_that_went_are_said(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(template_uniformity.TemplateUniformityDetector):
        name = "later"

    class Renamed(template_uniformity.TemplateUniformityDetector):
        name = "renamed"

    builtin = registry.builtin()
    monkeypatch.setattr(registry, "builtin", lambda: (*builtin, Later()))
    report = from_json(case.report.read_bytes())
    assert verify(report, [str(case.log)]).differences == ()
    monkeypatch.setattr(registry, "builtin", lambda: (Renamed(), *builtin[1:]))
    found = verify(report, [str(case.log)])
    assert found.differences[0] == "detector template_uniformity is not installed here"
    assert "detector template_uniformity is in the report and does not come out" in found.differences


# ---- pseudonyms ---- #


@pytest.fixture(scope="module")
def hidden(case: Case) -> Path:
    (case.folder / "key").write_bytes(KEY)
    (case.folder / "key").chmod(0o600)
    (case.folder / "other").write_bytes(KEY[::-1] + b"x")
    (case.folder / "other").chmod(0o644)
    report = case.folder / "hidden.json"
    done = run("analyze", str(case.log), "--pseudonymize", str(case.folder / "key"), "-o", str(report))
    assert (done.exit_code, done.stderr) == (0, "")
    return report


def test_a_report_with_pseudonyms_is_verified_with_its_key(case: Case, hidden: Path) -> None:
    done = run("verify", str(hidden), str(case.log), "--pseudonymize", str(case.folder / "key"))
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_key_must_be_the_reports(case: Case, hidden: Path) -> None:
    ours = Pseudonyms(KEY).key_id
    without = run("verify", str(hidden), str(case.log))
    assert without.exit_code == 2
    assert without.stderr == (
        f"error: the report holds pseudonyms (key {ours}): give the key file with --pseudonymize\n"
    )
    wrong = run("verify", str(hidden), str(case.log), "--pseudonymize", str(case.folder / "other"))
    theirs = Pseudonyms(KEY[::-1] + b"x").key_id
    assert wrong.exit_code == 2
    assert wrong.stderr.splitlines() == [
        f"warning: {case.folder / 'other'} can be read by everybody on this machine: chmod 600 {case.folder / 'other'}",
        f"error: the report's pseudonyms were made with key {ours}; the key given is {theirs}",
    ]
    needless = run("verify", str(case.report), str(case.log), "--pseudonymize", str(case.folder / "key"))
    assert (needless.exit_code, needless.stderr) == (
        2,
        "error: the report was made without pseudonyms: leave --pseudonymize out\n",
    )


# ---- joined logs ---- #


def test_joined_logs_are_given_again(case: Case, tmp_path: Path) -> None:
    log, joined, report = tmp_path / "log.csv", tmp_path / "ips.csv", tmp_path / "report.json"
    frame = planted.log().drop("source", "row").with_row_index("request_id")
    frame.drop("ip").write_csv(log)
    frame.select("request_id", "ip").write_csv(joined)
    done = run("analyze", str(log), "--join", str(joined), "-o", str(report))
    assert done.exit_code == 0, done.stderr
    moved = tmp_path / "moved.csv"
    joined.rename(moved)
    assert run("verify", str(report), str(log), "--join", str(moved)).exit_code == 0
    without = run("verify", str(report), str(log))
    assert without.exit_code == 1
    assert f"  joined log {joined} (sha256 " in without.stdout
    other = tmp_path / "other.csv"
    other.write_text(moved.read_text().replace("192.0.", "192.1."))
    changed = run("verify", str(report), str(log), "--join", str(other))
    assert changed.exit_code == 1
    assert f"  joined log {other} (sha256 " in changed.stdout


def test_a_schema_of_ones_own_is_part_of_the_evidence(tmp_path: Path) -> None:
    log, mine, report = tmp_path / "log.csv", tmp_path / "mine.toml", tmp_path / "report.json"
    planted.log().drop("source", "row").head(900).rename({"account_id": "who"}).write_csv(log)
    text = 'name = "mine"\nsummary = "s"\n[columns]\ntimestamp = "timestamp"\naccount_id = "who"\nip = "ip"\n'
    mine.write_text(text)
    assert run("analyze", str(log), "--schema", str(mine), "-o", str(report)).exit_code == 0
    options = json.loads(report.read_text())["parameters"]["options"]
    assert options["schema_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert run("verify", str(report), str(log)).exit_code == 0
    moved = mine.rename(tmp_path / "moved.toml")
    gone = run("verify", str(report), str(log))
    assert (gone.exit_code, gone.stderr) == (
        2,
        f"error: the report was made with the schema {mine}, which is not there: say where with --schema\n",
    )
    assert run("verify", str(report), str(log), "--schema", str(moved)).exit_code == 0
    moved.write_text(f"{text}# the same, said otherwise\n")
    other = run("verify", str(report), str(log), "--schema", str(moved))
    assert other.exit_code == 1
    assert f"  schema {mine} (sha256 {options['schema_sha256'][:16]}… in the report) has other content" in other.stdout
    document = json.loads(report.read_text())
    del document["parameters"]["options"]["schema_sha256"]
    report.write_text(json.dumps(document))
    old = run("verify", str(report), str(log), "--schema", str(moved))
    assert f"the report does not say which content the schema {mine} had" in old.stdout


@pytest.mark.usefixtures("once")
def test_a_schema_that_nobody_used_is_refused(case: Case) -> None:
    done = run("verify", str(case.report), str(case.log), "--schema", "x.toml")
    assert (done.exit_code, "was made with no schema file (none): leave --schema out" in done.stderr) == (2, True)
    assert json.loads(case.report.read_text())["parameters"]["options"]["schema_sha256"] is None


# ---- what cannot be verified ---- #


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("parameters",), {}, "the report does not record the options of its run: it cannot be repeated"),
        (("parameters", "releases"), [{"source": "file"}], "what the report records of its run cannot be understood"),
        (("parameters", "options", "mapping"), ["x"], "what the report records of its run cannot be understood"),
        (("parameters", "score", "ceiling"), "much", "--set score.ceiling=much: 'much' is not a number of type float"),
    ],
)
def test_a_report_that_cannot_be_repeated_is_refused(case: Case, path: tuple[str, ...], value: Any, said: str) -> None:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    report = from_json(case.edited(change).read_bytes())
    with pytest.raises((InputError, UsageError)) as caught:
        verify(report, [str(case.log)])
    assert str(caught.value).startswith(said)


def test_what_is_no_report_or_no_input_ends_with_3(case: Case, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert run("verify", str(tmp_path / "x.json"), str(case.log)).exit_code == 3
    assert run("verify", str(tmp_path / "missing.json"), str(case.log)).exit_code == 3
    assert run("verify", str(case.report), str(tmp_path / "missing.parquet")).exit_code == 3
    assert run("verify", str(case.report)).exit_code == 2


@pytest.mark.usefixtures("once")
def test_a_report_of_an_older_version_that_lists_no_columns(case: Case) -> None:
    def change(document: Any) -> None:
        del document["columns"]

    assert run("verify", str(case.edited(change)), str(case.log)).exit_code == 0


def test_options_are_restored_one_by_one(case: Case) -> None:
    report = from_json(case.report.read_bytes())
    settings = {"score.ceiling": "8.5", "account_fanout.signup_cap": "6"}
    report = analyze(case.log, AnalyzeOptions(settings=settings, without=("release_pivot",), prompts=False)).result
    options, unknown = options_of(from_json(to_json(report)), registry.available(), None)
    assert unknown == []
    assert options.without == ("release_pivot",)
    assert {name: float(value) for name, value in options.settings.items()} == {
        "score.ceiling": 8.5,
        "account_fanout.signup_cap": 6.0,
    }
    assert options.prompts is False
