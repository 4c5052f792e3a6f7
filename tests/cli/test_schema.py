"""``distillscan schema`` and the options ``--schema`` and ``--join``, as they are typed."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from distillscan.cli import cli
from distillscan.read.schema.model import preset_text, presets
from tests.support.hostile import HOSTILE, is_harmless
from tests.support.places import FIXTURES


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def test_list() -> None:
    lines = run("schema", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(presets())
    assert "bedrock                --schema  Amazon Bedrock model invocation log" in lines
    found = json.loads(run("schema", "list", "-f", "json").stdout)
    assert {"name": "cloudtrail", "use": "--join", "summary": "AWS CloudTrail events"} in found


def test_show() -> None:
    assert run("schema", "show", "helicone").stdout == preset_text("helicone")
    unknown = run("schema", "show", "helicon")
    assert (unknown.exit_code, "did you mean helicone?" in unknown.stderr) == (2, True)
    own = run("schema", "show", "mine.toml")
    assert (own.exit_code, "is a file of your own" in own.stderr) == (2, True)


def test_init_check_analyze(tmp_path: Path) -> None:
    log = str(FIXTURES / "portkey.jsonl")
    out = tmp_path / "mine.toml"
    printed = run("schema", "init", log)
    assert printed.exit_code == 0
    assert 'name = "portkey"\n' in printed.stdout
    assert run("schema", "init", log, "-o", str(out)).stdout == ""
    assert out.read_text() == printed.stdout.replace('name = "portkey"', 'name = "mine"')
    again = run("schema", "init", log, "-o", str(out))
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    wrong = run("schema", "init", log, "-o", str(tmp_path / "x.txt"))
    assert (wrong.exit_code, "must end in .toml" in wrong.stderr) == (2, True)
    missing = run("schema", "init", str(tmp_path / "none"))
    assert (missing.exit_code, "does not exist" in missing.stderr) == (3, True)
    out.write_text(re.sub(r"(?m)^account_id = .*", 'account_id = "trace_id"', out.read_text()))
    checked = run("schema", "check", str(out), log)
    assert checked.stdout.splitlines()[0] == "2 requests in 2 rows"
    report = json.loads(run("analyze", log, "--schema", str(out), "--format", "json").stdout)
    assert report["population"]["accounts"] == 2
    assert report["parameters"]["options"]["schema"] == str(out)


def test_check_shows_what_each_column_gets() -> None:
    found = run(
        "schema", "check", "bedrock", str(FIXTURES / "bedrock.ndjson"), "--join", str(FIXTURES / "cloudtrail.json")
    )
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[:3] == ["4 requests in 4 rows", "", "column          filled   values  examples"]
    assert lines[4] == (
        "account_id        100%        2  arn:aws:sts::111122223333:assumed-role/… | arn:aws:iam::111122223333:user/bob"
    )
    assert "ip                 25%        1  198.51.100.9" in lines
    assert "prompt             75%        3  Hello | Hello again | Tell a tale" in lines
    assert "images             75%        1  0" in lines
    empty = "asn, country, tls_fingerprint, device_id, payment_id, email_domain, account_created_at, account_type, plan"
    assert f"empty: org_id, session_id, {empty}, status_code, reasoning_signature, tools" in lines
    assert lines[-1].startswith("note: joined log: read with the schema cloudtrail")


def test_check_counts_what_is_left_out_and_cuts_at_the_rows_asked_for() -> None:
    found = json.loads(run("schema", "check", "langfuse", str(FIXTURES / "langfuse.csv"), "-f", "json").stdout)
    assert (found["schema"], found["rows"], found["used"]) == ("langfuse", 3, 2)
    assert found["rejected"] == {"no request to a model: an observation that is no GENERATION": 1}
    first = next(one for one in found["columns"] if one["column"] == "input_tokens")
    assert first == {"column": "input_tokens", "filled": 1, "distinct": 1, "examples": ["30"]}
    one = json.loads(
        run("schema", "check", "langfuse", str(FIXTURES / "langfuse.csv"), "-f", "json", "--rows", "1").stdout
    )
    assert one["used"] == 1
    by_name = json.loads(run("schema", "check", "none", str(FIXTURES / "langfuse.csv"), "-f", "json").stdout)
    assert (by_name["schema"], by_name["used"]) == (None, 3)
    assert "column start_time is read as timestamp" in by_name["notes"]


def test_check_tells_tools_and_pictures() -> None:
    found = run("schema", "check", "litellm", str(FIXTURES / "litellm_payload.ndjson")).stdout
    assert "\npictures: 1 request\n" in found
    assert "tools:" not in found


def test_check_with_tools_and_hostile_values(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "m"\nsummary = "s"\n[columns]\ntimestamp = "ts"\naccount_id = "u"\n[body]\nrequest = "b"\n'
    )
    row = {"ts": "2026-01-02T12:00:00Z", "u": "\x1b]0;x\x07", "b": {"prompt": "p", "tools": [{"name": "rm\x1b[2J"}]}}
    (tmp_path / "log.ndjson").write_text(json.dumps(row) + "\n")
    shown = run("schema", "check", str(tmp_path / "mine.toml"), str(tmp_path / "log.ndjson")).stdout
    assert "\x1b" not in shown
    assert "tools: rm_[2J" in shown
    assert "\\x1b]0;x\\x07" in shown


def test_json_of_a_check_holds_no_control_character(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text("".join(json.dumps({"timestamp": 1767355200, "account_id": text}) + "\n" for text in HOSTILE))
    shown = run("schema", "check", "none", str(log), "-f", "json", "--rows", "9999").stdout
    assert is_harmless(shown)
    assert shown.isascii()
    assert "\x7f" not in shown
    (account,) = (one for one in json.loads(shown)["columns"] if one["column"] == "account_id")
    assert account["examples"] == [*HOSTILE[:3]]


@pytest.mark.parametrize("level", ["[", '{"a":', '{"messages":['])
def test_columns_of_json_100_000_levels_deep_cost_nothing(level: str, tmp_path: Path) -> None:
    deep = level * 100_000 + "1" + "".join({"[": "]", "{": "}"}[char] for char in level[::-1] if char in "[{") * 100_000
    columns = ("prompt", "meta", "tools", "images", "answer")
    with (tmp_path / "log.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["timestamp", "account_id", *columns])
        table.writerows([["2026-01-02T12:00:00Z", "deep", *[deep] * 5], ["2026-01-02T12:00:01Z", "plain", *["hi"] * 5]])
    (tmp_path / "mine.toml").write_text(
        'name = "m"\nsummary = "s"\n[columns]\ntimestamp = "timestamp"\naccount_id = "account_id"\n'
        'ip = "meta.a.a.a"\norg_id = "meta[0][0].a"\ntools = "tools"\nimages = "images"\n'
        '[body]\nrequest = "prompt"\nresponse = "answer"\n'
    )
    for schema in (str(tmp_path / "mine.toml"), "none"):
        found = run("schema", "check", schema, str(tmp_path / "log.csv"), "-f", "json")
        assert (found.exit_code, json.loads(found.stdout)["used"]) == (0, 2)
    assert run("schema", "init", str(tmp_path / "log.csv")).exit_code == 0
    mapped = run("analyze", str(tmp_path / "log.csv"), "--map", "ip=meta.a.a", "-f", "json")
    assert json.loads(mapped.stdout)["population"]["requests"] == 2


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["schema", "check", "nope", "x.csv"], 2, "there is no such schema"),
        (["schema", "check", "litellm", "none.csv"], 3, "none.csv does not exist"),
        (["analyze", str(FIXTURES / "cloudflare_encrypted.ndjson")], 3, "RequestBody is encrypted"),
        (
            ["analyze", str(FIXTURES / "azure_apim.ndjson")],
            3,
            "The subscription that called is in ApiManagementGatewayLogs",
        ),
        (["analyze", str(FIXTURES / "bedrock.ndjson"), "--schema", "bedrok"], 2, "did you mean bedrock?"),
        (["analyze", str(FIXTURES / "bedrock.ndjson"), "--join", "none.json"], 3, "none.json does not exist"),
        (
            ["analyze", str(FIXTURES / "bedrock.ndjson"), "--schema", "litellm"],
            3,
            "The file looks like another source (Amazon Bedrock model invocation log): --schema bedrock, or leave",
        ),
        (
            ["analyze", str(FIXTURES / "cloudtrail.json")],
            3,
            "The file looks like AWS CloudTrail events, which add columns to another log: analyse that with --join",
        ),
        (
            ["analyze", str(FIXTURES / "langfuse_traces.csv"), "--schema", "cloudtrail"],
            3,
            "The schema cloudtrail is for logs that add columns to another one: analyse that with --join",
        ),
        (
            ["analyze", str(FIXTURES / "azure_apim.ndjson"), "--join", str(FIXTURES / "cloudtrail.json")],
            3,
            "account_id missing; none of 3 rows has a partner in the joined log: is it the right one, of the same days",
        ),
        (["analyze", "https://b/x.csv"], 3, "https:// is not read, s3://, gs:// and az:// are; save the log as a file"),
        (["analyze", "S3://b/x.csv"], 3, "S3://b/x.csv: write s3:// in small letters"),
        (["schema", "init", "s3://b/x.csv"], 2, "schema init looks at a file on this machine: copy one there first"),
    ],
)
def test_what_goes_wrong(args: list[str], code: int, message: str) -> None:
    found = run(*args)
    assert (found.exit_code, found.stdout) == (code, "")
    assert message in found.stderr


def test_a_joined_log_that_fits_no_request_is_said_to_be_the_wrong_one() -> None:
    done = run(
        "analyze", str(FIXTURES / "bedrock.ndjson"), "--join", str(FIXTURES / "azure_apim_gateway.csv"), "-f", "json"
    )
    said = json.loads(done.stdout)["limitations"]
    assert any(line.startswith("none of 4 rows has a partner in the joined log: is it the right one") for line in said)
    assert not any("rows have no partner" in line for line in said)


def test_a_source_without_prompts_says_how_to_have_them_logged(tmp_path: Path) -> None:
    rows = [
        {"startTime": f"2026-01-02T10:00:0{at}Z", "custom_llm_provider": "x", "user": "u", "messages": "{}"}
        | {"proxy_server_request": "{}", "litellm_call_id": f"{at}", "response": "{}"}
        for at in range(3)
    ]
    log = tmp_path / "spend.ndjson"
    said = "no request holds a prompt: SpendLogs hold them only with general_settings.store_prompts_in_spend_logs: true"
    for prompt in (False, True):
        rows[0]["proxy_server_request"] = json.dumps({"prompt": "hi"} if prompt else {})
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert (said in json.loads(run("analyze", str(log), "-f", "json").stdout)["limitations"]) is not prompt


def test_a_folder_of_several_sources(tmp_path: Path) -> None:
    names = ("bedrock.ndjson", "litellm_spendlogs.csv", "portkey.jsonl")
    for name in names:
        shutil.copy(FIXTURES / name, tmp_path)
    document = json.loads(run("analyze", str(tmp_path), "-f", "json").stdout)
    alone = [json.loads(run("analyze", str(FIXTURES / name), "-f", "json").stdout) for name in names]
    assert document["population"]["requests"] == sum(one["population"]["requests"] for one in alone) == 9
    assert [one["status"] for one in document["inputs"]] == ["read"] * 3
    assert sum(line.startswith("read with the schema ") for line in document["limitations"]) == 3


def test_a_report_names_the_schema_and_the_joined_files() -> None:
    joined = str(FIXTURES / "cloudtrail.json")
    args = ["analyze", str(FIXTURES / "bedrock.ndjson"), "--join", joined, "--format", "json", "-q"]
    first, second = run(*args), run(*args)
    assert first.stdout == second.stdout
    options = json.loads(first.stdout)["parameters"]["options"]
    assert options["schema"] is None
    assert {path: len(digest) for path, digest in options["joins"].items()} == {joined: 64}


def test_an_output_does_not_overwrite_a_joined_log() -> None:
    joined = str(FIXTURES / "cloudtrail.json")
    found = run("analyze", str(FIXTURES / "bedrock.ndjson"), "--join", joined, "--output", joined)
    assert (found.exit_code, "is also an input" in found.stderr) == (2, True)
