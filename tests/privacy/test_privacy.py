"""What leaves the tool: pseudonyms where asked for, no words of one account alone, and a list of what was read."""

import csv
import hashlib
import hmac
import io
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cli import cli
from distillscan.columns import CANONICAL, READABLE
from distillscan.errors import UsageError
from distillscan.options import AnalyzeOptions
from distillscan.pipeline import analyze
from distillscan.population.accounts import Population
from distillscan.privacy.disclosure import NOTHING, USES, column_uses
from distillscan.privacy.pseudonyms import COLUMNS, PREFIXES, Pseudonyms, read_key
from distillscan.privacy.redaction import REDACTED, redact, redact_texts
from distillscan.profile import Profile, merge, profile_batch
from distillscan.profile.tables import KINDS
from distillscan.report.views import FORMATS
from tests.support import planted
from tests.support.handmade import at, canonical
from tests.support.hostile import HOSTILE, is_harmless
from tests.support.places import DOCS, SAMPLES

KEY = "0123456789abcdef0123456789abcdef"
PSEUDONYMS = Pseudonyms(KEY.encode())
#: What each original of the log below has in it, and nothing else does.
MARK = "Zq7"


def marked_log() -> pl.DataFrame:
    """The planted log; every identity in it holds ``MARK``, and the campaign's wording repeats some of them."""
    frame = planted.log().drop("source", "row")
    number = pl.col("account_id").str.extract(r"(\d+)$").cast(pl.Int64)
    mine = pl.col("account_id").str.starts_with("camp")

    def named(what: str, few: int) -> pl.Expr:
        which = pl.when(mine).then(number % few).otherwise(number + 1000)
        return pl.format("{}{}{}", pl.lit(what), pl.lit(MARK), which)

    said = f" write to boss@{MARK}mail1.example or device-{MARK}1 please, from 192.0.3.4 and user {MARK}home-7 always"
    return frame.with_columns(
        org_id=named("org-", 3),
        device_id=named("device-", 5),
        api_key_id=named("sk-", 6),
        session_id=named("session-", 40),
        email_domain=pl.format("{}mail{}.example", pl.lit(MARK), number % 7),
        payment_id=named("card-", 8),
        user_agent=pl.when(mine).then(pl.lit(f"bot/1.0 (+mailto:ops@{MARK}agent.example)")).otherwise("user_agent"),
        model=pl.when(mine).then(pl.lit(f"ft:base:org-{MARK}1:x")).otherwise("model"),
        prompt=pl.when(mine).then(pl.col("prompt") + pl.lit(said)).otherwise("prompt"),
        account_id=pl.format("{}{}-{}", pl.lit(MARK), pl.col("account_id").str.head(4), number),
    )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="distillscan")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose path tells a session, two rows of it broken, and a key."""
    folder = tmp_path_factory.mktemp("private")
    part = folder / "logs" / f"session_id=session-{MARK}1"
    part.mkdir(parents=True)
    marked_log().drop("session_id").write_parquet(part / "log.parquet")
    broken = {"timestamp": "never", "account_id": f"{MARK}camp-1", "ip": "192.0.2.77", "prompt": f"{MARK} secret words"}
    (part / f"{MARK}camp-1.ndjson").write_text(
        json.dumps(broken) + "\n" + json.dumps({**broken, "ip": None})[:-9] + "\n"
    )
    (folder / "key").write_text(KEY + "\n")
    (folder / "key").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def saved(folder: Path) -> Path:
    """The report of that log under the key."""
    report, rejects = folder / "report.json", folder / "rejects.ndjson"
    stats = folder / "stats.json"
    outputs = ("-o", str(report), "--rejects", str(rejects), "--stats", str(stats))
    done = run("analyze", str(folder / "logs"), "--pseudonymize", str(folder / "key"), *outputs, "-v")
    assert (done.exit_code, done.stdout) == (0, "")
    assert MARK.lower() not in done.stderr.lower()
    return report


class TestPseudonymize:
    def test_no_original_is_in_any_output(self, folder: Path, saved: Path) -> None:
        shown = [run("render", str(saved), "-f", form, "-v").stdout for form in FORMATS]
        shown += [(folder / name).read_text() for name in ("report.json", "rejects.ndjson", "stats.json")]
        for text in shown:
            assert text
            assert MARK.lower() not in text.lower()
            assert "192.0." not in text
            assert "198.51.100.7" not in text
            assert "secret words" not in text

    def test_what_is_found_is_what_is_found_without(self, folder: Path, saved: Path) -> None:
        plain = analyze(folder / "logs").result
        report = json.loads(saved.read_text())
        first, hidden = plain.clusters[0], report["clusters"][0]
        assert hidden["account_ids"] == sorted(PSEUDONYMS.of("account", name) for name in first.account_ids)
        assert hidden["score"] == first.score
        assert hidden["weights"] == [{"axis": w.axis, "label": w.label, "bits": w.bits} for w in first.weights]
        for kind in ("payment", "device", "ip", "ip_prefix", "email_domain"):
            expected = [
                {**row, "value": PSEUDONYMS.of(kind, row["value"])} for row in first.infrastructure[kind]["top"]
            ]
            assert hidden["infrastructure"][kind]["top"] == expected
        assert [d["status"] for d in report["detectors"]] == [d.status for d in plain.detectors]

    def test_text_beside_the_originals_stays(self, saved: Path) -> None:
        first = json.loads(saved.read_text())["clusters"][0]
        assert first["infrastructure"]["user_agent"]["top"][0]["value"] == "bot/1.0 (+mailto:{...})"
        assert first["capabilities"]["models"][0]["model"] == "ft:base:{...}:x"
        (shown,) = {t["skeleton"] for t in first["templates"]}
        assert "Think aloud in full before you answer" in shown
        assert "write to {...} or {...} please, from" in shown

    def test_the_report_says_how_it_was_made(self, saved: Path) -> None:
        report = json.loads(saved.read_text())
        key_id = hmac.new(KEY.encode(), b"key id\0", hashlib.sha256).hexdigest()[:16]
        assert report["parameters"]["options"]["pseudonymized"] == {"method": "HMAC-SHA-256", "key_id": key_id}
        assert f"identities are pseudonyms (HMAC-SHA-256, key {key_id})" in report["limitations"]
        assert KEY not in saved.read_text()
        assert "0123456789abcdef" not in saved.read_text()

    def test_paths_keep_their_names_but_not_what_they_tell(self, saved: Path) -> None:
        names = [one["path"].rpartition("/logs/")[2] for one in json.loads(saved.read_text())["inputs"]]
        assert names == ["session_id={...}/{...}.ndjson", "session_id={...}/log.parquet"]

    def test_rejected_rows_are_listed_without_what_is_in_them(self, saved: Path) -> None:
        lines = [json.loads(line) for line in saved.with_name("rejects.ndjson").read_text().splitlines()]
        assert [(line["row"], line["reason"], line["record"]) for line in lines] == [
            (0, "timestamp not understood", None),
            (1, "malformed record", None),
        ]

    def test_a_cluster_is_not_named_after_the_hash_of_an_address(self) -> None:
        name = "payment-0123456789+email-domain-00000000ff+template-0123456789+system-template-aaaaaaaaaa"
        first, second, *rest = PSEUDONYMS.cluster_id(name).split("+")
        assert rest == ["template-0123456789", "system-template-aaaaaaaaaa"]
        assert re.fullmatch(r"payment-(?!0123456789)[0-9a-f]{10}", first)
        assert re.fullmatch(r"email-domain-(?!00000000ff)[0-9a-f]{10}", second)
        assert PSEUDONYMS.cluster_id(name) == Pseudonyms(KEY.encode()).cluster_id(name)
        assert PSEUDONYMS.cluster_id(name) != Pseudonyms(KEY.encode()[::-1]).cluster_id(name)

    def test_detectors_see_no_name(self) -> None:
        shown = redact(profile_of(marked_log()), PSEUDONYMS).profile
        population = Population(shown)
        for kind in PREFIXES:
            values = population.values(kind, population.links(kind)["entity"].to_list()[:50])
            assert kind == "account" or values
            assert not [v for v in values if MARK in v or "." in v]
        assert not shown.accounts["account_id"].str.contains(MARK).any()
        assert shown.accounts["account_id"].str.contains("^acct_[0-9a-f]{20}$").all()

    def test_only_names_change(self) -> None:
        profile = profile_of(marked_log())
        shown = redact(profile, PSEUDONYMS).profile
        for table in fields(Profile):
            before, after = getattr(profile, table.name), getattr(shown, table.name)
            if isinstance(before, pl.DataFrame):
                text = [name for name in ("account_id", "value", "name") if name in before.columns]
                assert after.drop(text).equals(before.drop(text)), table.name
                assert after.schema == before.schema
        assert redact(profile, None).profile is profile


def profile_of(frame: pl.DataFrame) -> Profile:
    rows = frame.with_columns(
        pl.lit(0, pl.UInt32).alias("source"), pl.int_range(pl.len(), dtype=pl.UInt64).alias("row")
    )
    return merge([profile_batch(rows)])


class TestPseudonyms:
    def test_a_pseudonym_is_a_keyed_hash_of_kind_and_value(self) -> None:
        expected = hmac.new(KEY.encode(), b"payment\0card-1", hashlib.sha256).hexdigest()[:20]
        assert PSEUDONYMS.of("payment", "card-1") == f"pay_{expected}"
        assert PSEUDONYMS.of("device", "card-1").removeprefix("dev_") != expected
        assert PSEUDONYMS.column("org", pl.Series("x", ["a", None])).to_list() == [PSEUDONYMS.of("org", "a"), None]

    def test_the_key_is_shown_nowhere(self) -> None:
        assert "0123456789" not in repr(PSEUDONYMS) + repr(AnalyzeOptions(pseudonyms=PSEUDONYMS)) + PSEUDONYMS.key_id

    def test_every_hidden_kind_is_a_kind_and_every_hidden_column_a_column(self) -> None:
        assert set(PREFIXES) - {"account"} <= set(KINDS)
        assert set(COLUMNS) <= set(CANONICAL)
        assert set(COLUMNS.values()) == set(PREFIXES) - {"ip_prefix"}
        assert len(set(PREFIXES.values())) == len(PREFIXES)


class TestKeyFile:
    def test_white_space_at_the_ends_is_no_part_of_it(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_bytes(b"  " + KEY.encode() + b"\r\n")
        file.chmod(0o640)
        assert read_key(file) == (PSEUDONYMS, ())

    def test_a_key_that_everybody_can_read_is_said(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text(KEY)
        file.chmod(0o644)
        warning = f"{file} can be read by everybody on this machine: chmod 600 {file}"
        assert read_key(file)[1] == (warning,)
        log = tmp_path / "log.csv"
        log.write_text("timestamp,account_id\n2026-04-01T00:00:00Z,a\n")
        done = run("analyze", str(log), "-f", "json", "--pseudonymize", str(file))
        assert done.stderr.splitlines()[0] == f"warning: {warning}"
        assert run("analyze", str(log), "-f", "json", "--pseudonymize", str(file), "-q").stderr == ""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "there is no such file; make a key with  (umask 077; openssl rand -hex 32 > "),
            (b"", "the file is empty; make a key in another file"),
            (b" \n", "the file is empty; make a key"),
            (b"short", "5 bytes, 16 is the least; make a key"),
            (b"x" * 15 + b"\n", "15 bytes, 16 is the least"),
            (b"x" * 5000, "more than 4096 bytes are no key"),
        ],
    )
    def test_what_is_no_key_is_refused(self, tmp_path: Path, content: bytes | None, said: str) -> None:
        file = tmp_path / "key"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            read_key(file)
        assert str(caught.value).startswith(f"--pseudonymize {file}: {said}")
        done = run("analyze", "log.parquet", "--pseudonymize", str(file))
        assert (done.exit_code, done.stdout) == (2, "")

    def test_a_folder_is_no_key(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r": it is a folder; name a file in it$"):
            read_key(tmp_path)

    def test_a_short_key_is_refused_in_code_as_well(self) -> None:
        with pytest.raises(UsageError, match="the key has 15 bytes, 16 is the least"):
            Pseudonyms(b"x" * 15)

    def test_the_key_is_not_written_over(self, folder: Path) -> None:
        done = run("analyze", str(folder / "logs"), "--pseudonymize", str(folder / "key"), "-o", str(folder / "key"))
        assert done.exit_code == 2
        assert done.stderr == f"error: --output {folder / 'key'} is also an input: choose another file\n"
        assert (folder / "key").read_text() == KEY + "\n"


class TestBlot:
    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("ask bob.x+y@acme.example now", "ask {...} now"),
            ("from 10.0.0.9, (192.0.2.1) http://192.0.2.1/x", "from {...}, ({...}) http://{...}/x"),
            ("Chrome/120.0.0.0 version 1.2.3", "Chrome/120.0.0.0 version 1.2.3"),
            ("2001:db8::1 and fe80::1%eth0 and 1:2:3:4:5:6:7:8", "{...} and {...}%eth0 and {...}"),
            ("std::vector at 12:30:45", "std::vector at 12:30:45"),
            ("user ACCT-12345's and xacct-12345y", "user {...}'s and x{...}y"),
            ("acct-123456", "{...}"),
            ("Jürgen-Müller-GmbH pays", "{...} pays"),
            ("shorter: ab", "shorter: ab"),
            ("", ""),
        ],
    )
    def test_what_tells_who_it_is_goes(self, text: str, left: str) -> None:
        originals = pl.Series("value", ["acct-12345", "acct-123456", "Jürgen-Müller-GmbH"])
        assert redact_texts(pl.Series("t", [text, None]), originals).to_list() == [left, None]

    @given(
        st.lists(st.text(st.sampled_from("abAB1-ß."), min_size=6, max_size=9), max_size=6),
        st.lists(st.text(st.sampled_from("abAB1-ß. "), max_size=30), max_size=4),
    )
    def test_no_original_is_left(self, originals: list[str], texts: list[str]) -> None:
        mixed = [*texts, *(a + b for a, b in zip(texts, originals, strict=False)), *originals]
        found = redact_texts(pl.Series("t", mixed, pl.String), pl.Series("value", originals, pl.String)).to_list()
        assert len(found) == len(mixed)
        assert not [(o, t) for o in originals for t in found if o in t]
        untouched = redact_texts(pl.Series("t", texts, pl.String), pl.Series("value", [], pl.String)).to_list()
        assert [t for t in untouched if REDACTED in t] == []


class TestNoPrompts:
    def test_no_words_of_prompts_are_shown(self, tmp_path: Path) -> None:
        log, rejects = tmp_path / "log.ndjson", tmp_path / "rejects.ndjson"
        rows = [json.dumps({**row, "timestamp": str(row["timestamp"])}, default=str) for row in marked_log().to_dicts()]
        log.write_text(
            "\n".join([*rows, json.dumps({"account_id": "a", "prompt": "Think aloud about me"}), '{"prompt": "Thi'])
        )
        shown = []
        for form in FORMATS:
            done = run("analyze", str(log), "--no-prompts", "-f", form, "-v", "--rejects", str(rejects))
            assert done.exit_code == 0, done.stderr
            shown += [done.stdout, done.stderr, rejects.read_text()]
        whole = "".join(shown).lower()
        assert "no words of prompts are shown (--no-prompts)" in whole
        for word in ("think aloud", "graded summary", "number every", "boss@"):
            assert word not in whole
        assert "2 accounts" not in shown[0]
        assert MARK.lower() in whole  # identities are another matter

    def test_a_saved_report_can_be_shown_without_them(self, saved: Path) -> None:
        assert "Think aloud" in run("render", str(saved), "-v").stdout
        done = run("render", str(saved), "-v", "--no-prompts")
        assert done.exit_code == 0
        assert "Think aloud" not in done.stdout
        assert "{...}" in done.stdout


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted log as it is."""
    path = tmp_path_factory.mktemp("shared") / "log.parquet"
    planted.log().drop("source", "row").write_parquet(path)
    return path


class TestSharedBy:
    """A skeleton shows what enough accounts say, and no word of fewer."""

    def skeletons(self, path: Path, **settings: str) -> set[str]:
        options = AnalyzeOptions(settings={f"privacy.{name}": value for name, value in settings.items()})
        result = analyze(path, options).result
        assert result.parameters["privacy"] == {"shared_by": int(settings.get("shared_by", "5"))}
        return {t.skeleton for t in result.clusters[0].templates}

    @pytest.mark.parametrize("shared_by", ["2", "5", "12", "40"])
    def test_enough_texts_are_compared_whatever_the_number(self, log: Path, shared_by: str) -> None:
        assert {f"{REDACTED} {planted.SKELETON}"} <= self.skeletons(log, shared_by=shared_by)

    def test_more_than_the_cluster_has_shows_nothing(self, log: Path) -> None:
        assert self.skeletons(log, shared_by="51") == {REDACTED}

    @pytest.mark.parametrize("value", ["1", "0", "-3"])
    def test_fewer_than_two_is_one_customers_own_words(self, log: Path, value: str) -> None:
        with pytest.raises(UsageError, match=rf"--set privacy.shared_by={value}: 2 is the least"):
            self.skeletons(log, shared_by=value)

    def test_a_word_that_one_account_uses_is_in_no_output(self, tmp_path: Path) -> None:
        frame = planted.log().drop("source", "row")
        letters = pl.col("account_id").str.replace_many(list("0123456789"), list("abcdefghij"))
        prompts = pl.format("{} own{}own {}", pl.col("prompt"), letters, pl.col("prompt"))
        path = tmp_path / "log.parquet"
        frame.with_columns(prompt=prompts).write_parquet(path)
        for form in FORMATS:
            done = run("analyze", str(path), "-f", form, "-v")
            assert done.exit_code == 0
            assert not re.search(r"own\S+own", done.stdout)
        assert planted.SKELETON.split(".")[0] in run("analyze", str(path), "-f", "json").stdout


class TestColumns:
    def test_every_column_has_its_use(self) -> None:
        assert list(USES) == list(READABLE)

    @pytest.mark.parametrize("name", [name for name in CANONICAL if name not in ("timestamp", "account_id")])
    def test_a_column_is_used_if_and_only_if_the_profile_depends_on_it(self, name: str) -> None:
        assert depends(name) == (USES[name][0] != NOTHING)
        assert (USES[name][1] == "nothing") == (USES[name][0] == NOTHING)

    def test_the_report_lists_what_was_read_and_what_it_shows(self, saved: Path) -> None:
        columns = {c["name"]: c["shown"] for c in json.loads(saved.read_text())["columns"]}
        assert columns["account_id"] == columns["ip"] == columns["payment_id"] == "pseudonyms"
        assert columns["org_id"] == "counts"
        assert columns["user_agent"] == "values"
        assert columns["prompt"] == "shared words"
        assert "response" not in columns
        plain = {c.name: c.shown for c in column_uses(set(READABLE), pseudonyms=False, prompts=False)}
        assert list(plain) == list(READABLE)
        assert (plain["ip"], plain["prompt"], plain["response"]) == ("values", "counts", "counts")

    def test_the_page_on_privacy_lists_the_same(self) -> None:
        text = (DOCS / "privacy.md").read_text()
        for name, (used_for, shown) in USES.items():
            pseudonyms = " (pseudonyms)" if shown == "values" and name in COLUMNS else ""
            assert f"| `{name}` | {used_for} | {shown}{pseudonyms} |\n" in text

    def test_people_see_it_when_they_ask(self, saved: Path) -> None:
        assert "What was read" not in run("render", str(saved)).stdout
        assert "What was read" in run("render", str(saved), "-v").stdout
        assert "## What was read" in run("render", str(saved), "-f", "markdown").stdout


def depends(name: str) -> bool:
    """Whether a profile is another one without the column."""
    whole, without = (profile_batch(frame) for frame in (every_column(), every_column().drop(name)))
    for table in fields(Profile):
        one, other = getattr(whole, table.name), getattr(without, table.name)
        if isinstance(one, pl.DataFrame):
            key = [c for c, dtype in one.schema.items() if not isinstance(dtype, pl.List)]
            if not one.select(key).sort(key).equals(other.select(key).sort(key)):
                return True
    return False


def every_column() -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for k in range(12):
        row: dict[str, Any] = {}
        for name, dtype in CANONICAL.items():
            if isinstance(dtype, pl.Datetime):
                row[name] = at(k)
            else:
                row[name] = k + 3 if dtype == pl.Int64 else f"{name} value one two three {k}"
        row["response"] = f"response number {k}: what the model said is a line of some length"
        rows.append({**row, "stop_reason": "refusal", "status_code": [200, 401, 429, 500][k % 4]})
    return canonical(rows)


class TestPseudonymizeTables:
    @pytest.fixture
    def key(self, tmp_path: Path) -> Path:
        file = tmp_path / "key"
        file.write_text(KEY)
        file.chmod(0o600)
        return file

    def test_columns_are_named_as_the_report_names_them(self, tmp_path: Path, key: Path) -> None:
        table = tmp_path / "t.csv"
        table.write_text("account_id,ip,email_domain,note\na-1,2001:DB8:0:1:2::9,Bob@ACME.example,=1+1\n,10.0.0.9,,x\n")
        done = run("pseudonymize", str(table), str(key))
        host = PSEUDONYMS.of("ip", "2001:db8:0:1::/64")
        account, domain = PSEUDONYMS.of("account", "a-1"), PSEUDONYMS.of("email_domain", "acme.example")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            "account_id,ip,email_domain,note",
            f"{account},{host},{domain},'=1+1",
            f",{PSEUDONYMS.of('ip', '10.0.0.9')},,x",
        ]
        kept = run("pseudonymize", str(table), str(key), "--keep", "-o", str(tmp_path / "k.csv"))
        assert (kept.exit_code, kept.output) == (0, "")
        head, first, _ = (tmp_path / "k.csv").read_text().splitlines()
        assert head == "account_id,ip,email_domain,note,account_id_pseudonym,ip_pseudonym,email_domain_pseudonym"
        assert first == f"a-1,2001:DB8:0:1:2::9,Bob@ACME.example,'=1+1,{account},{host},{domain}"

    def test_labels_fit_a_report_with_pseudonyms(self, tmp_path: Path, key: Path) -> None:
        samples = SAMPLES
        log, report, fitting = samples / "small.csv", tmp_path / "report.json", tmp_path / "fitting.csv"
        assert run("analyze", str(log), "--pseudonymize", str(key), "-o", str(report)).exit_code == 0
        labels = samples / "small.labels.csv"
        assert run("pseudonymize", str(labels), str(key), "-o", str(fitting)).exit_code == 0
        plain = tmp_path / "plain.json"
        assert run("analyze", str(log), "-o", str(plain)).exit_code == 0
        ours = run("evaluate", str(report), str(fitting), "--json")
        theirs = run("evaluate", str(plain), str(labels), "--json")
        assert ours.exit_code == theirs.exit_code == 0
        unnamed = [
            re.sub(r'"[a-z-]+-[0-9a-f]{10}(\+[a-z0-9+-]+)?"', '"a cluster"', one.stdout) for one in (ours, theirs)
        ]
        assert unnamed[0] == unnamed[1]
        assert run("evaluate", str(report), str(labels), "--json").stdout != ours.stdout

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_tables_stay_harmless(self, tmp_path: Path, key: Path, text: str) -> None:
        table = tmp_path / "t.csv"
        cell = '"' + text.encode("utf-8", "ignore").decode().replace('"', '""') + '"'
        table.write_text(f"account_id,note\n{cell},{cell}\n", encoding="utf-8", newline="")
        done = run("pseudonymize", str(table), str(key), "--keep")
        assert done.exit_code == 0, done.stderr
        assert is_harmless(done.stdout)
        rows = list(csv.reader(io.StringIO(done.stdout)))
        assert len(rows) == 2
        assert not [one for one in rows[1] if one.lstrip().startswith(("=", "+", "-", "@"))]

    def test_what_cannot_be_done_is_said(self, tmp_path: Path, key: Path) -> None:
        table = tmp_path / "t.csv"
        table.write_text("name\nx\n")
        done = run("pseudonymize", str(table), str(key))
        assert done.exit_code == 3
        assert done.stderr.startswith("error: no column to replace: there are name; known are account_id, org_id")
        missing = run("pseudonymize", str(tmp_path / "no.csv"), str(key))
        assert missing.exit_code == 3
        assert missing.stderr.startswith(f"error: {tmp_path / 'no.csv'}: there is no such file")
        (tmp_path / "empty.csv").write_text("")
        empty = run("pseudonymize", str(tmp_path / "empty.csv"), str(key))
        assert empty.exit_code == 3
        assert empty.stderr.startswith(f"error: {tmp_path / 'empty.csv'}: no CSV (")
        over = run("pseudonymize", str(table), str(key), "-o", str(key))
        assert (over.exit_code, over.stderr) == (2, f"error: --output {key} is also an input: choose another file\n")
        key.chmod(0o644)
        table.write_text("account_id\nx\n")
        warned = run("pseudonymize", str(table), str(key))
        assert warned.stderr == f"warning: {key} can be read by everybody on this machine: chmod 600 {key}\n"
