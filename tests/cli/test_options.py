"""What the options of the command line mean, line by line, and which exit code says what."""

import itertools
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result as Outcome

import distillscan
from distillscan.cli import guard, main
from distillscan.cli.analyze import _how_it_went
from distillscan.cli.progress import TerminalProgress
from distillscan.detect.registry import builtin
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.parameters import Parameters
from distillscan.report.document import schema
from distillscan.report.filters import select
from distillscan.report.views import FORMATS
from distillscan.report.views.csv import to_csv
from distillscan.report.views.json import to_json
from distillscan.report.views.jsonl import to_jsonl
from distillscan.report.views.markdown import to_markdown
from distillscan.report.views.terminal.report import to_text
from tests.support import fake_pipeline
from tests.support.fake_results import busy, cluster

Run = Callable[..., Outcome]
Calls = list[tuple[Sequence[str], AnalyzeOptions, RunOptions, object]]


def test_the_stand_in_has_the_shape_of_the_real_api() -> None:
    from distillscan import pipeline
    from distillscan.report import finished

    assert [field.name for field in fields(finished.Report)] == [field.name for field in fields(fake_pipeline.Report)]
    assert list(signature(pipeline.analyze).parameters) == list(signature(fake_pipeline.analyze).parameters)


# ---- formats ---- #


@pytest.mark.parametrize("name", ["busy", "quiet"])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_table_is_the_default(run: Run, name: str, verbose: bool) -> None:
    done = run("analyze", name, *(["-v"] if verbose else []))
    result = fake_pipeline.results(name)
    assert (done.exit_code, done.stdout) == (0, to_text(result, width=100, verbosity=int(verbose)))


@pytest.mark.parametrize(
    ("name", "view"), [("json", to_json), ("jsonl", to_jsonl), ("csv", to_csv), ("markdown", to_markdown)]
)
def test_every_format(run: Run, name: str, view: Callable[[Any], str]) -> None:
    done = run("analyze", "busy", "--format", name)
    assert (done.exit_code, done.stdout, done.stderr) == (0, view(busy()), "")


@pytest.mark.parametrize(
    ("file", "view"),
    [
        ("r.json", to_json),
        ("r.JSONL", to_jsonl),
        ("r.ndjson", to_jsonl),
        ("r.csv", to_csv),
        ("r.md", to_markdown),
        ("r.txt", lambda r: to_text(r, width=100)),
        ("r", lambda r: to_text(r, width=100)),
    ],
)
def test_the_suffix_of_the_output_names_the_format(
    run: Run, tmp_path: Path, file: str, view: Callable[[Any], str]
) -> None:
    done = run("analyze", "busy", "-o", str(tmp_path / file))
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / file).read_text(encoding="utf-8") == view(busy())


@pytest.mark.parametrize("file", ["r.txt", "r.xlsx"])
def test_the_format_option_wins_over_the_suffix(run: Run, tmp_path: Path, file: str) -> None:
    assert run("analyze", "busy", "-o", str(tmp_path / file), "-f", "json").exit_code == 0
    assert json.loads((tmp_path / file).read_text()) == json.loads(to_json(busy()))


@pytest.mark.parametrize(
    ("file", "suffix"), [("r.xlsx", ".xlsx"), ("r.json.gz", ".gz"), ("report.2026-05", ".2026-05")]
)
def test_a_suffix_of_no_format_is_refused_before_the_analysis(
    run: Run, seen: Calls, tmp_path: Path, file: str, suffix: str
) -> None:
    for command in (["analyze", "busy"], ["render", "-"]):
        done = run(*command, "-o", str(tmp_path / file), input=to_json(busy()))
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == (
            f"error: --output {tmp_path / file}: no format has the suffix {suffix}; known are .txt, .json, .jsonl, "
            ".ndjson, .csv, .md, .markdown, .html, .htm (or choose one with --format)\n"
        )
    assert (seen, list(tmp_path.iterdir())) == ([], [])


def test_a_dash_is_standard_output(run: Run) -> None:
    assert run("analyze", "busy", "-o", "-", "-f", "json").stdout == to_json(busy())


FLAGS = [
    *itertools.product(
        [[], ["-q"], ["-v"]], [[], ["--no-color"]], [[], ["--min-severity", "high"]], [[], ["--top", "1"]]
    ),
    ([], ["--no-progress"], ["--fail-on", "low"], ["--threads", "2"]),
]


@pytest.mark.parametrize("name", ["quiet", "medium", "hostile:osc title"])
def test_standard_output_is_json_whatever_the_flags(run: Run, name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for flags in FLAGS:
        done = run("analyze", name, "-f", "json", *itertools.chain(*flags))
        assert list(validator.iter_errors(json.loads(done.stdout))) == []


@pytest.mark.parametrize(
    "trick", ["osc title", "bidi override", "formula equals", "lone surrogates"]
)  # every view has its own test with all of them
@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_hostile_text_through(run: Run, name: str, trick: str) -> None:
    done = run("analyze", f"hostile:{trick}", "-f", name, "-v")
    assert done.exit_code == 4  # one of its detectors failed
    assert not set(done.output) & {
        "\x1b",
        "\x00",
        "\x07",
        "\x9b",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\U000e0041",
        "\r",
    }


# ---- filters, detail, colour ---- #


def test_filters_apply_to_every_format_and_are_recorded(run: Run) -> None:
    document = json.loads(run("analyze", "busy", "-f", "json", "--min-severity", "high", "--top", "1").stdout)
    assert [c["rank"] for c in document["clusters"]] == [1]
    assert document["filters"] == {
        "min_severity": "high",
        "top": 1,
        "cluster": None,
        "hidden": {"high": 1, "medium": 1, "low": 1},
    }
    shown = run("analyze", "busy", "--min-severity", "high", "--top", "1").stdout
    assert shown == to_text(select(busy(), "high", 1), width=100)


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("132", 132), ("0", 100), ("wide", 100), ("", 100)])
def test_columns_sets_the_width(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run("analyze", "busy").stdout == to_text(busy(), width=width)


# ---- options reach the analysis ---- #


def test_the_options_of_the_analysis(run: Run, seen: Calls, tmp_path: Path) -> None:
    options = ["--map", "account_id=user.id", "--map", "prompt = a=b", "--input-format", "csv", "--releases", "r.toml"]
    options += ["--rejects", str(tmp_path / "rejects.csv"), "--detector", "a", "--detector", "b", "--without", "c"]
    options += ["--set", "cluster.min_accounts=8", "--threads", "3", "--date-order", "day-first"]
    options += ["--null-values", "(empty)", "--null-values", "?"]
    assert run("analyze", "busy", "more*.csv", *options).exit_code == 0
    ((paths, given, how, progress),) = seen
    assert paths == ["busy", "more*.csv"]
    assert progress is None
    assert given == AnalyzeOptions(
        mapping={"account_id": "user.id", "prompt": " a=b"},
        input_format="csv",
        null_values=("(empty)", "?"),
        date_order="day-first",
        releases=Path("r.toml"),
        detectors=("a", "b"),
        without=("c",),
        settings={"cluster.min_accounts": "8"},
    )
    assert how == RunOptions(threads=3, rejects=tmp_path / "rejects.csv")


def test_without_options_the_analysis_gets_its_defaults(run: Run, seen: Calls) -> None:
    run("analyze", "busy")
    assert seen == [(["busy"], AnalyzeOptions(), RunOptions(), None)]


def test_a_dash_hands_over_standard_input(run: Run, seen: Calls) -> None:
    assert run("analyze", "-", input="some log").exit_code == 0
    stream = seen[0][2].stdin
    assert stream is not None


def test_stats_are_written_as_json(run: Run, tmp_path: Path) -> None:
    assert run("analyze", "busy", "--stats", str(tmp_path / "s.json")).exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text()) == fake_pipeline.STATS


# ---- standard error ---- #


def test_without_a_terminal_standard_error_is_silent(run: Run) -> None:
    assert run("analyze", "busy").stderr == ""


def test_verbose_says_what_was_assumed_and_how_it_went(run: Run) -> None:
    assert run("analyze", "busy", "-v").stderr.splitlines() == [
        r"note: timestamps have no zone:\x1b[2J UTC assumed",
        "2,000,000 rows in 8.8 s, at most 2.1 GB of memory (read and profile 7.2 s, detect 1.5 s)",
    ]


def test_quiet_wins_over_verbose(run: Run) -> None:
    done = run("analyze", "busy", "-v", "-q")
    assert (done.stdout, done.stderr) == (to_text(busy(), width=100, verbosity=1), "")


def test_a_person_who_watches_gets_progress_and_notes(run: Run, seen: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("analyze", "streams"):
        monkeypatch.setattr(sys.modules[f"distillscan.cli.{name}"], "is_terminal", lambda _: True)
    done = run("analyze", "busy")
    assert isinstance(seen[0][3], TerminalProgress)
    assert done.stderr.splitlines()[-2:] == run("analyze", "busy", "-v").stderr.splitlines()[-2:]
    assert run("analyze", "busy", "--no-progress").exit_code == 0
    assert seen[2][3] is None
    assert run("analyze", "busy", "-q").stderr == ""
    assert seen[3][3] is None


def test_how_it_went_without_times() -> None:
    assert _how_it_went({"rows": 1, "seconds": {}, "peak_memory_bytes": None}) == "1 row in 0.0 s"


# ---- exit codes ---- #


@pytest.mark.parametrize(
    ("args", "code", "stderr"),
    [
        (["busy"], 0, ""),
        (["quiet"], 0, ""),
        (["busy", "--fail-on", "low"], 1, ""),
        (["busy", "--fail-on", "critical"], 1, ""),
        (["medium", "--fail-on", "high"], 0, ""),
        (["medium", "--fail-on", "medium"], 1, ""),
        (["medium", "--fail-on", "medium", "--min-severity", "critical"], 1, ""),
        (["quiet", "--fail-on", "low"], 0, ""),
        (["failed"], 4, "error: release_pivot failed: KeyError: 'model'; the report is partial\n"),
        (
            ["failed-busy", "--fail-on", "low"],
            4,
            "error: release_pivot failed: KeyError: 'model'; the report is partial\n",
        ),
        (["failed", "-q"], 4, "error: release_pivot failed: KeyError: 'model'; the report is partial\n"),
        (["skipped"], 3, "error: no detector could run: infrastructure_overlap needs ip\n"),
        (["none"], 3, "error: no detector could run: none was chosen\n"),
        # An empty export is no error of the run, but it does not answer whether there was a cluster.
        (["empty"], 0, "warning: the log holds no request: nothing was looked at\n"),
        (["empty", "-q"], 0, ""),
        (
            ["empty", "--fail-on", "low", "-q"],
            3,
            "error: the log holds no request: nothing was looked at, and --fail-on cannot be answered\n",
        ),
    ],
)
def test_exit_codes_of_a_run_that_has_a_report(run: Run, args: list[str], code: int, stderr: str) -> None:
    done = run("analyze", *args, "-f", "json")
    assert (done.exit_code, done.stderr) == (code, stderr)
    assert json.loads(done.stdout)["schema_version"] == "1.2"


@pytest.mark.parametrize(
    ("args", "code", "stderr"),
    [
        (["analyze", "missing"], 3, "error: missing: there is no such file or folder\n"),
        (
            ["analyze", "memory"],
            3,
            "error: out of memory: give the log in parts (one day or week at a time), or use a larger machine\n",
        ),
        (["analyze", "interrupt"], 130, "\ninterrupted: no report was written\n"),
        (["analyze"], 2, "error: Missing argument 'PATHS...'.\nsee distillscan analyze --help\n"),
        (
            ["analyze", "x", "--top", "0"],
            2,
            "error: Invalid value for '--top': 0 is not in the range x>=1.\nsee distillscan analyze --help\n",
        ),
        (
            ["analyze", "x", "--zzz"],
            2,
            "error: No such option '--zzz'.\nsee distillscan analyze --help\n",
        ),
        (
            ["analyze", "x", "--map", "prompt"],
            2,
            "error: --map prompt: expected NAME=VALUE, as in --map account_id=user.id\n",
        ),
        (
            ["analyze", "x", "--set", "=3"],
            2,
            "error: --set =3: expected NAME=VALUE, as in --set cluster.min_accounts=8\n",
        ),
        (
            ["analyze", "x", "--map", "ip="],
            2,
            "error: --map ip=: expected NAME=VALUE, as in --map account_id=user.id\n",
        ),
        (["analyze", "x", "--map", "ip=a", "--map", "ip=b"], 2, "error: --map ip is given twice: a and b\n"),
        (
            ["analyze", "x", "-o", "no/such/r.json"],
            2,
            "error: cannot write no/such/r.json: there is no folder {cwd}/no/such; create it first\n",
        ),
        (
            ["analyze", "x", "--stats", "no/s"],
            2,
            "error: cannot write no/s: there is no folder {cwd}/no; create it first\n",
        ),
        (["analyze", "x", "--rejects", "."], 2, "error: cannot write .: it is a folder; name a file in it\n"),
        (["analyze", "r.json", "-o", "r.json"], 2, "error: --output r.json is also an input: choose another file\n"),
        (["render", "r.json", "-o", "r.json"], 2, "error: --output r.json is also an input: choose another file\n"),
        (["analyze", "x", "-o", "r", "--stats", "./r"], 2, "error: --stats r is also --output: choose another file\n"),
        (
            ["analyze", "x", "--map", "a\x1b[2J"],
            2,
            r"error: --map a\x1b[2J: expected NAME=VALUE, as in --map account_id=user.id" + "\n",
        ),
        ([], 2, "error: Missing command.\nsee distillscan --help\n"),
        (["frob\x1b"], 2, r"error: No such command 'frob\x1b'." + "\nsee distillscan --help\n"),
        (["render", "nothing.json"], 3, "error: nothing.json: there is no such file\n"),
    ],
)
def test_exit_codes_of_a_run_without_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, stderr: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*args)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", stderr.replace("{cwd}", str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_several_outputs_may_go_nowhere(run: Run) -> None:
    assert run("analyze", "busy", "-o", "/dev/null", "--stats", "/dev/null").exit_code == 0


def test_a_defect_shows_its_trace_and_is_not_a_finding(run: Run) -> None:
    done = run("analyze", "defect")
    lines = done.stderr.splitlines()
    assert done.exit_code == 70
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2:] == [
        r"  KeyError: 'a \x1b[31mdefect'",
        "error: this is a defect of distillscan, not of the log: please report it with the lines above",
    ]


def test_every_exit_code_is_in_the_help(run: Run) -> None:
    shown = run("analyze", "--help").stdout
    for code in (guard.OK, guard.FOUND, guard.USAGE, guard.NO_INPUT, guard.PARTIAL, guard.DEFECT, guard.INTERRUPTED):
        assert f"\n    {code:<5}" in shown


def test_an_empty_log_is_said_in_the_first_line(run: Run) -> None:
    sentence = "The log holds no request: nothing was looked at, and this report says nothing about any account."
    assert run("analyze", "empty", "-q").stdout.startswith(f"{sentence}\n")
    assert run("analyze", "empty", "-q", "-f", "markdown").stdout.startswith(f"**{sentence}**\n")
    document = json.loads(run("analyze", "empty", "-q", "-f", "json").stdout)
    assert document["population"]["requests"] == 0


@pytest.mark.parametrize(("share", "given"), [(None, 0.5), ("0.9", 0.9), ("1", 1.0), ("0", 0.0)])
def test_the_share_of_rows_that_may_be_unusable(run: Run, seen: Calls, share: str | None, given: float) -> None:
    assert run("analyze", "busy", *([] if share is None else ["--max-rejected", share])).exit_code == 0
    assert seen[0][2].max_rejected == given


# ---- render ---- #


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "report.json"
    path.write_text(to_json(busy()), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_saved_report_renders_as_the_original(run: Run, saved: str, name: str) -> None:
    assert run("render", saved, "-f", name).stdout == run("analyze", "busy", "-f", name).stdout


def test_render_reads_standard_input(run: Run) -> None:
    assert run("render", "-", "-f", "json", input=to_json(busy())).stdout == to_json(busy())


@pytest.mark.parametrize("wanted", ["2", "ip-10be44d0a7", "ip", "i"])
def test_one_cluster_by_its_rank_or_the_beginning_of_its_identifier(run: Run, saved: str, wanted: str) -> None:
    for command in (["render", saved], ["analyze", "busy"]):
        document = json.loads(run(*command, "--cluster", wanted, "-f", "json").stdout)
        assert [c["cluster_id"] for c in document["clusters"]] == ["ip-10be44d0a7"]
        assert document["filters"]["cluster"] == "ip-10be44d0a7"
        assert document["filters"]["hidden"] == {"critical": 1, "medium": 1, "low": 1}
    shown = run("render", saved, "--cluster", wanted).stdout
    assert "  3 clusters are not shown (1 critical, 1 medium, 1 low) because of --cluster ip-10be44d0a7\n" in shown


def test_a_cluster_that_is_not_there_is_refused_with_those_that_are(run: Run, tmp_path: Path, saved: str) -> None:
    known = "1 (template-7f3a91c25e), 2 (ip-10be44d0a7), 3 (system-template-99d1e07b01) and 4 (device-4e02a7aa93)"
    for command in (["render", saved], ["analyze", "busy"]):
        for wanted in ("x", "5", ""):
            done = run(*command, "--cluster", wanted)
            assert (done.exit_code, done.stdout) == (2, "")
            assert done.stderr == (
                f"error: --cluster {wanted}: the report has no such rank or identifier; it has {known}\n"
            )
    listed = ", ".join(f"{rank} (c-{rank})" for rank in range(1, 9))
    for name, named in (("quiet", "no cluster"), ("large", f"{listed} and 191 more")):
        (tmp_path / "other.json").write_text(to_json(fake_pipeline.results(name)))
        done = run("render", str(tmp_path / "other.json"), "--cluster", "x")
        assert done.stderr == f"error: --cluster x: the report has no such rank or identifier; it has {named}\n"


def test_an_ambiguous_beginning_names_the_candidates(run: Run, tmp_path: Path) -> None:
    ids = ("template-7f3a", "template-7f", "ip-1")
    result = busy(clusters=tuple(cluster(rank, cluster_id=name) for rank, name in enumerate(ids, 1)))
    (tmp_path / "r.json").write_text(to_json(result))
    done = run("render", str(tmp_path / "r.json"), "--cluster", "temp")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --cluster temp: 1 (template-7f3a) and 2 (template-7f) begin so; give more of the identifier, "
        "or the rank\n"
    )
    # A whole identifier is meant, even if another one begins with it.
    whole = run("render", str(tmp_path / "r.json"), "--cluster", "template-7f", "-f", "json").stdout
    assert [c["rank"] for c in json.loads(whole)["clusters"]] == [2]


def test_render_of_something_else_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"a": 1}')
    done = run("render", str(path))
    assert (done.exit_code, done.stderr) == (3, f"error: {path}: not a distillscan report: no schema_version\n")


# ---- the other commands ---- #


def test_report_schema(run: Run) -> None:
    assert json.loads(run("report-schema").stdout) == schema()


def test_detectors(run: Run) -> None:
    listed = json.loads(run("detectors", "-f", "json").stdout)
    names = [detector["name"] for detector in listed]
    assert {"template_uniformity", "account_fanout", "infrastructure_overlap", "release_pivot"} <= set(names)
    shown = run("detectors").stdout
    for detector in listed:
        assert list(detector) == ["name", "version", "family", "needs", "summary", "parameters"]
        assert f"{detector['name']} {detector['version']}  {detector['family']}\n" in shown
        assert all(parameter["help"] for parameter in detector["parameters"])


def test_parameters_are_listed_with_group_default_unit_and_reason(run: Run) -> None:
    listed = json.loads(run("parameters", "-f", "json").stdout)
    groups = list(dict.fromkeys(one["group"] for one in listed))
    detectors = json.loads(run("detectors", "-f", "json").stdout)
    assert groups == ["cluster", "score", "privacy", *(d["name"] for d in detectors)]
    assert {
        "group": "cluster",
        "name": "min_accounts",
        "default": 5,
        "unit": "accounts",
        "help": "accounts at least: smaller groups are households and small teams",
    } in listed
    assert all(list(one) == ["group", "name", "default", "unit", "help"] and one["unit"] for one in listed)
    ours = [{name: one[name] for name in one if name != "group"} for one in listed if one["group"] == "synchrony"]
    assert ours == next(d["parameters"] for d in detectors if d["name"] == "synchrony")


def test_what_parameters_lists_can_be_set(run: Run) -> None:
    known = Parameters.of(builtin())
    for one in json.loads(run("parameters", "-f", "json").stdout):
        key = f"{one['group']}.{one['name']}"
        assert Parameters.of(builtin(), {key: str(one["default"])}) == known, key


def test_parameters_of_some_groups(run: Run) -> None:
    shown = run("parameters", "privacy", "cluster").stdout
    assert [line for line in shown.splitlines() if line and not line.startswith(" ")] == [
        "cluster",
        "privacy",
        "Change a parameter with --set GROUP.NAME=VALUE.",
    ]
    assert re.search("^  min_accounts +5  accounts at least: smaller groups are", shown, re.MULTILINE)
    wrong = run("parameters", "clutser")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr == "error: there is no group 'clutser'; did you mean cluster?\n"


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"distillscan {distillscan.__version__}\n"


def test_help_names_every_command(run: Run) -> None:
    shown = run("-h").stdout
    for command in ("analyze", "detectors", "parameters", "render", "report-schema", "simulate"):
        assert f"\n  {command} " in shown
        assert run(command, "-h").exit_code == 0


def test_main_leaves_with_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["distillscan", "--version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert capsys.readouterr().out == f"distillscan {distillscan.__version__}\n"
