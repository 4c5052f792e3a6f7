"""Logs as gateways and clouds write them, a JSON record a request: what the tool recognises and reads bodies of."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import polars as pl

#: Characters of an answer, and of an instruction that all requests of one model have.
_ANSWER: Final = 400
_INSTRUCTION: Final = 300


class Exchange(NamedTuple):
    """A request of the ordinary log, with what a record has beside it."""

    number: int
    sent: datetime
    account: str
    ip: str
    user_agent: str
    model: str
    prompt: str
    input_tokens: int
    output_tokens: int
    instruction: str
    answer: str


Record: TypeAlias = dict[str, Any]


def litellm(one: Exchange) -> Record:
    """What LiteLLM's file and bucket loggers write (``StandardLoggingPayload``)."""
    begun = one.sent.timestamp()
    usage = {"prompt_tokens": one.input_tokens, "completion_tokens": one.output_tokens}
    usage |= {"total_tokens": one.input_tokens + one.output_tokens}
    message = {"role": "assistant", "content": one.answer, "tool_calls": None, "function_call": None}
    return {
        "id": f"chatcmpl-{one.number:08x}",
        "trace_id": f"trace-{one.number // 3:08x}",
        "call_type": "acompletion",
        "litellm_call_id": f"call-{one.number:08x}",
        "status": "success",
        "cache_hit": False,
        "custom_llm_provider": "openai",
        "startTime": begun,
        "endTime": begun + one.output_tokens / 80,
        "model": one.model,
        "model_group": one.model,
        "response_cost": one.output_tokens * 1e-5,
        **usage,
        "metadata": {
            "user_api_key_hash": sha256(one.account.encode()).hexdigest(),
            "user_api_key_user_id": one.account,
            "user_api_key_team_id": None,
            "usage_object": {**usage, "prompt_tokens_details": {"cached_tokens": one.input_tokens // 2}},
        },
        "end_user": "",
        "requester_ip_address": one.ip,
        "user_agent": one.user_agent,
        "request_tags": [one.user_agent],
        "model_parameters": {"temperature": 0.7, "max_tokens": 2048, "stream": False},
        "messages": [
            {"role": "system", "content": one.instruction},
            {"role": "user", "content": [{"type": "text", "text": one.prompt}]},
        ],
        "response": {
            "id": f"chatcmpl-{one.number:08x}",
            "object": "chat.completion",
            "created": int(begun),
            "model": one.model,
            "choices": [{"finish_reason": "stop", "index": 0, "message": message}],
            "usage": usage,
        },
    }


def bedrock(one: Exchange) -> Record:
    """What Amazon Bedrock writes of a call (``ModelInvocationLog``)."""
    usage = {"input_tokens": one.input_tokens, "output_tokens": one.output_tokens}
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": one.sent.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": "111122223333",
        "identity": {"arn": f"arn:aws:sts::111122223333:assumed-role/gateway/{one.account}"},
        "region": "us-east-1",
        "requestId": f"{one.number:08x}-0000-4000-8000-000000000000",
        "operation": "InvokeModel",
        "modelId": f"anthropic.{one.model}-v1:0",
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 2048,
                "system": one.instruction,
                "messages": [{"role": "user", "content": [{"type": "text", "text": one.prompt}]}],
            },
            "inputTokenCount": one.input_tokens,
            "cacheReadInputTokenCount": one.input_tokens // 2,
        },
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": {
                "id": f"msg_{one.number:08x}",
                "type": "message",
                "role": "assistant",
                "model": one.model,
                "content": [{"type": "text", "text": one.answer}],
                "stop_reason": "end_turn",
                "usage": usage,
            },
            "outputTokenCount": one.output_tokens,
        },
    }


#: Recognised sources by name.
SOURCES: Final[Mapping[str, Callable[[Exchange], Record]]] = MappingProxyType({"LiteLLM": litellm, "Bedrock": bedrock})


def write_records(ordinary: Path, source: str, path: Path) -> None:
    """Write the requests of an ordinary log as records of a source, one a line; answers are other requests' words."""
    frame = pl.read_parquet(ordinary).select(
        pl.int_range(pl.len()), "timestamp", "account_id", "ip", "user_agent", "model", "prompt",
        "input_tokens", "output_tokens",
        instruction=pl.col("prompt").first().over("model").str.slice(0, _INSTRUCTION),
        answer=pl.col("prompt").reverse().str.slice(0, _ANSWER),
    )  # fmt: skip
    with path.open("w", encoding="utf-8") as file:
        for row in frame.iter_rows():
            file.write(json.dumps(SOURCES[source](Exchange(*row)), separators=(",", ":")) + "\n")
