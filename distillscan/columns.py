"""Canonical columns of a request log: their names, types and meaning."""

from types import MappingProxyType
from typing import Final

import polars as pl

TIMESTAMP: Final = pl.Datetime("us", "UTC")

#: Canonical column to polars type. Only ``REQUIRED`` must be present; others may be absent, or null in some rows.
CANONICAL: Final = MappingProxyType(
    {
        "timestamp": TIMESTAMP,
        "account_id": pl.String(),
        "request_id": pl.String(),
        "org_id": pl.String(),
        "api_key_id": pl.String(),
        "session_id": pl.String(),
        "ip": pl.String(),
        "asn": pl.String(),
        "country": pl.String(),
        "user_agent": pl.String(),
        "tls_fingerprint": pl.String(),
        "device_id": pl.String(),
        "payment_id": pl.String(),
        "email_domain": pl.String(),
        "account_created_at": TIMESTAMP,
        "account_type": pl.String(),
        "plan": pl.String(),
        "pathway": pl.String(),
        "model": pl.String(),
        "system_prompt": pl.String(),
        "prompt": pl.String(),
        "response": pl.String(),
        "input_tokens": pl.Int64(),
        "output_tokens": pl.Int64(),
        "cached_tokens": pl.Int64(),
        "status_code": pl.Int64(),
        "stop_reason": pl.String(),
        "reasoning_signature": pl.String(),
    }
)

#: What a request carried beside its words: names of tools that were offered or called (``bash,read_file``), and how
#: many pictures were sent. They are read for the requests a report looks up, not for every row: the profile has no use
#: for them.
CARRIED: Final = MappingProxyType({"tools": pl.String(), "images": pl.Int64()})

#: Every column a schema or a mapping may speak of.
READABLE: Final = MappingProxyType({**CANONICAL, **CARRIED})

REQUIRED: Final = ("timestamp", "account_id")

#: Columns added by ``read``: which input (its position in the sorted list of inputs) and which record in it, from 0.
SOURCE: Final = "source"
ROW: Final = "row"
POINTER: Final = MappingProxyType({SOURCE: pl.UInt32(), ROW: pl.UInt64()})
