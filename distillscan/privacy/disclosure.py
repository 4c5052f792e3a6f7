"""What every canonical column is read for, and how much of it a report shows: the report says so for each run."""

from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from distillscan.columns import READABLE
from distillscan.privacy.pseudonyms import COLUMNS as HIDDEN
from distillscan.result import ColumnUse, Disclosure

#: Said of a column that is read with the others and goes nowhere.
NOTHING: Final = "nothing: read with the others and dropped"

#: Column to what it is for and what of it a report shows.
USES: Final = MappingProxyType[str, tuple[str, Disclosure]](
    {
        "timestamp": ("daily rhythm, synchrony, succession, releases, the timeline", "counts"),
        "account_id": ("who sent what; clusters list their accounts", "values"),
        "request_id": (NOTHING, "nothing"),
        "org_id": ("declared customers, which explain what their accounts share", "counts"),
        "api_key_id": ("keys that several accounts use", "counts"),
        "session_id": ("sessions that several accounts share (as hashes)", "counts"),
        "ip": ("addresses and networks that accounts share or rotate over", "values"),
        "asn": ("networks a cluster works from", "values"),
        "country": ("shown with a cluster's infrastructure, never weighed", "values"),
        "user_agent": ("clients: whom accounts are compared with, rare ones in common", "values"),
        "tls_fingerprint": ("clients: rare fingerprints in common", "values"),
        "device_id": ("devices that several accounts use", "values"),
        "payment_id": ("payment methods that several accounts use", "values"),
        "email_domain": ("mail domains of an operator's or a declared customer's own", "values"),
        "account_created_at": ("sign-ups in bursts", "counts"),
        "account_type": ("declared resellers", "values"),
        "plan": ("declared customers", "counts"),
        "pathway": ("how a cluster reaches the model", "counts"),
        "model": ("release pivots, the models a cluster uses", "values"),
        "system_prompt": ("wording that accounts have in common (as hashes), skeletons of it", "shared words"),
        "prompt": ("wording and conversations that accounts have in common (as hashes), skeletons", "shared words"),
        "response": ("answers that other accounts send in again (as hashes of lines)", "counts"),
        "input_tokens": ("volume", "counts"),
        "output_tokens": ("volume: what was taken from the model", "counts"),
        "cached_tokens": (NOTHING, "nothing"),
        "status_code": ("requests that were denied, limited or failed; when an account was stopped", "counts"),
        "stop_reason": ("requests that were refused", "counts"),
        "reasoning_signature": ("the same reasoning sent by several accounts (as hashes)", "counts"),
        "tools": ("tools in the few requests that are looked up for skeletons", "shared words"),
        "images": ("pictures in the few requests that are looked up for skeletons", "counts"),
    }
)


def column_uses(columns: Collection[str], *, pseudonyms: bool, prompts: bool) -> tuple[ColumnUse, ...]:
    """Return what the columns of a log were read for, in canonical order.

    With ``pseudonyms`` identities are shown as such only; without ``prompts`` no words of prompts are shown.
    """
    hidden = HIDDEN if pseudonyms else ()

    def shown(name: str) -> Disclosure:
        most = USES[name][1]
        if most == "values" and name in hidden:
            return "pseudonyms"
        return "counts" if most == "shared words" and not prompts else most

    return tuple(ColumnUse(name, USES[name][0], shown(name)) for name in READABLE if name in columns)
