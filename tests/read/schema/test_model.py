"""The TOML of a schema: what it may say, and that every mistake in it is named before a log is read."""

from pathlib import Path

import pytest

from distillscan.errors import UsageError
from distillscan.read.schema.model import (
    Body,
    Column,
    Keep,
    Recognise,
    Refuse,
    Rows,
    Schema,
    load_schema,
    parse_schema,
    preset_text,
    presets,
)

LEAST = 'name = "mine"\nsummary = "a log"\n[columns]\ntimestamp = "ts"\naccount_id = "user.id"\n'
ALL = """
name = "mine"
summary = "a log"
kind = "join"
records = ["Records"]
attributes = true
lines = '^(?P<ip>\\S+) (?P<user>.*)$'
prefixes = ["", "in."]
hint = "look again"
totals = "sums by day"

[recognise]
all = ["a", ["f", "g"]]
any = ["b", "c.d"]
none = "e"

[columns]
timestamp = { from = "ts", unit = "ms", pattern = '(\\d+)', ignore = "0" }
account_created_at = { from = "born", format = "%d.%m.%Y" }
account_id = ["user", "key"]

[body]
request = "body"
system = "sys"
response = "answer"
turns = "last"

[[keep]]
from = "type"
values = ["a", "b"]
why = "no request"

[[refuse]]
from = "body"
pattern = "^x"
message = "decrypt it"

[newest]
key = "id"
order = "updated"

[parts]
key = "id"
order = "part"

[join]
key = "trace"
"""


def test_everything_a_schema_can_say() -> None:
    schema = parse_schema(ALL, "mine.toml")
    assert schema == Schema(
        name="mine",
        summary="a log",
        columns={
            "timestamp": Column(("ts", "in.ts"), unit="ms", pattern=r"(\d+)", ignore=("0",)),
            "account_created_at": Column(("born", "in.born"), format="%d.%m.%Y"),
            "account_id": Column(("user", "in.user", "key", "in.key")),
        },
        kind="join",
        recognise=Recognise((("a",), ("f", "g"), ("b", "c.d")), ("e",)),
        body=Body(("body", "in.body"), ("sys", "in.sys"), ("answer", "in.answer"), "last"),
        records=("Records",),
        attributes=True,
        lines=r"^(?P<ip>\S+) (?P<user>.*)$",
        keep=(Keep(("type", "in.type"), ("a", "b"), "no request"),),
        refuse=(Refuse("body", "^x", "decrypt it"),),
        newest=Rows("id", "updated"),
        parts=Rows("id", "part"),
        join_key=("trace",),
        hint="look again",
        totals="sums by day",
    )
    assert schema.paths == (
        *("ts", "in.ts", "born", "in.born", "user", "in.user", "key", "in.key"),
        *("type", "in.type", "body", "id", "updated", "part", "trace"),
        *("in.body", "sys", "in.sys", "answer", "in.answer"),
    )


def test_the_least_a_schema_must_say() -> None:
    assert parse_schema(LEAST, "x") == Schema(
        name="mine", summary="a log", columns={"timestamp": Column(("ts",)), "account_id": Column(("user.id",))}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "schema x is not valid TOML: "),
        ('summary = "a"\n[columns]\ntimestamp = "t"', "schema x: name must be text, and is missing"),
        (LEAST.replace('"a log"', "7"), "schema x: summary must be text, and is 7"),
        (LEAST + "[colums]\n", "schema x: colums is not known; did you mean columns?"),
        ('zzz = 1\n' + LEAST, "schema x: zzz is not known; known are attributes, body, columns, hint, join, keep,"),
        (LEAST + "acount_id = 'x'", "schema x: columns.acount_id is no canonical column; did you mean account_id?"),
        (LEAST + "zz = 'x'", "schema x: columns.zz is no canonical column; the columns are timestamp, account_id,"),
        (LEAST + "ip = 7", "schema x: columns.ip.from must be text or a list of texts, and is 7"),
        (LEAST + "ip = []", "schema x: columns.ip.from is missing: say which column or path"),
        (LEAST + "ip = 'a..b'", "schema x: columns.ip.from holds a path that cannot be used: 'a..b': a step is empty"),
        (LEAST + "ip = {from = 'a', form = 'b'}", "schema x: columns.ip.form is not known; did you mean format?"),
        (LEAST + "ip = {from = 'a', unit = 's'}", "columns.ip is no time: unit and format are for times only"),
        (
            LEAST.replace('"ts"', "{from = 'ts', unit = 'm'}"),
            "schema x: columns.timestamp.unit must be one of s, ms, us, ns, and is 'm'",
        ),
        (
            LEAST + "ip = {from = 'a', pattern = '(?=a)'}",
            "schema x: columns.ip.pattern is no regular expression that can be used: error: look-around",
        ),
        (LEAST + "ip = {from = 'a', pattern = 'a'}", "ip.pattern must have 1 group(s) in round brackets, and has 0"),
        ('columns = "x"\nname = "m"\nsummary = "s"', "schema x: columns must be a table, and is 'x'"),
        ('name = "m"\nsummary = "s"\n[columns]\n', "schema x: columns is empty: say at least where timestamp and"),
        ('attributes = "yes"\n' + LEAST, "schema x: attributes must be true or false, and is 'yes'"),
        ('kind = "side"\n' + LEAST, "schema x: kind must be one of log, join, and is 'side'"),
        ('keep = "x"\n' + LEAST, "schema x: keep must be written in double brackets, once or more, and is 'x'"),
        (LEAST + "[[keep]]\nfrom = 'a'\n", "schema x: keep.why must be text, and is missing"),
        (LEAST + "[[keep]]\nfrom = 'a'\nwhy = 'b'\nvalue = 'c'\n", "keep.value is not known; did you mean values?"),
        (LEAST + "[[refuse]]\nfrom = 'a'\npattern = '('\nmessage = 'm'", "schema x: refuse.pattern is no regular"),
        (LEAST + "[newest]\nkey = 'a'\n", "schema x: newest.order must be text, and is missing"),
        (LEAST + "[body]\nrequests = 'a'\n", "schema x: body.requests is not known; did you mean request?"),
    ],
)  # fmt: skip
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_schema(text, "x")
    assert message in str(caught.value)


def test_a_schema_by_name_or_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(LEAST)
    assert load_schema(str(path)).name == "mine"
    assert load_schema("bedrock") is presets()["bedrock"]
    assert all(preset_text(name).startswith("# ") and schema.name == name for name, schema in presets().items())


def test_schemas_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--schema litelm: there is no such schema; did you mean litellm\?"):
        load_schema("litelm")
    with pytest.raises(
        UsageError, match="--schema zzzz: there is no such schema; the packaged ones are access_log, azure"
    ):
        load_schema("zzzz")
    with pytest.raises(UsageError, match=r"^--schema .*none\.toml: there is no such file$"):
        load_schema(str(tmp_path / "none.toml"))
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# caf\xe9")
    with pytest.raises(UsageError, match=r"latin\.toml: it is not UTF-8 text"):
        load_schema(str(path))
