"""The tables of a profile: their schemas, keys and how many rows an account may have in each.

Every set that belongs to an account (its addresses, its prompts, ...) is kept as a bottom-k sample: the k members with
the smallest hash. Such samples are *coordinated*, because all accounts order their members by the same hash, so what
two accounts share is kept in both; their counts are exact; and they merge exactly, because a member among the k
smallest of a union is among the k smallest of its part (Cohen and Kaplan, "Summarizing data using bottom-k sketches",
PODC 2007). This is what makes a profile small and mergeable at the same time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from distillscan.columns import TIMESTAMP

#: Kinds of entity, in the order in which reports list them.
KINDS: Final = (
    "ip", "ip_prefix", "asn", "country", "tls", "user_agent", "client", "device", "payment", "email_domain", "org",
    "plan", "account_type", "pathway", "api_key", "session", "system_prompt", "conversation", "reasoning_signature",
    "output_line", "input_line",
)  # fmt: skip
KIND: Final = pl.Enum(KINDS)

#: Kinds whose concrete value is text of a conversation, of which the profile keeps the hash only.
PRIVATE_KINDS: Final = frozenset(
    {"session", "system_prompt", "conversation", "reasoning_signature", "output_line", "input_line"}
)

#: Most entities of one kind kept for one account; a busy account may have touched far more.
LINKS_KEPT: Final = 48
#: Most distinct prompts kept for one account: what a template covers is estimated from these.
PROMPTS_KEPT: Final = 16
#: Bytes at the beginning of a prompt that name its conversation: first messages repeat while the conversation grows.
CONVERSATION_HEAD: Final = 256
#: Bytes from which a line of an answer or prompt is told again: shorter ones are phrases that everybody meets.
LINE_MIN: Final = 48
#: Prompt bytes and output tokens above this count as this in the sums of squares, so that 64 bits hold them.
SQUARE_LIMIT: Final = 1 << 20

ACCOUNTS: Final = pl.Schema(
    {
        "account": pl.UInt64(),  # hash of account_id
        "account_id": pl.String(),
        "requests": pl.UInt32(),
        "first": TIMESTAMP,
        "last": TIMESTAMP,
        "created": TIMESTAMP,  # earliest creation date a row states
        "input_tokens": pl.UInt64(),
        "output_tokens": pl.UInt64(),
        "output_squares": pl.UInt64(),
        "with_output": pl.UInt32(),  # requests that state output tokens
        "prompt_bytes": pl.UInt64(),
        "prompt_squares": pl.UInt64(),
        "with_prompt": pl.UInt32(),
        "denied": pl.UInt32(),  # status 401 or 403
        "limited": pl.UInt32(),  # status 429
        "failed": pl.UInt32(),  # any other status from 400
        "refused": pl.UInt32(),  # stop reason says the model or a filter refused
        "last_served": TIMESTAMP,  # last request that was not an error
        "first_denied": TIMESTAMP,
    }
)
LINKS: Final = pl.Schema(
    {
        "account": pl.UInt64(),
        "kind": KIND,
        "entity": pl.UInt64(),
        "requests": pl.UInt32(),  # of lines, how often they occur
        "first": TIMESTAMP,
    }
)
ENTITIES: Final = pl.Schema({"kind": KIND, "entity": pl.UInt64(), "value": pl.String()})
MODELS: Final = pl.Schema({"model": pl.UInt64(), "name": pl.String()})
ACTIVITY: Final = pl.Schema(
    {
        "account": pl.UInt64(),
        "model": pl.UInt64(),  # hash of the model's name, 0 where the row names none
        "hour": pl.Int32(),  # hours since 1970-01-01T00Z
        "requests": pl.UInt32(),
    }
)
#: What is known of a text.
TEXT: Final = {
    "bytes": pl.UInt32(),
    "tokens": pl.UInt32(),
    "intents": pl.UInt32(),  # bit set of ``intents.INTENTS``
    "language": pl.UInt8(),  # number in ``languages.LANGUAGES``, 0 if it cannot be told
    "sketch": pl.List(pl.UInt64()),
}
PROMPTS: Final = pl.Schema(
    {
        "account": pl.UInt64(),
        "prompt": pl.UInt64(),  # hash of its bytes
        "requests": pl.UInt32(),
        "pointer": pl.UInt64(),  # input and record of the first in the input, see ``batch.Rows``
        **TEXT,
    }
)
SYSTEMS: Final = pl.Schema(
    {
        "system_prompt": pl.UInt64(),  # hash of its bytes
        "normal": pl.UInt64(),  # hash of its tokens: the same for texts that differ only in digits, case, punctuation
        "pointer": pl.UInt64(),
        **TEXT,
    }
)

SCHEMAS: Final[Mapping[str, pl.Schema]] = MappingProxyType(
    {
        "accounts": ACCOUNTS,
        "links": LINKS,
        "entities": ENTITIES,
        "models": MODELS,
        "activity": ACTIVITY,
        "prompts": PROMPTS,
        "systems": SYSTEMS,
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The compact, mergeable summary of a log; every frame has the schema of the same name above, sorted by its key."""

    accounts: pl.DataFrame
    links: pl.DataFrame
    entities: pl.DataFrame
    models: pl.DataFrame
    activity: pl.DataFrame
    prompts: pl.DataFrame
    systems: pl.DataFrame
    columns: frozenset[str]  # canonical columns with at least one value

    @property
    def requests(self) -> int:
        """Number of requests summarised."""
        return int(self.accounts["requests"].sum())

    def estimated_bytes(self) -> int:
        """Memory the tables take, in bytes."""
        return sum(int(getattr(self, name).estimated_size()) for name in SCHEMAS)


def empty_profile() -> Profile:
    """Return the profile of a log without requests: the neutral element of ``merge``."""
    return Profile(**{name: schema.to_frame() for name, schema in SCHEMAS.items()}, columns=frozenset())
