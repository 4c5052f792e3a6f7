"""Each packaged schema against a small log of its source: every canonical column of every row, and what is said."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import distillscan
from distillscan.errors import InputError
from distillscan.read import ReadOptions, open_log
from distillscan.read.schema.model import parse_schema, presets
from tests.support.places import DOCS, FIXTURES
from tests.support.small_logs import Outcome, read_all


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(outcome: Outcome) -> list[dict[str, Any]]:
    """Rows without the empty columns, and without where they come from."""
    found = outcome.frame.drop("source", "row").to_dicts()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def said(name: str) -> str:
    return f"read with the schema {name} ({presets()[name].summary}); --schema none reads columns by name only"


NO_ZONE = "timestamp has no time zone: read as UTC"
CALLER_1 = {"org_id": "org-1", "api_key_id": "hash-of-key-1", "ip": "203.0.113.7", "email_domain": "example.com"}
CALL = {"model": "gpt-5", "input_tokens": 30, "output_tokens": 12}
ANN, BOB = "arn:aws:sts::111122223333:assumed-role/dev/ann", "arn:aws:iam::111122223333:user/bob"
BEDROCK: list[dict[str, Any]] = [
    {
        "timestamp": at("2026-07-15T10:30:00"), "account_id": ANN, "request_id": "r-1",
        "pathway": "InvokeModel", "model": "anthropic.claude-x", "system_prompt": "Be brief.", "prompt": "Hello",
        "response": "Hi.", "input_tokens": 12, "output_tokens": 3, "cached_tokens": 4, "stop_reason": "end_turn",
    },
    {
        "timestamp": at("2026-07-15T10:30:05"), "account_id": BOB, "request_id": "r-2",
        "pathway": "InvokeModelWithResponseStream", "model": "anthropic.claude-x", "prompt": "Hello again",
        "response": "Good day.", "input_tokens": 5, "output_tokens": 2, "stop_reason": "max_tokens",
    },
    {
        "timestamp": at("2026-07-15T10:30:06"), "account_id": BOB, "request_id": "r-3",
        "pathway": "InvokeModel", "model": "amazon.titan-text", "prompt": "Tell a tale",
        "response": "Once.", "input_tokens": 3, "output_tokens": 1, "stop_reason": "FINISH",
    },
    {
        "timestamp": at("2026-07-15T10:30:07"), "account_id": BOB, "request_id": "r-4",
        "pathway": "Converse", "model": "meta.llama",
    },
]  # fmt: skip

ASKED = {"system_prompt": "Be brief.", "prompt": "What is two and two?", "response": "Four."}
SPAN: dict[str, Any] = {
    **CALL, **ASKED, "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "s1",
    "session_id": "conv-1",
}  # fmt: skip
RUN = {**SPAN, "request_id": "run-1"}
TRACED: dict[str, Any] = {
    **CALL, **ASKED, "timestamp": at("2026-05-01T12:00:00"), "account_id": "user-1", "request_id": "s-1",
    "session_id": "conv-1", "ip": "203.0.113.7", "user_agent": "app/1.0", "stop_reason": "stop",
}  # fmt: skip
TOP_UP = "no request to a model: a top-up, refund, management or system entry"

#: Fixture, joined fixture, schema, rows, rejected rows, further notes.
CASES: dict[str, tuple[str, str | None, str, list[dict[str, Any]], list[tuple[int, str]], tuple[str, ...]]] = {
    "litellm spend logs": (
        "litellm_spendlogs.csv", None, "litellm",
        [
            {
                **CALLER_1, **CALL, "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1",
                "request_id": "chatcmpl-1", "session_id": "sess-1", "user_agent": "OpenAI/Python 1.99.0",
                "system_prompt": "Be brief.", "prompt": "What is two and two?", "response": "Four.",
                "cached_tokens": 8, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:05"), "account_id": "customer-9", "request_id": "chatcmpl-2",
                "org_id": "team-2", "api_key_id": "hash-of-key-2", "ip": "203.0.113.8", "model": "gpt-5",
                "system_prompt": "Be kind.", "prompt": "Say hello", "input_tokens": 15, "output_tokens": 5,
            },
            {
                "timestamp": at("2026-05-01T12:00:09"), "account_id": "hash-of-key-2", "request_id": "chatcmpl-3",
                "org_id": "team-2", "api_key_id": "hash-of-key-2", "model": "openai/gpt-5", "input_tokens": 0,
                "output_tokens": 0, "status_code": 429,
            },
        ],
        [], (NO_ZONE,),
    ),
    "litellm payload": (
        "litellm_payload.ndjson", None, "litellm",
        [
            {
                **CALLER_1, "timestamp": at("2026-05-01T12:00:00.125"), "account_id": "user-1",
                "request_id": "chatcmpl-1", "session_id": "t-1", "user_agent": "curl/8.7", "model": "claude",
                "prompt": "What is in it?", "response": "A cat.", "input_tokens": 30, "output_tokens": 12,
                "stop_reason": "length",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "hash-of-key-2", "request_id": "chatcmpl-2",
                "api_key_id": "hash-of-key-2", "model": "gpt-5", "prompt": "A plain prompt", "response": "Yes",
                "input_tokens": 7, "output_tokens": 1, "status_code": 400,
            },
        ],
        [], ("timestamp is a number: read as epoch seconds",),
    ),
    "bedrock": ("bedrock.ndjson", None, "bedrock", BEDROCK, [], ()),
    "bedrock from athena": (
        "bedrock_athena.csv", None, "bedrock",
        [
            {
                "timestamp": at("2026-07-15T10:30:00"), "account_id": ANN, "request_id": "r-1",
                "pathway": "InvokeModel", "model": "anthropic.claude", "system_prompt": "S", "prompt": "Hello",
                "response": "Hi.",
                "input_tokens": 20, "output_tokens": 80, "stop_reason": "end_turn",
            }
        ],
        [], (),
    ),
    "bedrock with cloudtrail": (
        "bedrock.ndjson", "cloudtrail.json", "bedrock",
        [
            {
                **BEDROCK[0], "api_key_id": "ASIAEXAMPLE1", "ip": "198.51.100.9",
                "user_agent": "Boto3/1.40 md/Botocore#1.40",
            },
            BEDROCK[1],
            {
                **BEDROCK[2], "api_key_id": "AKIAEXAMPLE2",
                "user_agent": "athena.amazonaws.com",
            },
            BEDROCK[3],
        ],
        [],
        (
            "2 rows have no partner in the joined log", "3 requests in the joined log",
            f"joined log: {said('cloudtrail')}",
        ),
    ),
    "otlp": (
        "otlp.json", None, "otel",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "s1",
                "org_id": "org-1", "session_id": "conv-1", "ip": "203.0.113.7", "user_agent": "app/1.0",
                "system_prompt": "Be brief.", "prompt": "What is two and two?", "response": "Four.",
                "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:02"), "account_id": "user-2", "request_id": "s3", "model": "gpt-4",
                "system_prompt": "Be kind.", "prompt": "Older names", "response": "Yes.", "input_tokens": 9,
                "output_tokens": 2,
            },
            {
                "timestamp": at("2026-05-01T12:00:03"), "account_id": "user-3", "request_id": "s4", "model": "gpt-4",
                "system_prompt": "Be kind.", "prompt": "As an event",
            },
        ],
        [(1, "no request to a model: a span of something else")],
        ("timestamp is a number: read as epoch nanoseconds",),
    ),
    "otel in columns": (
        "otel_flat.csv", None, "otel",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "s1",
                "ip": "203.0.113.7", "system_prompt": "Be brief.", "prompt": "What is two and two?",
                "response": "Four.", "stop_reason": "stop",
            }
        ],
        [(1, "no request to a model: a span of something else")], (),
    ),
    "azure apim": (
        "azure_apim.ndjson", "azure_apim_gateway.csv", "azure_apim",
        [
            {
                "timestamp": at("2026-06-01T08:00:00"), "account_id": "user-1", "request_id": "c-1",
                "api_key_id": "sub-1", "ip": "192.0.2.1", "user_agent": "azure-sdk/1.0",
                "model": "gpt-5", "system_prompt": "Be brief.", "prompt": "How long is the bridge?",
                "response": "A mile.", "input_tokens": 40, "output_tokens": 5, "status_code": 200,
            },
            {
                "timestamp": at("2026-06-01T08:00:02"), "account_id": "sub-2", "request_id": "c-2",
                "api_key_id": "sub-2", "ip": "192.0.2.2", "model": "gpt-5", "prompt": "Hi",
                "response": "Yes?", "input_tokens": 4, "output_tokens": 1, "status_code": 429,
            },
        ],
        [(3, "account_id missing")],
        (
            "1 requests are in the joined log several times: the first values count",
            "1 rows are further parts of requests: their texts were joined to the first part",
            "1 rows have no partner in the joined log", "2 requests in the joined log",
            f"joined log: {said('azure_apim_gateway')}",
        ),
    ),
    "langfuse": (
        "langfuse.csv", None, "langfuse",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "o-1",
                "session_id": "sess-1", "ip": "203.0.113.7", "system_prompt": "Be brief.",
                "prompt": "What is two and two?", "response": "Four.",
            },
            {
                "timestamp": at("2026-05-01T12:00:05"), "account_id": "user-2", "request_id": "o-3", "model": "gpt-5",
                "prompt": "A plain prompt", "response": "Yes",
            },
        ],
        [(1, "no request to a model: an observation that is no GENERATION")], (NO_ZONE,),
    ),
    "langfuse with traces": (
        "langfuse_observations.csv", "langfuse_traces.csv", "langfuse",
        [
            {
                "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "o-1",
                "session_id": "sess-1", "ip": "203.0.113.7", "model": "gpt-5", "prompt": "A plain prompt",
                "response": "Yes",
            }
        ],
        [], (NO_ZONE, "2 requests in the joined log", f"joined log: {said('langfuse_traces')}"),
    ),
    "new-api": (
        "new_api.csv", None, "new_api",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00"), "account_id": "11", "api_key_id": "71",
                "ip": "203.0.113.7", "plan": "vip", "pathway": "/v1/chat/completions", "cached_tokens": 8,
            },
            {
                "timestamp": at("2026-05-01T12:00:02"), "account_id": "12", "api_key_id": "72", "plan": "default",
                "model": "gpt-5", "input_tokens": 0, "output_tokens": 0, "status_code": 429,
            },
        ],
        [(1, TOP_UP), (3, TOP_UP)], ("timestamp is a number: read as epoch seconds",),
    ),
    "one-api": (
        "one_api.ndjson", None, "new_api",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "11", "request_id": "2026050112000000001",
                "api_key_id": "laptop", "model": "gpt-4", "input_tokens": 30, "output_tokens": 12,
            }
        ],
        [(1, TOP_UP)], ("timestamp is a number: read as epoch seconds",),
    ),
    "databricks": (
        "databricks.parquet", None, "databricks",
        [
            {
                **ASKED, "timestamp": at("2026-05-01T12:00:00"), "account_id": "ann@example.com", "request_id": "r-1",
                "model": "gpt-5-2026", "input_tokens": 30, "output_tokens": 12, "cached_tokens": 8,
                "status_code": 200, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "bob@example.com", "request_id": "r-2",
                "model": "e1", "prompt": "Hi", "status_code": 429,
            },
        ],
        [], (),
    ),
    "databricks usage": (
        "databricks_usage.csv", None, "databricks",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "ann@example.com", "request_id": "r-1",
                "session_id": "s-1", "model": "e1", "input_tokens": 30, "output_tokens": 12, "status_code": 200,
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "bob@example.com", "request_id": "r-2",
                "model": "e1", "input_tokens": 3, "output_tokens": 1, "status_code": 200,
            },
        ],
        [],
        (
            NO_ZONE,
            "no request holds a prompt: inference tables hold them, the system table serving.endpoint_usage does not",
        ),
    ),
    "openinference in otlp": (
        "openinference_otlp.json", None, "openinference",
        [{**SPAN, "ip": "203.0.113.7", "cached_tokens": 8}],
        [(1, "no request to a model: a span of another kind")],
        ("timestamp is a number: read as epoch nanoseconds",),
    ),
    "openinference in lines": (
        "openinference.jsonl", None, "openinference",
        [
            SPAN,
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "user-2", "request_id": "s2", "model": "gpt-4",
                "prompt": "Nested", "response": "Yes.",
            },
        ],
        [(2, "no request to a model: a span of another kind")], (),
    ),
    "openinference in columns": ("openinference.parquet", None, "openinference", [SPAN], [], ()),
    "azure openai": (
        "azure_openai.ndjson", None, "azure_openai",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "oid-1", "request_id": "c-0",
                "pathway": "ChatCompletions_Create", "model": "gpt-5", "status_code": 200,
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "oid-2", "request_id": "c-1",
                "pathway": "ChatCompletions_Create", "model": "chat", "input_tokens": 30, "output_tokens": 12,
                "status_code": 200,
            },
        ],
        [(2, "no request to a model: an audit, trace or usage entry"), (3, "account_id missing")], (),
    ),
    "azure openai from the portal": (
        "azure_openai_diagnostics.csv", None, "azure_openai",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "oid-1", "request_id": "c-0",
                "pathway": "ChatCompletions_Create", "model": "gpt-5", "status_code": 200,
            }
        ],
        [(1, "no request to a model: an audit, trace or usage entry")], (),
    ),
    "vertex": (
        "vertex.ndjson", None, "vertex",
        [
            {
                **ASKED, "timestamp": at("2026-05-01T12:00:00.123456"), "account_id": "user-1", "request_id": "1",
                "pathway": "generateContent", "model": "gemini-3", "input_tokens": 30, "output_tokens": 12,
                "cached_tokens": 8, "stop_reason": "STOP",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "user-2", "request_id": "2",
                "pathway": "rawPredict", "model": "claude-x", "prompt": "Hi", "response": "Yes?",
                "stop_reason": "end_turn",
            },
        ],
        [], (),
    ),
    "langsmith": (
        "langsmith.jsonl", None, "langsmith", [RUN], [(1, "no request to a model: a run of another type")], (NO_ZONE,)
    ),
    "langsmith bulk export": (
        "langsmith.parquet", None, "langsmith", [RUN], [(1, "no request to a model: a run of another type")], (NO_ZONE,)
    ),
    "opik": (
        "opik.json", None, "opik", [TRACED], [(1, "no request to a model: a span of another type")], ()
    ),
    "braintrust": (
        "braintrust.json", None, "braintrust", [TRACED], [(1, "no request to a model: a span of another type")], ()
    ),
    "weave": ("weave.jsonl", None, "weave", [TRACED], [(1, "no request to a model: a call of another function")], ()),
    "mlflow": (
        "mlflow.csv", None, "mlflow",
        [
            {
                **CALL, **ASKED, "timestamp": at("2026-05-01T12:00:00"), "account_id": "user-1", "request_id": "tr-1",
                "session_id": "conv-1", "stop_reason": "stop",
            },
        ],
        [], ("timestamp is a number: read as epoch milliseconds",),
    ),
    "gin": (
        "gin.log", None, "gin",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "203.0.113.7", "ip": "203.0.113.7",
                "pathway": "/api/chat", "status_code": 200,
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "2001:db8::1", "ip": "2001:db8::1",
                "pathway": "/v1/messages", "status_code": 429, "request_id": "20260501120001aBcD",
            },
        ],
        [(2, "malformed record")], (),
    ),
    "envoy ai gateway": (
        "envoy_ai_gateway.ndjson", None, "envoy_ai_gateway",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1", "request_id": "r-1",
                "session_id": "conv-1", "ip": "203.0.113.7", "user_agent": "app/1.0",
                "pathway": "/v1/chat/completions", "status_code": 200,
            }
        ],
        [(1, "no request to a model: a route without one")],
        (
            "ip: - means no value, in 1 rows",
            "ip: ports, brackets, zones and spellings are left out of addresses in 1 rows",
        ),
    ),
    "higress": (
        "higress.ndjson", None, "higress",
        [
            {
                "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1", "request_id": "r-1",
                "api_key_id": "user-1", "session_id": "conv-1", "ip": "203.0.113.7", "user_agent": "app/1.0",
                "pathway": "/v1/chat/completions", "model": "qwen-max", "prompt": "What is two and two?",
                "response": "Four.", "input_tokens": 30, "output_tokens": 12, "status_code": 200,
            }
        ],
        [(1, "no request to a model: a route without the plugin")],
        ("request_id: - means no value, in 2 rows", "user_agent: - means no value, in 1 rows"),
    ),
    "langfuse from the interface": (
        "langfuse_interface.csv", None, "langfuse",
        [
            {
                **CALL, **ASKED, "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1",
                "request_id": "o-1", "session_id": "sess-1", "ip": "203.0.113.7", "cached_tokens": 8,
            }
        ],
        [(1, "no request to a model: an observation that is no GENERATION")], (),
    ),
    "helicone": (
        "helicone.ndjson", None, "helicone",
        [
            {
                "timestamp": at("2026-05-01T12:00:03"), "account_id": "pk-2", "request_id": "r-2",
                "api_key_id": "pk-2", "country": "DE", "model": "claude", "system_prompt": "Be kind.", "prompt": "Hi",
                "input_tokens": 3, "output_tokens": 0, "status_code": 400,
            },
            {
                "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1", "request_id": "r-1",
                 "api_key_id": "pk-1", "session_id": "sess-1", "country": "NL", "model": "gpt-5",
                "prompt": "Hello", "response": "Hi.", "input_tokens": 9, "output_tokens": 2, "status_code": 200,
                "stop_reason": "stop",
            },
        ],
        [(0, "older copy of a request")], (NO_ZONE,),
    ),
    "cloudflare": (
        "cloudflare_ai_gateway.ndjson", None, "cloudflare_ai_gateway",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00"), "account_id": "user-1", "request_id": "01A",
                "session_id": "sess-1", "user_agent": "app/1.0", "prompt": "Hello", "response": "Hi.",
                "status_code": 200, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "user-2", "request_id": "01B", "model": "gpt-5",
                "input_tokens": 0, "output_tokens": 0, "status_code": 424,
            },
        ],
        [], (),
    ),
    "kong": (
        "kong.ndjson", None, "kong",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00.123"), "account_id": "user-1", "request_id": "r-1",
                "ip": "203.0.113.7", "user_agent": "app/1.0", "prompt": "Hello",
                "response": "Hi.", "status_code": 200, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "bob", "request_id": "r-2", "ip": "203.0.113.8",
                "user_agent": "app/1.0", "model": "gpt-4", "prompt": "Older names", "input_tokens": 4,
                "output_tokens": 1, "status_code": 200,
            },
        ],
        [(2, "no request to a model: a route without an AI plugin")], (),
    ),
    "portkey": (
        "portkey.jsonl", None, "portkey",
        [
            {
                **CALL, "timestamp": at("2026-05-01T12:00:00"), "account_id": "user-1", "request_id": "t-1",
                "api_key_id": "vk-1", "session_id": "t-1", "system_prompt": "Be brief.", "prompt": "Hello",
                "response": "Hi.", "status_code": 200, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "vk-2", "request_id": "t-2", "model": "gpt-5",
                "api_key_id": "vk-2", "session_id": "t-2", "prompt": "Older shape", "input_tokens": 3,
                "output_tokens": 1, "status_code": 200,
            },
        ],
        [], (),
    ),
    "openrouter": (
        "openrouter.csv", None, "openrouter",
        [
            {
                "timestamp": at("2026-06-28T03:46:57.713"), "account_id": "user-1", "request_id": "gen-1",
                "api_key_id": "key-1", "pathway": "tool", "model": "openai/gpt-5", "input_tokens": 30,
                "output_tokens": 12, "cached_tokens": 8, "stop_reason": "stop",
            },
            {
                "timestamp": at("2026-06-28T03:46:58"), "account_id": "key-2", "request_id": "gen-2",
                "api_key_id": "key-2", "model": "openai/gpt-5", "input_tokens": 4, "output_tokens": 1,
                "cached_tokens": 0, "stop_reason": "end_turn",
            },
        ],
        [], (NO_ZONE,),
    ),
    "wildchat": (
        "wildchat.ndjson", None, "wildchat",
        [
            {
                "timestamp": at("2026-05-01T12:00:00"), "account_id": "h-1", "request_id": "c-1", "session_id": "c-1",
                "ip": "h-1", "country": "Chile", "user_agent": "Mozilla/5.0", "model": "gpt-4",
                "prompt": "Hello\n\nHi.",
            },
            {
                "timestamp": at("2026-05-01T12:00:01"), "account_id": "h-2", "request_id": "c-2", "session_id": "c-2",
                "ip": "h-2", "country": "Peru", "user_agent": "App/2", "model": "gpt-4", "prompt": "Again",
            },
        ],
        [], (),
    ),
    "access log": (
        "access.log", None, "access_log",
        [
            {
                "timestamp": at("2026-05-17T08:05:03"), "account_id": "ann", "ip": "203.0.113.7",
                "user_agent": 'app/1.0 (\\"quoted\\")', "pathway": "/v1/chat/completions", "status_code": 200,
            },
            {
                "timestamp": at("2026-05-17T10:05:04"), "account_id": "203.0.113.8", "ip": "203.0.113.8",
                "pathway": "/v1/messages", "status_code": 429,
            },
            {
                "timestamp": at("2026-05-17T10:05:05"), "account_id": "2001:db8::1", "ip": "2001:db8::1",
                "status_code": 400,
            },
        ],
        [(2, "malformed record")], (),
    ),
}  # fmt: skip

#: Detectors that cannot run on a fixture, for want of columns that its source does not have.
LACKING = {"openrouter": "template_uniformity", "access log": "release_pivot"}


def options(case: str) -> ReadOptions:
    joined = CASES[case][1]
    return ReadOptions(joins=() if joined is None else (str(FIXTURES / joined),))


def outcome(case: str, path: Path | None = None) -> Outcome:
    """What reading gave; parts of requests that were put together leave fewer rows than records."""
    path = path or FIXTURES / CASES[case][0]
    if case != "azure apim":
        return read_all([path], options(case))
    with open_log([str(path)], options(case)) as log:
        batches = [batch for task in log.tasks() for batch in task()]
        frame = pl.concat([batch.frame for batch in batches], how="diagonal")
        rejects = pl.concat([batch.rejects for batch in batches]).rows()
        assert sum(batch.read for batch in batches) == frame.height + len(rejects) + 1
        return Outcome(frame, rejects, log.notes, batches, log.columns)


@pytest.mark.parametrize("case", CASES)
def test_every_column_of_every_row(case: str) -> None:
    _, _, name, expected, rejected, notes = CASES[case]
    found = outcome(case)
    assert rows(found) == expected
    assert found.reasons == rejected
    assert found.notes == tuple(sorted((*notes, said(name))))


@pytest.mark.parametrize("case", [case for case in CASES if not CASES[case][0].endswith(".parquet")])
def test_compressed_logs_read_the_same(case: str, tmp_path: Path) -> None:
    fixture = FIXTURES / CASES[case][0]
    packed = tmp_path / f"{fixture.name}.gz"
    packed.write_bytes(gzip.compress(fixture.read_bytes()))
    assert rows(outcome(case, packed)) == CASES[case][3]


@pytest.mark.parametrize("case", CASES)
def test_exemplars_are_the_same_texts(case: str) -> None:
    found = outcome(case)
    texts = ["prompt", "system_prompt"]
    with open_log([str(FIXTURES / CASES[case][0])], options(case)) as log:
        fetched = log.fetch(found.frame, texts)
    for name in texts:
        expected = found.frame[name].to_list() if name in found.frame.columns else [None] * found.frame.height
        assert fetched[name].to_list() == expected


@pytest.mark.parametrize("case", CASES)
def test_a_whole_analysis_runs_and_names_what_could_not(case: str) -> None:
    log = FIXTURES / CASES[case][0]
    report = distillscan.analyze(log, distillscan.AnalyzeOptions(joins=options(case).joins))
    document = report.to_dict()
    assert document["population"]["accounts"] == len({row["account_id"] for row in CASES[case][3]})
    columns = {name for row in CASES[case][3] for name in row}
    limits = document["limitations"]
    for run in document["detectors"]:
        able = all(any(name in columns for name in need.split("|")) for need in run["needs"])
        assert (run["status"] == "ok") == able, run
        assert able or any(text.startswith(f"{run['name']} skipped: ") for text in limits)
    assert any("no address" in text for text in limits) == ("ip" not in columns)
    assert any("no prompts" in text for text in limits) == (not columns & {"prompt", "system_prompt"})
    assert said(CASES[case][2]) in limits


def test_parquet_of_the_same_source_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "wildchat.parquet"
    pl.read_ndjson(FIXTURES / "wildchat.ndjson").write_parquet(path)
    assert rows(read_all([path])) == CASES["wildchat"][3]


def test_encrypted_bodies_are_refused() -> None:
    log = FIXTURES / "cloudflare_encrypted.ndjson"
    with pytest.raises(InputError, match=r"RequestBody is encrypted, as Logpush writes it\. Decrypt the log with"):
        open_log([str(log)])


def test_vllm_knows_no_accounts_but_adapters() -> None:
    log = FIXTURES / "vllm.log"
    with pytest.raises(InputError, match=r"there is nothing for account_id\. vLLM does not know who called"):
        open_log([str(log)])
    found = read_all([log], ReadOptions(mapping={"account_id": "lora"}))
    other = "no request to a model: a line of startup, statistics or the web server"
    assert found.reasons == [(0, other), (2, other), (3, other), (4, "account_id missing")]
    assert rows(found) == [
        {
            "timestamp": at("2000-05-01T12:00:00"), "account_id": "customer-1", "request_id": "chatcmpl-1",
            "prompt": r"What\'s two and two?",
        },
        {
            "timestamp": at("2000-05-01T12:00:03"), "account_id": "customer-2", "request_id": "cmpl-3",
            "prompt": "It's an older version",
        },
    ]  # fmt: skip
    assert found.notes == tuple(sorted((said("vllm"), "timestamp has no year: read as of 2000")))


@pytest.mark.parametrize("name", ["usage_totals.json", "usage_by_day.csv"])
def test_totals_are_counted_and_left_out(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no request: a total of many, by day, hour or minute"):
        distillscan.analyze(FIXTURES / name)
    for fixture in (name, "new_api.csv"):
        (tmp_path / fixture).write_bytes((FIXTURES / fixture).read_bytes())
    document = distillscan.analyze(tmp_path).to_dict()
    assert document["population"]["requests"] == 2
    assert document["rejected"]["reasons"]["no request: a total of many, by day, hour or minute"] in (1, 2)


def test_what_older_databricks_tables_lack_is_named_and_can_be_mapped() -> None:
    log = FIXTURES / "databricks_old.ndjson"
    with pytest.raises(InputError, match=r"there is nothing for account_id\. Older tables do not say who called"):
        open_log([str(log)])
    assert rows(read_all([log], ReadOptions(mapping={"account_id": "request.user"}))) == [
        {
            **CALL, **ASKED, "timestamp": at("2026-05-01T12:00:00"), "account_id": "user-1", "request_id": "r-1",
            "model": "gpt-5-2026", "cached_tokens": 8, "status_code": 200, "stop_reason": "stop",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fixture", "path", "account"),
    [("vertex.ndjson", "full_request.labels.team", "t"), ("langsmith.parquet", "extra.metadata.thread_id", "conv-1")],
)
def test_the_analyst_names_the_label_that_tells_the_account(fixture: str, path: str, account: str) -> None:
    found = read_all([FIXTURES / fixture], ReadOptions(mapping={"account_id": path}))
    assert found.frame["account_id"][0] == account


def test_every_schema_has_a_case() -> None:
    joined = {"cloudtrail", "azure_apim_gateway", "langfuse_traces"}
    assert {case[2] for case in CASES.values()} | joined | {"usage_totals", "vllm"} == set(presets())
    assert joined == {name for name, schema in presets().items() if schema.kind == "join"}


PAGE = DOCS / "log-schemas.md"


def test_every_schema_has_its_section_with_the_command_that_exports_it() -> None:
    text = PAGE.read_text()
    for name, schema in presets().items():
        if schema.kind == "join":
            assert f"`{name}`" in text
            continue
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert "\n```sh\n" in section or "\n```yaml\n" in section, name
        assert f"[`{name}`](#{name})" in text


def test_the_schema_on_the_page_is_one() -> None:
    block = PAGE.read_text().partition("```toml\n")[2].partition("```")[0]
    schema = parse_schema(block, "the page")
    assert schema.columns["timestamp"].paths == ("startedAt", "payload.startedAt")
    assert (schema.newest, schema.parts, schema.join_key) != (None, None, ())


@pytest.mark.parametrize("name", presets())
def test_no_schema_declares_a_whole_deployment_one_customer(name: str) -> None:
    """An organisation that all accounts share explains everything they have in common away."""
    column = presets()[name].columns.get("org_id")
    shared = {"project_id", "workspace", "workspace_name", "accountId", "ProductId", "_ResourceId"}
    shared |= {"recipientAccountId", "userIdentity.accountId"}
    assert column is None or not shared.intersection(column.paths)
