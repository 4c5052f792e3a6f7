"""Results built by hand for the tests of every view: a busy log, a quiet one, and one full of hostile text."""

from dataclasses import replace
from typing import Any

from distillscan.result import (
    Cluster,
    ColumnUse,
    DetectorRun,
    Evidence,
    Explanation,
    Filters,
    Input,
    Population,
    Rejected,
    Result,
    Template,
    Weight,
)

DETECTORS = (
    DetectorRun(
        "template_uniformity",
        "1",
        "ok",
        "",
        ("prompt|system_prompt",),
        "prompts that share a skeleton with variable slots",
    ),
    DetectorRun(
        "account_fanout",
        "1",
        "ok",
        "",
        ("payment_id|device_id",),
        "many accounts in one hand: payments, devices, sign-ups",
    ),
    DetectorRun(
        "infrastructure_overlap", "1", "skipped", "needs ip", ("ip",), "addresses and networks shared beyond chance"
    ),
    DetectorRun("release_pivot", "1", "ok", "", ("model",), "traffic moved to a new model within a day"),
)


def timeline(days: int, base: int) -> tuple[dict[str, Any], ...]:
    shape = (1, 2, 2, 3, 5, 7, 8, 7, 6, 5, 5, 3, 2, 1)
    return tuple(
        {"date": f"2026-05-{2 + i:02d}", "requests": base * shape[i % len(shape)], "accounts": 40 + i}
        for i in range(days)
        if i != 9
    )


def cluster(rank: int = 1, **changes: Any) -> Cluster:
    """A template campaign over rotating proxies, as a detector run would describe it."""
    whole = Cluster(
        cluster_id="template-7f3a91c25e",
        rank=rank,
        severity="critical",
        score=0.9871,
        coordination=0.9968,
        extraction=0.9731,
        summary="312 accounts, 48,211 requests (11.9 an account and day), tied by content, identity and network; "
        "99 % one operator, 97 % harvesting",
        accounts=312,
        account_ids=tuple(f"acct_{i:05d}" for i in range(312)),
        requests=48_211,
        first_seen="2026-05-02T03:00:11Z",
        last_seen="2026-05-15T22:59:48Z",
        weights=(
            Weight("coordination", "prior", -10.0),
            Weight("coordination", "content", 8.6),
            Weight("coordination", "identity", 5.2),
            Weight("coordination", "network", 7.4),
            Weight("coordination", "declared organisation", -3.0),
            Weight("extraction", "prior", -1.5),
            Weight("extraction", "content", 5.1),
            Weight("extraction", "timing", 1.6),
        ),
        evidence=(
            Evidence(
                "template_uniformity",
                "content",
                "coordination",
                8.6,
                "298 of 312 accounts carry a prompt skeleton that 2 of 40,938 other accounts carry",
                {"templates": 3, "accounts": 298, "outside": 2, "coverage": 0.91},
            ),
            Evidence(
                "account_fanout",
                "identity",
                "coordination",
                3.9,
                "14 payment cards are used by 9 to 31 accounts each; no two of these name the same organisation",
                {"payments": 14, "largest": 31},
            ),
            Evidence(
                "account_fanout",
                "identity",
                "coordination",
                1.3,
                "41 accounts began within 12 hours of another one's last request",
                {"replacements": 41, "window_hours": 12},
            ),
            Evidence(
                "infrastructure_overlap",
                "network",
                "coordination",
                7.4,
                "61 addresses in 9 networks are each used by 4 to 22 members and by 3 others in all",
                {"addresses": 61, "networks": 9, "others": 3},
            ),
            Evidence(
                "template_uniformity",
                "content",
                "extraction",
                5.1,
                "96 % of the prompts ask for written-out reasoning",
                {"share": 0.96},
            ),
            Evidence(
                "release_pivot",
                "timing",
                "extraction",
                1.6,
                "47 % of the traffic moved to opus-5 within 24 hours of its release; 6 % of comparable accounts did",
                {"moved": 0.47, "comparable": 0.06},
            ),
        ),
        templates=(
            Template(
                "t-0a41",
                "You are an expert data analyst combining statistical rigour with deep domain knowledge. Deliver {...} "
                "grounded in {...}. Think step by step and write out the complete reasoning "
                "before the final answer. Task: {...}",
                "prompt",
                298,
                0.91,
                2,
            ),
            Template(
                "t-77c0",
                "Grade the following answer from 1 to {...} by this rubric: {...}",
                "system_prompt",
                41,
                0.12,
                0,
            ),
        ),
        capabilities={
            "models": [
                {"value": "sonnet-4-6", "requests": 25_102, "share": 0.5207},
                {"value": "opus-5", "requests": 23_109, "share": 0.4793},
            ],
            "intents": {"reasoning": 0.96, "code": 0.41},
        },
        infrastructure={
            "ip_prefix": [
                {"value": "203.0.113.0/24", "accounts": 212, "accounts_outside": 3, "requests": 18_201},
                {"value": "198.51.100.0/24", "accounts": 188, "accounts_outside": 0, "requests": 15_977},
                {"value": "2001:db8:40::/48", "accounts": 97, "accounts_outside": 0, "requests": 9_103},
                {"value": "192.0.2.0/24", "accounts": 12, "accounts_outside": 0, "requests": 1_002},
            ],
            "asn": [{"value": "AS64500", "accounts": 305, "accounts_outside": 411, "requests": 40_112}],
            "user_agent": [
                {"value": "python-requests/2.32.3", "accounts": 312, "accounts_outside": 9_120, "requests": 48_211}
            ],
        },
        timeline=timeline(14, 700),
        benign_explanations=(
            Explanation(
                "popular application",
                "fails",
                "the skeleton is on 2 accounts outside; an application has users elsewhere",
            ),
            Explanation(
                "one company", "fails", "no organisation, plan or mail domain covers more than 4 % of the accounts"
            ),
            Explanation(
                "evaluation harness", "holds", "41 accounts grade answers by a rubric, as evaluation suites do"
            ),
            Explanation("shared egress", "not tested", "no list of known VPN and carrier networks was given"),
        ),
    )
    return replace(whole, rank=rank, **changes)


def busy(**changes: Any) -> Result:
    """A log with clusters of every severity."""
    clusters = (
        cluster(1),
        cluster(
            2,
            cluster_id="ip-10be44d0a7",
            severity="high",
            score=0.9412,
            coordination=0.981,
            extraction=0.902,
            summary="5,380 accounts relay varied prompts to one model from a rotating pool",
            accounts=5_380,
            account_ids=tuple(f"user-{i}" for i in range(5_380)),
            requests=301_774,
            first_seen="2026-05-11T00:00:02Z",
            last_seen="2026-05-20T23:59:58Z",
            evidence=cluster().evidence[3:4] + cluster().evidence[5:],
            weights=(
                Weight("coordination", "prior", -10.0),
                Weight("coordination", "network", 9.0),
                Weight("coordination", "timing", 4.0),
                Weight("coordination", "identity", 2.7),
                Weight("extraction", "prior", -1.5),
                Weight("extraction", "timing", 4.0),
            ),
            templates=(),
            timeline=timeline(10, 5_000),
        ),
        cluster(
            3,
            cluster_id="system-template-99d1e07b01",
            severity="medium",
            score=0.7105,
            coordination=0.93,
            extraction=0.41,
            summary="44 accounts share 3 devices and a sign-up burst; their prompts are ordinary",
            accounts=44,
            account_ids=tuple(f"m{i}" for i in range(44)),
            requests=2_310,
            first_seen="2026-05-07T14:10:00Z",
            last_seen="2026-05-07T19:45:00Z",
            weights=(Weight("coordination", "prior", -10.0), Weight("coordination", "identity", 13.6)),
            evidence=cluster().evidence[1:2],
            templates=(),
            capabilities={},
            infrastructure={},
            timeline=(),
            benign_explanations=(),
        ),
        cluster(
            4,
            cluster_id="device-4e02a7aa93",
            severity="low",
            score=0.5011,
            coordination=0.62,
            extraction=0.004,
            summary="6 accounts of one household or small team",
            accounts=6,
            account_ids=("a", "b", "c", "d", "e", "f"),
            requests=97,
            weights=(),
            evidence=(),
            templates=(),
            capabilities={},
            infrastructure={},
            timeline=(),
            benign_explanations=(),
        ),
    )
    whole = Result(
        version="0.1.0",
        parameters={"cluster": {"min_accounts": 5}, "score": {"prior_coordination": -10.0}, "detectors": {}},
        inputs=(
            Input("logs/2026-05.parquet", 1_900_000, 499_494_330, "9f" * 32),
            Input("logs/late.csv.gz", 101_204, 8_112_004, "0c" * 32),
        ),
        rejected=Rejected(1_204, {"timestamp is no date or time": 1_200, "account_id is empty": 4}),
        population=Population(2_000_000, 41_250, "2026-05-01T00:00:00Z", "2026-05-31T23:59:59Z"),
        detectors=DETECTORS,
        clusters=clusters,
        limitations=("no ip column: network evidence not available", "timestamps have no zone: UTC assumed"),
        columns=(
            ColumnUse("account_id", "who sent what; clusters list their accounts", "values"),
            ColumnUse("prompt", "wording that accounts have in common, skeletons", "shared words"),
            ColumnUse("response", "nothing: read with the others and dropped", "nothing"),
        ),
    )
    return replace(whole, **changes)


def quiet(**changes: Any) -> Result:
    """A log in which nothing was found."""
    whole = replace(busy(), clusters=(), rejected=Rejected(0, {}), inputs=busy().inputs[:1])
    return replace(whole, **changes)


def hostile(text: str) -> Result:
    """A result with ``text`` wherever a log, a file name or a third-party detector can put text."""
    one = cluster(
        cluster_id=text,
        summary=text,
        account_ids=(text, "acct_1"),
        accounts=2,
        first_seen=text,
        evidence=(Evidence(text, "content", "coordination", 3.0, text, {text: text, "list": [text, {"deep": text}]}),),
        weights=(Weight("coordination", text, 3.0),),
        templates=(Template(text, text, "prompt", 2, 0.5, 0),),
        capabilities={text: [{"value": text, text: text}], "models": {text: 3}, "plain": text},
        infrastructure={"ip": [text, text], text: {text: {"accounts": 1, "requests": 2}}},
        timeline=({"date": text, "requests": 1}, {text: text}),
        benign_explanations=(Explanation(text, "holds", text),),
    )
    return busy(
        filters=Filters("low", 3, text, {"low": 1}),
        version=text,
        parameters={text: text},
        inputs=(Input(text, 1, 1, text),),
        rejected=Rejected(1, {text: 1}),
        population=Population(1, 1, text, text),
        detectors=(
            DetectorRun(text, text, "error", text, (text,), text),
            DetectorRun(text, text, "ok", "", (text,), text),
        ),
        clusters=(one,),
        limitations=(text,),
        columns=(ColumnUse(text, text, "values"),),
    )


#: Reports of runs that looked at nothing: an empty log, no detector that could run, none that was chosen.
UNLOOKED = (
    quiet(population=Population(0, 0, "", "")),
    quiet(detectors=DETECTORS[2:3]),
    quiet(detectors=()),
)
