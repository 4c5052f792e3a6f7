"""CSV as databases, Spark and spreadsheets write it gives the same rows; a file without a header quotes no cell."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from distillscan.cli import cli
from distillscan.errors import DistillscanError, InputError
from distillscan.read import ReadOptions
from distillscan.read.formats.csv_dialect import looks_like_header, read_dialect
from tests.support.small_logs import Outcome, read_all, read_bytes

NAMES = ["created_at", "user_id", "prompt", "input_tokens"]
TEXTS = ["plain", 'say "hi", twice', '{"a": "b \\"c\\" \\n d", "e": []}', "one\ntwo", "C:\\dir\\", "a\tb", "é 漢"]
ROWS = [[f"2026-03-04 05:06:0{at}", f"u{at % 2}", text, str(at)] for at, text in enumerate(TEXTS)]


def rfc(rows: list[list[str]], separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode()


def spark(rows: list[list[str]]) -> bytes:
    """As Spark's default writes it: a backslash before a quotation mark, and before one that stands before that."""
    import re

    def field(text: str) -> str:
        marked = re.sub(r'(\\*)"', lambda run: run[1] * 2 + '\\"', text)
        return '"' + re.sub(r"(\\+)$", lambda run: run[1] * 2, marked) + '"'

    return "".join(",".join(map(field, row)) + "\n" for row in rows).encode()


def mysql(rows: list[list[str]], separator: str = ",", mark: str = '"') -> bytes:
    """As SELECT ... INTO OUTFILE writes it: a backslash before every special character."""

    def field(text: str) -> str:
        special = ("\\", "\n", mark or separator)
        return mark + "".join(f"\\{char}" if char in special else char for char in text) + mark

    return "".join(separator.join(map(field, row)) + "\n" for row in rows).encode()


def letters(rows: list[list[str]]) -> bytes:
    """As COPY of Postgres writes text."""

    def field(text: str) -> str:
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

    return "".join("\t".join(map(field, row)) + "\n" for row in rows).encode()


FORMS: dict[str, bytes] = {
    "rfc": rfc([NAMES, *ROWS]),
    "semicolons": rfc([NAMES, *ROWS], ";"),
    "tabs": rfc([NAMES, *ROWS], "\t"),
    "bom": b"\xef\xbb\xbf" + rfc([NAMES, *ROWS], ";"),
    "sep line": b"sep=;\r\n" + rfc([NAMES, *ROWS], ";"),
    "quoted sep line": b'\xef\xbb\xbf"sep=|"\n' + rfc([NAMES, *ROWS], "|"),
    "spark": spark([NAMES, *ROWS]),
    "spark, bare header": b"created_at,user_id,prompt,input_tokens\n" + spark(ROWS),
    "mysql": mysql([NAMES, *ROWS]),
    "redshift": mysql([NAMES, *ROWS], "|", ""),
    "prompts last": mysql([row[:2] + row[3:] + row[2:3] for row in (NAMES, *ROWS)], "\t", ""),
    "postgres": letters([NAMES, *ROWS]),
    "decimal commas": rfc([NAMES, *([*row[:3], f"{row[3]},0"] for row in ROWS)], ";"),
}


def summary(found: Outcome) -> list[tuple[Any, ...]]:
    return found.frame.select("account_id", "prompt", "input_tokens").rows()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_dialect_is_the_same_log(form: str, packed: bool, tmp_path: Path) -> None:
    content = gzip.compress(FORMS[form]) if packed else FORMS[form]
    found = read_bytes(tmp_path, "a.csv.gz" if packed else "a.csv", content)
    assert summary(found) == [(row[1], row[2], int(row[3])) for row in ROWS]
    assert (found.rejects, found.unread) == ([], ())


def test_what_is_escaped_with_backslashes_is_said(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "a.csv", FORMS["spark"])
    assert "quotation marks are escaped with backslashes, and read so" in found.notes[0]


def test_the_sign_of_cloud_sql_for_null_is_nothing(tmp_path: Path) -> None:
    rows = [f'"2026-03-04 05:06:0{at}","u{at}",{text},"{at}"\n' for at, text in enumerate(['"N', '"x ""N"', '"N'])]
    found = read_bytes(tmp_path, "a.csv", "".join([",".join(NAMES) + "\n", *rows]).encode())
    assert summary(found) == [("u0", None, 0), ("u1", 'x "N', 1), ("u2", None, 2)]
    plain = read_bytes(tmp_path, "b.csv", f'{",".join(NAMES)}\n2026-03-04,u,"N,5",1\n'.encode())
    assert summary(plain) == [("u", "N,5", 1)]


@pytest.mark.parametrize("form", ["rfc", "semicolons", "spark", "mysql", "redshift", "postgres"])
def test_a_file_without_a_header_is_told_and_its_columns_can_be_named(form: str, tmp_path: Path) -> None:
    first = next(line for line in FORMS[form].splitlines(keepends=True))
    content = FORMS[form].removeprefix(first)
    with pytest.raises(InputError) as caught:
        read_bytes(tmp_path, "a.csv", content)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "a.csv has no header: its first line holds values, not names. Name its 4 columns in their order with "
        "--columns, as in --columns timestamp,account_id,prompt"
    )
    named = read_bytes(tmp_path, "a.csv", content, ReadOptions(columns=tuple(NAMES)))
    assert summary(named) == [(row[1], row[2], int(row[3])) for row in ROWS]
    some = read_bytes(tmp_path, "a.csv", content, ReadOptions(columns=("timestamp", "account_id", "", "")))
    assert some.columns == {"timestamp", "account_id"}
    with pytest.raises(InputError, match="has 4 columns and no header, but --columns has 2 names"):
        read_bytes(tmp_path, "a.csv", content, ReadOptions(columns=("a", "b")))


def test_names_are_for_files_without_a_header_only(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes(b"timestamp,account_id,prompt\n2026-01-01,a,p\n")
    (tmp_path / "2.csv").write_bytes(b"b,q,2026-01-02\n")
    found = read_all([tmp_path], ReadOptions(columns=("account_id", "prompt", "timestamp")))
    assert (found.values("account_id"), found.values("prompt")) == (["a", "b"], ["p", "q"])


@pytest.mark.parametrize(
    ("names", "is_header"),
    [
        (["timestamp", "account_id", "prompt"], True),
        (["@timestamp", "@message"], True),
        (["", "Time", "User", "Cost (USD)", "Tokens 2026"], True),
        (["id", "day", "2026-01-01", "user", "model"], True),
        (["2026-01-01T00:00:00Z", "acct-1", "hello"], False),
        (["acct-1", "192.0.2.1", "hello"], False),
        (["acct-1", "2001:db8::1", "hello"], False),
        (["01.07.2026 03:00", "acct"], False),
        (["1", "acct", "hello"], False),
        (["acct", json.dumps({"role": "user"})], False),
        (["acct", "Tell me how the kettle hums."], False),
        (["jo@example.com", "hello"], False),
        (["acct", "0f8fad5b-d9cb-469f-a165-70867728950e"], False),
    ],
)
def test_what_a_header_is(names: list[str], is_header: bool) -> None:
    assert looks_like_header(names) == is_header


def test_a_long_first_record_without_a_header() -> None:
    head = f'2026-01-01,a,"{"x" * 300_000}"\n'.encode()
    assert read_dialect(head, "a", ["timestamp", "account_id", "prompt"]).style == "rfc"


SECRETS = ("acct-secret", "Compare two views", "gpt-4o-mini", "203.0.113")
HEADERLESS = {
    "times": b'2026-01-01T00:00:00Z,acct-secret,203.0.113.1,gpt-4o-mini,"Compare two views on moss"\n' * 3,
    "no times": b"acct-secret,gpt-4o-mini,Compare two views\n" * 3,
    "twice": b"2026-01-01T00:00:00Z,acct-secret,acct-secret,acct-secret\n" * 3,
    "vllm": b"INFO 01-02 03:04:05 logger.py:39] Received request acct-secret: prompt: 'Compare two views', x, y\n" * 3,
    "numbers": b"192.0.2.1,0,203.0.113.9,1\n" * 3,
    "cri": b"2026-01-01T00:00:00Z stdout F acct-secret, gpt-4o-mini, Compare two views\n" * 3,
    "cloudwatch": b"2026-01-01T00:00:00.000Z acct-secret, gpt-4o-mini, Compare two views\n" * 3,
}


@pytest.mark.parametrize("suffix", [".csv", ".log", ""])
@pytest.mark.parametrize(
    "more", [{}, {"mapping": {"account_id": "acct"}}, {"columns": ("timestamp", "account_id")}, {"joins": ("good",)}]
)
@pytest.mark.parametrize("name", HEADERLESS)
def test_in_private_mode_no_message_quotes_a_cell(name: str, more: Any, suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"log{suffix}").write_bytes(HEADERLESS[name])
    (tmp_path / "good.ndjson").write_bytes(b'{"timestamp": "2026-01-01", "account_id": "a", "request_id": "r"}\n')
    if "joins" in more:
        more = {"joins": (str(tmp_path / "good.ndjson"),)}
    said: list[str] = []
    for paths in ([f"log{suffix}"], [f"log{suffix}", "good.ndjson"]):
        try:
            found = read_all([tmp_path / one for one in paths], ReadOptions(private=True, keep_rejects=False, **more))
        except DistillscanError as error:
            said.append(str(error))
        else:
            said += [*found.notes, *found.unread]
    assert not [text for text in said for secret in SECRETS if secret in text]
    assert said


@pytest.mark.parametrize("name", ["times", "no times"])
def test_nor_does_the_report_of_a_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes(HEADERLESS[name])
    (tmp_path / "2.ndjson").write_bytes(b'{"timestamp": "2026-01-01", "account_id": "a"}\n')
    arguments = ["analyze", str(tmp_path), "--no-prompts", "--format", "json", "--verbose"]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 0
    assert not [secret for secret in SECRETS if secret in found.output]


def test_columns_are_named_on_the_command_line_and_verified_with(tmp_path: Path) -> None:
    log, report = tmp_path / "log.csv", tmp_path / "report.json"
    log.write_bytes(b"x,2026-01-01T00:00:00Z,u1\nx,2026-01-02T00:00:00Z,u2\n")
    arguments = ["analyze", str(log), "--columns", ",timestamp,account_id", "--format", "json", "--output", str(report)]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    found = json.loads(report.read_text())
    assert (found["population"]["accounts"], found["parameters"]["options"]["columns"]) == (
        2,
        ["", "timestamp", "account_id"],
    )
    assert CliRunner().invoke(cli, ["verify", str(report), str(log)]).exit_code == 0


def test_names_that_do_not_look_like_names_are_counted(tmp_path: Path) -> None:
    content = b"user_key,Wie geht es dir denn heute,day\na,b,c\n"
    with pytest.raises(InputError, match=r"Columns found: user_key, day and 1 more\. Say"):
        read_bytes(tmp_path, "a.csv", content)
    with pytest.raises(InputError, match=r"Columns found: 3 more\. None"):
        read_bytes(tmp_path, "a.csv", content.replace(b"day", b"days"), ReadOptions(private=True))


def test_a_broken_record_over_several_lines_is_one_reject(tmp_path: Path) -> None:
    bad = 'u1,"say "so", then\nmore, and\nmore"'
    lines_ = [f"2026-03-04 05:06:0{at},u0,fine" if at % 2 else f"2026-03-04 05:06:0{at},{bad}" for at in range(6)]
    content = "\n".join(["created_at,user_id,prompt", *lines_, "nonsense", "nonsense", ""]).encode()
    found = read_bytes(tmp_path, "a.csv", content, ReadOptions(keep_rejects=True))
    assert found.values("account_id") == ["u0"] * 3
    assert [row for row, _ in found.reasons] == [0, 4, 8, 12, 13]
    assert json.loads(found.rejects[0][3]) == f"2026-03-04 05:06:00,{bad}"


def test_commas_between_thousands_and_before_fractions(tmp_path: Path) -> None:
    content = b"timestamp;account_id;input_tokens\n2026-01-01;a;1,234\n2026-01-01;a;12,0\n2026-01-01;a;1,234,567.0\n"
    assert read_bytes(tmp_path, "a.csv", content).values("input_tokens") == [1234, 12, 1234567]
    quoted = content.replace(b";", b"|").replace(b"|1,234\n", b'|"1,234"\n').replace(b"12,0", b"12").replace(b"|", b",")
    assert read_bytes(tmp_path, "b.csv", quoted.replace(b"1,234,567.0", b"5")).values("input_tokens") == [1234, 12, 5]
