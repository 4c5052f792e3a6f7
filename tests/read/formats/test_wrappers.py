"""Records inside those of a shipper or a store of logs are read as if they stood in a file by themselves."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.formats import wrappers
from distillscan.read.formats.open import open_file
from distillscan.read.schema.model import presets
from tests.support.small_logs import Outcome, parquet_bytes, read_bytes

START = "2026-03-04T05:06:0"
ROWS: list[dict[str, Any]] = [
    {"timestamp": f"{START}{at}Z", "account_id": f"u{at % 3}", "prompt": text, "ip": "198.51.100.7"}
    for at, text in enumerate(("plain", 'a {"quoted": "}{"} text', "two\nlines", "é 漢 😀", "tab\t, comma; [x]"))
]
INSIDE = [json.dumps(row) for row in ROWS]
NS = [1772600760_000000000 + at for at in range(len(ROWS))]


def lines(records: list[Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in records).encode()


def table(names: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([names, *rows])
    return out.getvalue().encode()


def each(make: Callable[[int, str], Any]) -> list[Any]:
    return [make(at, text) for at, text in enumerate(INSIDE)]


WRAPPED: dict[str, bytes] = {
    "docker.log": lines(each(lambda at, text: {"log": f"{text}\n", "stream": "stdout", "time": f"{START}{at}.9Z"})),
    "cri.log": "".join(each(lambda at, text: f"{START}{at}.900000001Z stdout F {text}\n")).encode(),
    "cri_tags.txt": "".join(each(lambda at, text: f"{START}{at}.9+01:00 stderr F:tag {text}\r\n")).encode(),
    "000000": "".join(each(lambda at, text: f"{START}{at}.900Z {text}\n")).encode(),
    "cloudwatch.json": json.dumps(
        {"events": each(lambda at, text: {"timestamp": NS[at] // 10**6, "message": text, "eventId": str(at)})}, indent=2
    ).encode(),
    "subscription": "".join(
        each(
            lambda at, text: json.dumps(
                {
                    "messageType": "DATA_MESSAGE",
                    "logGroup": "g",
                    "logEvents": [{"id": "1", "timestamp": 1, "message": text}],
                }
            )
        )
    ).encode(),
    "insights.csv": table(["@timestamp", "@message"], each(lambda at, text: [f"2026-03-04 05:06:0{at}.900", text])),
    "insights.json": json.dumps(
        {
            "results": each(lambda at, text: [{"field": "@ptr", "value": "x"}, {"field": "@message", "value": text}]),
            "status": "Complete",
        }
    ).encode(),
    "splunk.csv": table(
        ["_serial", "_time", "host", "_raw"], each(lambda at, text: [at, f"{START}{at}.9Z", "h", text])
    ),
    "splunk.json": lines(
        each(lambda at, text: {"preview": False, "offset": at, "result": {"_time": "x", "_raw": text}})
    ),
    "hec.json": "".join(each(lambda at, text: json.dumps({"time": NS[at] / 1e9, "event": json.loads(text)}))).encode(),
    "hits.json": json.dumps(
        {"took": 3, "hits": {"total": 5, "hits": each(lambda at, text: {"_id": str(at), "_source": json.loads(text)})}}
    ).encode(),
    "elasticdump.json": lines(each(lambda at, text: {"_index": "i", "_id": str(at), "_source": json.loads(text)})),
    "filebeat.json": lines(
        each(lambda at, text: {"_index": "i", "_source": {"@timestamp": f"{START}{at}Z", "message": text, "agent": {}}})
    ),
    "loki.json": json.dumps(
        {
            "status": "success",
            "data": {
                "resultType": "streams",
                "result": [
                    {"stream": {"app": "gw"}, "values": each(lambda at, text: [str(NS[at]), text])[:2]},
                    {"stream": {"app": "gw2"}, "values": each(lambda at, text: [str(NS[at]), text])[2:]},
                ],
            },
        }
    ).encode(),
    "loki_push.json": json.dumps(
        {"streams": [{"stream": {"a": "b"}, "values": each(lambda at, text: [str(NS[at]), text])}]}
    ).encode(),
    "logcli.jsonl": lines(each(lambda at, text: {"labels": {"a": "b"}, "line": text, "timestamp": f"{START}{at}Z"})),
    "grafana.csv": table(["Time", "Line", "tsNs"], each(lambda at, text: [f"{START}{at}Z", text, NS[at]])),
    "journald.json": lines(
        each(
            lambda at, text: {
                "__REALTIME_TIMESTAMP": str(NS[at] // 1000),
                "_UID": "1000",
                "_HOSTNAME": "h",
                "MESSAGE": text,
            }
        )
    ),
    "fluentbit.json": json.dumps(
        each(lambda at, text: {"date": NS[at] / 1e9, "log": text, "kubernetes": {"pod_name": "p"}})
    ).encode(),
    "fluentbit_cri.json": lines(
        each(lambda at, text: {"date": NS[at] / 1e9, "log": f"{START}{at}.9Z stdout F {text}", "stream": "stdout"})
    ),
    "sns.json": lines(each(lambda at, text: {"Type": "Notification", "Message": text, "Timestamp": f"{START}{at}Z"})),
    "cloudevents.json": lines(each(lambda at, text: {"specversion": "1.0", "time": "x", "data": json.loads(text)})),
    "kafka.json": lines(each(lambda at, text: {"schema": None, "payload": json.loads(text)})),
    "datadog.json": json.dumps(
        {
            "data": each(
                lambda at, text: {"id": str(at), "attributes": {"message": "said", "attributes": json.loads(text)}}
            )
        }
    ).encode(),
    "gcp.json": json.dumps(
        each(lambda at, text: {"insertId": str(at), "jsonPayload": json.loads(text), "logName": "l", "timestamp": "x"})
    ).encode(),
    "compose.log": "".join(each(lambda at, text: f"gateway-1  | {text}\n")).encode(),
    "syslog.log": "".join(each(lambda at, text: f"Mar  4 05:06:0{at} host gw[12]: {text}\n")).encode(),
    "python.log": "".join(each(lambda at, text: f"2026-03-04 05:06:0{at},900 INFO gw: {text}\n")).encode(),
    "azure.json": json.dumps(
        {
            "tables": [
                {
                    "name": "PrimaryResult",
                    "columns": [{"name": "TimeGenerated"}, {"name": "LogMessage"}],
                    "rows": each(lambda at, text: [f"{START}{at}Z", text]),
                }
            ]
        }
    ).encode(),
    "azure_text.json": json.dumps(
        {"records": each(lambda at, text: {"time": f"{START}{at}Z", "resourceId": "/S/X", "properties": text})}
    ).encode(),
    "azure_object.json": lines(
        each(lambda at, text: {"time": f"{START}{at}Z", "category": "GatewayLogs", "properties": json.loads(text)})
    ),
    "app_insights.csv": table(
        ["TimeGenerated", "message", "customDimensions"], each(lambda at, text: [f"{START}{at}Z", "request", text])
    ),
    "kafka_text.json": lines(
        each(lambda at, text: {"topic": "t", "offset": at, "timestamp": NS[at] // 10**6, "key": None, "value": text})
    ),
    "kafka_object.json": lines(each(lambda at, text: {"timestamp": NS[at] // 10**6, "value": json.loads(text)})),
    "kafka_connect.json": lines(
        each(lambda at, text: {"timestamp": at, "value": {"schema": None, "payload": json.loads(text)}})
    ),
    "gelf.json": lines(
        each(lambda at, text: {"version": "1.1", "host": "h", "short_message": text, "timestamp": NS[at] / 1e9})
    ),
    "gelf_full.json": lines(
        each(lambda at, text: {"host": "h", "short_message": text[:30], "full_message": text, "timestamp": NS[at]})
    ),
    "bulk.ndjson": "".join(
        each(lambda at, text: f'{{"update": {{"_id": "{at}"}}}}\n{{"doc": {text}, "doc_as_upsert": true}}\n')
    ).encode(),
    "debezium.json": lines(
        each(
            lambda at, text: {
                "payload": {
                    "before": None,
                    "after": json.loads(text),
                    "op": "c",
                    "ts_ms": NS[at] // 10**6,
                    "source": {"ts_ms": 1, "table": "logs"},
                }
            }
        )
    ),
    "filebeat_json.json": lines(
        each(lambda at, text: {"@timestamp": f"{START}{at}Z", "log": {"offset": at}, "json": json.loads(text)})
    ),
    "eventbridge.json": lines(
        each(
            lambda at, text: {
                "detail-type": "request",
                "source": "gateway",
                "account": "111122223333",
                "time": f"{START}{at}Z",
                "detail": json.loads(text),
            }
        )
    ),
    "sqs.json": lines(each(lambda at, text: {"MessageId": str(at), "Attributes": {"SentTimestamp": at}, "Body": text})),
    "sumo.json": lines(each(lambda at, text: {"map": {"_messagetime": str(NS[at] // 10**6), "_raw": text}})),
    "logcli.txt": "".join(each(lambda at, text: f'{START}{at}Z {{app="gateway", pod="p-1"}} {text}\n')).encode(),
    "kubectl.log": "".join(each(lambda at, text: f"[pod/gateway-1/app] {text}\n")).encode(),
    "table.parquet": parquet_bytes(each(lambda at, text: {"ts": f"{START}{at}Z", "message": text})),
}
PAGES: dict[str, bytes] = {
    "items.json": json.dumps({"success": True, "message": "", "data": {"page": 1, "items": ROWS, "total": 5}}).encode(),
    "data.json": json.dumps({"object": "list", "data": ROWS, "has_more": False}, indent=1).encode(),
    "result.json": json.dumps({"result": ROWS, "success": True, "result_info": {"page": 1}}).encode(),
    "many.ndjson": lines([{"data": ROWS[:2], "cursor": "x"}, {"data": [], "cursor": "y"}, {"data": ROWS[2:]}]),
    "glued.json": b"".join(json.dumps({"data": [row]}).encode() for row in ROWS),
    "clickhouse.json": json.dumps(
        {"meta": [{"name": name, "type": "String"} for name in ROWS[0]], "data": [list(row.values()) for row in ROWS]}
    ).encode(),
}


def summary(found: Outcome) -> list[tuple[Any, ...]]:
    return found.frame.select("timestamp", "account_id", "prompt", "ip").rows()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    return summary(read_bytes(tmp_path_factory.mktemp("plain"), "log.ndjson", lines(ROWS)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", [*WRAPPED, *PAGES])
def test_every_wrapper_is_the_same_log(name: str, packed: bool, tmp_path: Path, plain: list[tuple[Any, ...]]) -> None:
    content = {**WRAPPED, **PAGES}[name]
    if packed and name.endswith(".parquet"):
        return
    found = read_bytes(tmp_path, f"{name}.gz" if packed else name, gzip.compress(content) if packed else content)
    assert summary(found) == plain
    assert (found.rejects, found.unread) == ([], ())
    assert any("are read" in note for note in found.notes)


def test_other_output_between_the_records_is_counted_and_no_reject(tmp_path: Path) -> None:
    output = [{"log": text, "stream": "stderr", "time": "2026-03-04T05:06:00Z"} for text in ("INFO ready\n", "GET /\n")]
    records = [{"log": f"{text}\n", "stream": "stdout", "time": "2026-03-04T05:06:00Z"} for text in INSIDE]
    broken = {"log": '{"timestamp": "2026\n', "stream": "stdout", "time": "2026-03-04T05:06:00Z"}
    found = read_bytes(tmp_path, "a.json", lines([output[0], *records[:3], output[1], broken, *records[3:]]))
    assert found.frame["row"].to_list() == [0, 1, 2, 4, 5]
    assert found.reasons == [(3, "malformed record")]
    assert "2 lines of other output between the records are left out" in found.notes


@pytest.mark.parametrize(
    "content",
    [
        b'{"log":"{\\"timestamp\\":\\"2026-01-01\\",","stream":"stdout","time":"t"}\n'
        b'{"log":"starting\\n","stream":"stderr","time":"t"}\n'
        b'{"log":"\\"account_id\\":\\"a\\"}\\n","stream":"stdout","time":"t"}\n',
        b'{"log":"{\\"timestamp\\":\\"2026-01-01\\",","stream":"stdout","time":"t","_p":"P"}\n'
        b'{"log":"starting","stream":"stderr","time":"t","_p":"F"}\n'
        b'{"log":"\\"account_id\\":\\"a\\"}","stream":"stdout","time":"t","_p":"F"}\n',
        b'2026-01-01T00:00:00Z stdout P {"timestamp":"2026-01-01",\n'
        b"2026-01-01T00:00:00Z stderr F starting\n"
        b'2026-01-01T00:00:00Z stdout F "account_id":"a"}\n',
    ],
)
def test_a_record_in_pieces_is_put_together_by_stream(content: bytes, tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "a.log", content)
    assert found.values("account_id") == ["a"]
    assert not found.rejects


def test_a_record_of_too_many_pieces_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrappers, "LONGEST", 100)
    piece = f"2026-01-01T00:00:00Z stdout P {'x' * 60}\n"
    good = f"2026-01-01T00:00:00Z stderr F {INSIDE[0]}\n"
    found = read_bytes(tmp_path, "a.log", (good + piece * 2 + good + piece).encode())
    assert found.values("prompt") == ["plain"] * 2
    assert [reason for _, reason in found.reasons] == ["malformed record"] * 2


def test_records_without_line_ends_are_whole(tmp_path: Path) -> None:
    records = [{"log": text, "stream": "stdout", "time": f"{START}{at}Z"} for at, text in enumerate(["", *INSIDE])]
    found = read_bytes(tmp_path, "a.json", lines([*records, {"log": None, "stream": "stdout", "time": "t"}]))
    assert found.values("prompt") == [row["prompt"] for row in ROWS]
    assert "2 lines of other output between the records are left out" in found.notes


def test_the_time_beside_a_record_counts_if_it_has_none(tmp_path: Path) -> None:
    records = [
        {"time": "2026-05-06T07:08:09Z", "stream": "stdout", "log": '{"user_id": "a", "prompt": "p"}\n'},
        {"time": "2026-05-06T07:08:10Z", "stream": "stdout", "log": "{}\n"},
    ]
    found = read_bytes(tmp_path, "a.json", lines(records))
    assert [str(time)[:19] for time in found.values("timestamp")] == ["2026-05-06 07:08:09"]
    assert found.reasons == [(1, "account_id missing")]


def test_a_known_source_inside_is_recognised(tmp_path: Path) -> None:
    record = {
        "timestamp": "2026-03-04T05:06:07Z",
        "identity": {"arn": "arn:aws:sts::1:assumed-role/app/jo"},
        "modelId": "m",
        "requestId": "r",
        "schemaType": "ModelInvocationLog",
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": "hi"}]}, "inputTokenCount": 3},
    }
    content = table(["@timestamp", "@message"], [["2026-03-04 05:06:07.000", json.dumps(record)]])
    found = read_bytes(tmp_path, "a.csv", content)
    assert (found.values("prompt"), found.values("input_tokens")) == (["hi"], [3])
    assert any("schema bedrock" in note for note in found.notes)


@pytest.mark.parametrize("form", ["docker", "cri", "cloudwatch", "hits"])
def test_lines_of_a_known_source_inside_are_recognised(form: str, tmp_path: Path) -> None:
    line = '192.0.2.1 - jo [04/Mar/2026:05:06:07 +0000] "POST /v1/messages HTTP/1.1" 200 12 "-" "curl/8"'
    time = "2026-03-04T05:06:07.000Z"
    hits = [{"_id": "1", "_source": {"@timestamp": time, "message": text}} for text in ("starting", line)]
    content = {
        "docker": lines([{"log": f"{text}\n", "stream": "stdout", "time": time} for text in ("starting", line)]),
        "cri": f"{time} stdout F starting\n{time} stdout F {line}\n".encode(),
        "cloudwatch": f"{time} starting\n{time} {line}\n".encode(),
        "hits": json.dumps({"hits": {"hits": hits}}).encode(),
    }[form]
    found = read_bytes(tmp_path, "a", content)
    assert (found.values("ip"), found.values("status_code")) == (["192.0.2.1"], [200])
    assert found.reasons == [(0, "malformed record")]


def test_a_mapping_to_a_field_of_the_wrapper_leaves_it_as_it_is(tmp_path: Path) -> None:
    records = [{"time": "2026-05-06T07:08:09Z", "log": {"who": "a", "said": "p"}}]
    options = ReadOptions(mapping={"account_id": "log.who", "prompt": "log.said"})
    found = read_bytes(tmp_path, "a.json", lines(records), options)
    assert (found.values("account_id"), found.values("prompt")) == (["a"], ["p"])
    inside = read_bytes(tmp_path, "b.json", lines(records), ReadOptions(mapping={"account_id": "who"}))
    assert inside.values("account_id") == ["a"]


@pytest.mark.parametrize("schema", [None, "azure_apim"])
@pytest.mark.parametrize("form", ["page", "lines"])
def test_properties_without_an_account_belong_to_the_record_around(
    form: str, schema: str | None, tmp_path: Path
) -> None:
    said = {"CorrelationId": "c", "DeploymentName": "d", "RequestMessages": [{"role": "user", "content": "hi"}]}
    record = {"time": f"{START}1Z", "category": "GatewayLlmLogs", "CorrelationId": "c", "properties": said}
    path = tmp_path / "a.json"
    path.write_bytes(lines([{"records": [record]} if form == "page" else record]))
    opening = open_file(path, "a.json", {}, ReadOptions(schema=schema))
    assert {"time", "CorrelationId"} <= set(map(str, opening.resolution.paths.values()))
    assert not any("inside properties" in note for note in opening.notes)


def test_properties_that_the_schema_of_a_source_reads_are_no_wrapper(tmp_path: Path) -> None:
    said = {"objectId": "caller", "modelName": "m", "time": f"{START}9Z", "user": "somebody else"}
    record = {"time": f"{START}1Z", "category": "RequestResponse", "correlationId": "c", "operationName": "o"}
    found = read_bytes(tmp_path, "a.json", json.dumps({"records": [{**record, "properties": said}]}).encode())
    assert (found.values("account_id"), found.values("model")) == (["caller"], ["m"])
    del said["objectId"]
    path = tmp_path / "b.json"
    path.write_bytes(json.dumps({"records": [{**record, "properties": {**said, "streamType": "s"}}]}).encode())
    opening = open_file(path, "b.json", {}, ReadOptions())
    assert opening.resolution.schema == presets()["azure_openai"]
    assert not any("inside properties" in note for note in opening.notes)


def test_the_whole_message_of_graylog_goes_before_its_beginning(tmp_path: Path) -> None:
    record = {"host": "h", "short_message": f"{INSIDE[0][:40]}", "full_message": INSIDE[0], "timestamp": 1772600760}
    found = read_bytes(tmp_path, "a.json", lines([record]))
    assert (found.values("prompt"), found.rejects) == (["plain"], [])
    plain = {"host": "h", "short_message": INSIDE[0], "full_message": "POST /v1/messages", "timestamp": 1772600760}
    assert read_bytes(tmp_path, "b.json", lines([plain])).values("prompt") == ["plain"]


def test_a_request_with_lists_of_its_own_is_no_page(tmp_path: Path) -> None:
    row = {**ROWS[0], "events": [{"timestamp": "2026-01-01T00:00:00Z", "account_id": "x"}], "message": '{"a": "b"}'}
    found = read_bytes(tmp_path, "a.json", lines([row]))
    assert found.values("account_id") == ["u0"]
    assert not any("are read" in note for note in found.notes)


def test_of_records_inside_that_lack_something_the_columns_are_named(tmp_path: Path) -> None:
    record = {"time": "2026-01-01", "log": '{"level": "info", "caller": "x"}'}
    with pytest.raises(InputError, match=r"no column for account_id"):
        read_bytes(tmp_path, "a.json", lines([record]))
    found = read_bytes(tmp_path, "a.json", lines([record]), ReadOptions(mapping={"account_id": "caller"}))
    assert found.values("account_id") == ["x"]


@pytest.mark.parametrize("first", ["Starting up, on port 80", "INFO:     Started server process [1]"])
def test_records_between_other_output(tmp_path: Path, first: str) -> None:
    content = f"{first}\n\nready {{now}}\n" + "\n".join(INSIDE) + '\n{"timestamp": "2026\nbye\n'
    found = read_bytes(tmp_path, "gateway.log", content.encode())
    assert found.values("prompt") == [row["prompt"] for row in ROWS]
    assert found.reasons == [(5, "malformed record")]
    assert "3 lines of other output between the records are left out" in found.notes


def test_a_message_as_a_list_of_bytes(tmp_path: Path) -> None:
    message = list(INSIDE[3].encode())
    found = read_bytes(tmp_path, "a.json", lines([{"__REALTIME_TIMESTAMP": "1772600760000000", "MESSAGE": message}]))
    assert found.values("prompt") == [ROWS[3]["prompt"]]
