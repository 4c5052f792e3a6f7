"""Small valid logs, mutated and read: what comes is rows or an error that was meant, the same on every run.

Run as a script for many more inputs than the test suite tries:

    python tests/fuzz/fuzzing.py --inputs 20000 --seed 1

Inputs are read in a process of their own, so that a crash or a hang of a decoder is counted, not suffered.
"""

import argparse
import csv
import gzip
import io
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from distillscan.errors import DistillscanError
from distillscan.read import ReadOptions, open_log

SECONDS_PER_INPUT = 20
_ROWS = 40
_START = datetime(2026, 1, 2, tzinfo=UTC)
_PROMPTS = ("one", 'a "quoted" word', "two\nlines", "comma, here", "é 漢 😀", "", '{"role": "user", "content": [1]}')
#: Parts of cells that no message may quote in private mode.
_SECRETS = ("acct-", "192.0.2.", '"quoted"', "comma, here", "漢")
#: What parsers stumble over.
_TOKENS = (
    *(b'"', b'""', b"'", b"\n", b"\r\n", b"\r", b",", b";", b"\t", b"\0", b"\xff", b"\xc3", b"\\", b"\\ud800"),
    *(b"{", b"}", b"[", b"]", b"[" * 300, b'{"a":' * 200, b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"null", b":"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PAR1", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\\u0000"),
)  # fmt: skip


def _records() -> list[dict[str, Any]]:
    return [
        {
            "timestamp": (_START + timedelta(seconds=at)).isoformat(),
            "account_id": f"acct-{at % 7}",
            "ip": f"192.0.2.{at % 5}",
            "input_tokens": at,
            "meta": {"org": {"id": at % 3}, "tags": ["x", str(at)]},
            "prompt": _PROMPTS[at % len(_PROMPTS)],
        }
        for at in range(_ROWS)
    ]


def _parquet(**options: Any) -> bytes:
    records = _records()
    table = pa.table(
        {
            "timestamp": pa.array([_START + timedelta(seconds=at) for at in range(_ROWS)], pa.timestamp("us", "UTC")),
            "account_id": pa.array([one["account_id"] for one in records]).dictionary_encode(),
            "ip": [one["ip"] for one in records],
            "input_tokens": pa.array([one["input_tokens"] for one in records], pa.int32()),
            "meta": [one["meta"] for one in records],
            "prompt": [one["prompt"] or None for one in records],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=15, **options)
    return out.getvalue()


def _csv(separator: str = ",", end: str = "\n") -> bytes:
    flat = [{**one, "meta": json.dumps(one["meta"])} for one in _records()]
    text = pl.DataFrame(flat).write_csv(separator=separator, line_terminator=end)
    return text.encode()


def _fields(mark: str) -> list[list[str]]:
    """The records as lists of text, with what some tools write for nothing."""
    flat = [{**one, "meta": json.dumps(one["meta"])} for one in _records()]
    return [[mark if not text else str(text) for text in one.values()] for one in flat]


def _escaped(separator: str, quote: str, mark: str) -> bytes:
    """CSV in which a backslash stands before what is special, with a header."""

    def field(text: str) -> str:
        special = ("\\", "\n", quote or separator)
        return text if text == mark else quote + "".join(f"\\{c}" if c in special else c for c in text) + quote

    lines = [separator.join(map(field, one)) for one in (list(_records()[0]), *_fields(mark))]
    return "\n".join([*lines, ""]).encode()


def _field_values() -> bytes:
    """CSV with dates of either order, hops and ports, null markers, commas in numbers, and printed messages."""
    clothes = (
        ("1/2/2026 12:0{}", "192.0.2.{}:443", "NULL", "1,23{}"),
        ("1/3/2026, 1:00:0{} AM", "192.0.2.{}, 10.0.0.1", "\\N", "{},5"),
        ("Jan 2, 2026 @ 12:00:0{}.5", "[2001:DB8::{}]:80", "-", "None"),
        ("02.01.2026 12:00:0{}", "fe80::{}%eth0", "<null>", "1.23{},0"),
    )
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(("timestamp", "account_id", "ip", "device_id", "input_tokens", "prompt", "meta.org.id"))
    for at, one in enumerate(_records()):
        when, address, device, tokens = (text.format(at % 10) for text in clothes[at % 4])
        said = [{"role": "system", "content": "It's"}, {"role": "user", "content": one["prompt"]}]
        prompt = (repr(said), json.dumps(json.dumps(said)), "[REDACTED]", "[{role=user, content=a, b}]")[at % 4]
        rows.writerow((when, one["account_id"], address, device, tokens, prompt, "NULL"))
    return out.getvalue().encode()


def _wrapped() -> dict[str, bytes]:
    """The records inside those of shippers and stores, without line ends, without a header."""
    texts = [json.dumps(one, ensure_ascii=bool(at % 2)) for at, one in enumerate(_records())]
    docker = [{"log": f"{text}\n", "stream": "stdout", "time": "2026-01-02T00:00:00Z"} for text in ("start", *texts)]
    docker[5:6] = [{**docker[5], "log": docker[5]["log"][:40]}, {**docker[5], "log": docker[5]["log"][40:]}]
    events = [{"timestamp": 1767312000000, "message": text, "eventId": str(at)} for at, text in enumerate(texts)]
    streams = [{"stream": {"a": "b"}, "values": [["1767312000000000000", text] for text in texts]}]
    azure = [{"time": "2026-01-02T00:00:00Z", "properties": text} for text in texts]
    kafka = [{"timestamp": 1767312000000, "offset": at, "value": one} for at, one in enumerate(_records())]
    graylog = [{"short_message": text[:40], "full_message": text, "timestamp": 1767312000.5} for text in texts]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["@timestamp", "@message"], *(["2026-01-02 00:00:00", text] for text in texts)])
    header, _, rest = _csv().partition(b"\n")
    return {
        "docker.log": b"".join(json.dumps(one).encode() + b"\n" for one in docker),
        "pieces.cri": "".join(
            f"2026-01-02T00:00:00Z stdout P {text[:30]}\n2026-01-02T00:00:00Z stdout F {text[30:]}\n" for text in texts
        ).encode(),
        "export.txt": "".join(f"2026-01-02T00:00:00.000Z {text}\n" for text in texts).encode(),
        "events.json": json.dumps({"events": events}, indent=1).encode(),
        "loki.json": json.dumps({"data": {"result": streams}}).encode(),
        "hits.json": json.dumps({"hits": {"hits": [{"_id": "x", "_source": one} for one in _records()]}}).encode(),
        "azure.json": json.dumps({"records": azure}).encode(),
        "kafka.json": "".join(json.dumps(one) for one in kafka).encode(),
        "gelf.ndjson": "".join(f"{json.dumps(one)}\n" for one in graylog).encode(),
        "bulk.ndjson": "".join(f'{{"index":{{"_index":"logs"}}}}\n{text}\n' for text in texts).encode(),
        "insights.csv": out.getvalue().encode(),
        "glued.ndjson": "".join(f"{text}{'' if at % 3 else chr(10)}" for at, text in enumerate(texts)).encode(),
        "headerless.csv": rest,
        "sep.csv": b"sep=,\r\n" + header + b"\n" + rest,
        "spark.csv": _escaped(",", '"', "null"),
        "mysql.tsv": _escaped("\t", "", "\\N"),
        "field.csv": _field_values(),
    }


@cache
def seeds() -> dict[str, bytes]:
    """Valid logs by file name."""
    ndjson = b"".join(json.dumps(one, ensure_ascii=bool(at % 2)).encode() + b"\n" for at, one in enumerate(_records()))
    return {
        "plain.parquet": _parquet(compression="none", use_dictionary=False),
        "snappy.parquet": _parquet(compression="snappy"),
        "zstd.parquet": _parquet(compression="zstd", data_page_version="2.0", write_page_index=True),
        "delta.parquet": _parquet(
            compression="gzip",
            use_dictionary=False,
            column_encoding={"input_tokens": "DELTA_BINARY_PACKED", "prompt": "DELTA_BYTE_ARRAY"},
            write_page_checksum=True,
        ),
        "log.csv": _csv(),
        "windows.csv": b"\xef\xbb\xbf" + _csv(";", "\r\n"),
        "log.csv.gz": gzip.compress(_csv(), mtime=0),
        "log.ndjson": ndjson,
        "log.ndjson.gz": gzip.compress(ndjson, mtime=0),
        "array.json": json.dumps(_records()).encode(),
        "pretty.json": json.dumps(_records(), indent=1, ensure_ascii=False).encode(),
        "pretty.json.gz": gzip.compress(json.dumps(_records(), indent=1).encode(), mtime=0),
        **_wrapped(),
        "log.ndjson.zst": bytes(pa.compress(ndjson, "zstd", asbytes=True)),
    }


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Return content with a few things changed: bits, bytes, pieces cut out, put in, doubled or moved; or cut off."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if not changed:
            break
        rng.choice(_CHANGES)(changed, rng)
    return bytes(changed)


def _place(content: bytearray, rng: random.Random) -> int:
    """Anywhere, but often near the end, where Parquet keeps its footer, or at the beginning."""
    size = len(content)
    kind = rng.random()
    if kind < 0.3:
        return max(0, size - 1 - int(rng.expovariate(1 / 300)))
    return min(size - 1, int(rng.expovariate(1 / 40))) if kind < 0.4 else rng.randrange(size)


def _flip(content: bytearray, rng: random.Random) -> None:
    content[_place(content, rng)] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: random.Random) -> None:
    content[_place(content, rng)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _cut_off(content: bytearray, rng: random.Random) -> None:
    del content[_place(content, rng) :]


def _insert(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    content[at:at] = rng.choice(_TOKENS) if rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 50))


def _overwrite(content: bytearray, rng: random.Random) -> None:
    at, new = _place(content, rng), rng.choice(_TOKENS)
    content[at : at + len(new)] = new


def _cut_out(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    del content[at : at + rng.randrange(1, 80)]


def _double(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    content[at:at] = content[at : at + rng.randrange(1, 400)] * rng.choice((1, 1, 3))


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _flip, _set, _set),
    *(_cut_off, _insert, _insert, _overwrite, _cut_out, _double),
)


@dataclass(frozen=True)
class Answer:
    """What reading gave: a refusal, or rows, rejected rows, notes and what was not read."""

    refusal: str | None
    rows: tuple[Any, ...] = ()
    rejects: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """All that an analyst is told."""
        return " ".join((self.refusal or "", *self.notes, *self.unread))

    @property
    def kind(self) -> str:
        """A word for the tally."""
        if self.refusal is not None:
            return "refused"
        return "read in part" if self.unread else "read"


def answer(path: Path, *, threads: int, piped: bool = False, records: bool = True, private: bool = False) -> Answer:
    """Read a log to its end, with single rows again, as the analysis does."""
    mapping = {"org_id": "meta.org.id"} if records else {}
    options = ReadOptions(keep_rejects=records, mapping=mapping, private=private)
    try:
        stdin = io.BytesIO(path.read_bytes()) if piped else None
        with open_log(["-" if piped else str(path)], options, stdin=stdin) as log:
            with ThreadPoolExecutor(threads) as pool:
                batches = [batch for found in pool.map(lambda task: list(task()), log.tasks()) for batch in found]
            rows = [row for batch in batches for row in _plain(batch.frame)]
            rejects = [row for batch in batches for row in batch.rejects.rows()]
            pointers = pl.concat([batch.frame.select("source", "row") for batch in batches] or [_NO_POINTERS])
            again = log.fetch(pointers.head(3).vstack(pointers.tail(2)), ["prompt", "system_prompt"])
            unread = [one.reason for one in log.outcomes(log.digests()) if one.reason]
            return Answer(None, (*rows, *again.rows()), tuple(rejects), log.notes, tuple(unread))
    except DistillscanError as error:
        return Answer(str(error))


_NO_POINTERS = pl.DataFrame(schema={"source": pl.UInt32, "row": pl.UInt64})


def _plain(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(sorted(row.items())) for row in frame.iter_rows(named=True)]


def check(name: str, content: bytes, folder: Path, *, piped: bool = False) -> Answer:
    """Read one input twice and compare.

    Raises:
        AssertionError: If the answers differ, a message names the temporary copy of standard input, or one in private
            mode quotes a cell.
    """
    path = folder / name
    path.write_bytes(content)
    records = len(content) % 2 == 0
    first = answer(path, threads=1, piped=piped, records=records)
    second = answer(path, threads=3, piped=piped, records=records)
    assert first == second, f"two readings differ: {first} and {second}"
    if piped:
        assert tempfile.gettempdir() not in first.said, f"a temporary path is told: {first.said}"
    told = answer(path, threads=1, piped=piped, records=records, private=True).said
    leaks = [text for text in _SECRETS if text in told]
    assert not leaks, f"a cell is quoted in private mode: {told}"
    return first


def number(seed: int, at: int, kind: str = "") -> tuple[str, bytes, bool]:
    """Input number ``at`` of a run: a file name, its content, and whether it comes through a pipe."""
    rng = random.Random(f"{seed}-{at}")
    name = rng.choice(sorted(name for name in seeds() if kind in name))
    content = seeds()[name]
    if name.endswith(".gz") and rng.random() < 0.6:
        # What comes out of a decompressor that is content.
        content = gzip.compress(mutate(gzip.decompress(content), rng), mtime=0)
        if rng.random() < 0.8:
            return name, content, rng.random() < 0.25
    return name, mutate(content, rng), rng.random() < 0.25


def _work(seed: int, kind: str, numbers: Sequence[int], told: Connection) -> None:
    """The other process: says which input it begins, then what came of it."""
    ignored: list[str] = []
    sys.unraisablehook = lambda what: ignored.append(f"FAILED ignored {what.exc_value!r}")
    with tempfile.TemporaryDirectory() as folder:
        for at in numbers:
            name, content, piped = number(seed, at, kind)
            told.send(("begin", at, name))
            try:
                ignored.clear()
                came = check(name, content, Path(folder), piped=piped).kind
                came = ignored[0] if ignored else came
            except BaseException as error:
                came = f"FAILED {type(error).__name__}: {str(error)[:300]}"
            told.send(("end", at, came))


def run(inputs: int, seed: int, kind: str = "") -> tuple[Counter[str], list[str]]:
    """Try many inputs; return how often each outcome came, and the failures with their numbers."""
    tally: Counter[str] = Counter()
    failures: list[str] = []
    at = 0
    while at < inputs:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.get_context("spawn").Process(
            target=_work, args=(seed, kind, range(at, inputs), theirs)
        )
        worker.start()
        theirs.close()
        name = "?"
        # The first input waits for numba to compile, or to load what it compiled.
        patience = 10 * SECONDS_PER_INPUT
        try:
            while at < inputs:
                if not ours.poll(patience):
                    raise TimeoutError
                what, at, came = ours.recv()
                name = came if what == "begin" else name
                if what == "end":
                    tally[f"{name.partition('.')[2]}: {came.split(' ')[0] if came[:6] == 'FAILED' else came}"] += 1
                    failures += [f"input {at} ({name}): {came}"] if came.startswith("FAILED") else []
                    at, patience = at + 1, SECONDS_PER_INPUT
        except (EOFError, TimeoutError) as error:
            tally[f"{name.partition('.')[2]}: FAILED"] += 1
            failures.append(f"input {at} ({name}): {'hang' if isinstance(error, TimeoutError) else 'crash'}")
            at += 1
        worker.kill()
        worker.join()
    return tally, failures


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Read mutated logs; exit with 1 if any reading fails.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", default="", help="only files whose names hold this, such as parquet")
    chosen = parser.parse_args()
    since = time.monotonic()
    tally, failures = run(chosen.inputs, chosen.seed, chosen.kind)
    for line in (*(f"{count:8,}  {what}" for what, count in sorted(tally.items())), *failures):
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{chosen.inputs:,} inputs, {len(failures):,} failures, {time.monotonic() - since:.0f} s\n")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
