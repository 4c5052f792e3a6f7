"""The page: complete without the network, without anything that runs, and nothing from a log becomes a part of it."""

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Outcome

from distillscan.report.filters import select
from distillscan.report.views import html as page
from distillscan.report.views.html import to_html
from distillscan.report.views.shared.judgement import nothing_looked_at
from distillscan.result import Result, Weight
from distillscan.sanitize import clip, visible
from tests.support.fake_results import DETECTORS, UNLOOKED, busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE, TABLE, claims, is_harmless

Run = Callable[..., Outcome]

VOID = {"meta", "br", "rect", "line"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "details", "summary"),
    *(
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "table",
        "tr",
        "th",
        "td",
        "div",
        "span",
        "strong",
        "code",
        "pre",
        "bdi",
        "br",
    ),
    *("a", "svg", "rect", "line"),
}
ATTRIBUTES = {
    *("charset", "http-equiv", "content", "name", "lang", "class", "id", "href", "dir", "role", "data-name", "open"),
    *(
        "viewbox",
        "preserveaspectratio",
        "aria-label",
        "aria-hidden",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "width",
        "height",
    ),
}


class Page(HTMLParser):
    """What a browser makes of a page: elements, attributes, and text by element."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def texts(self, tag: str) -> list[str]:
        return [text for where, text in self.words if where == tag]


def shape(read: Page) -> list[str]:
    return [tag for tag in read.tags if tag not in ("bdi", "br")]


HARMLESS = Page(to_html(hostile("harmless")))


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
def test_text_from_a_log_makes_no_element(text: str) -> None:
    source = to_html(hostile(text))
    read = Page(source)
    assert shape(read) == shape(HARMLESS)
    assert {tag for tag, _, _ in read.attributes} | set(read.tags) <= TAGS
    assert {name for _, name, _ in read.attributes} <= ATTRIBUTES
    assert [a for a in read.attributes if a[1] not in ("aria-label", "content")] == [
        a for a in HARMLESS.attributes if a[1] not in ("aria-label", "content")
    ]
    assert is_harmless(source)
    assert claims(source) == []


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
def test_text_reads_as_it_was_written_and_stands_by_itself(text: str) -> None:
    read = Page(to_html(hostile(text)))
    shown = read.texts("bdi")
    assert clip(text, 80) in shown  # an account
    assert clip(text, 240) in shown  # the summary in the table
    assert clip(text, 600) in shown  # the summary of the cluster
    assert read.texts("pre") == [clip(text, 2000)]
    assert len(visible(text)) > 160 or shown.count(clip(text, 160)) > 10


def test_no_link_leads_out_and_nothing_is_loaded_or_run() -> None:
    for source in (to_html(busy()), to_html(hostile(TABLE["markdown autolink"]))):
        read = Page(source)
        links = [value for _, name, value in read.attributes if name in ("href", "src", "action", "data", "xlink:href")]
        assert links
        assert all(re.fullmatch(r"#cluster-\d+", value) for value in links)
        assert not {"script", "iframe", "object", "embed", "link", "base", "form", "img"} & set(read.tags)
        assert not [name for _, name, _ in read.attributes if name.startswith("on") or name == "style"]
        assert "url(" not in source
        assert "@import" not in source


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    read = Page(to_html(busy()))
    (style,) = read.texts("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [value for tag, name, value in read.attributes if tag == "meta" and name == "content"]
    assert policies[0] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_cluster_is_in_the_table_and_has_its_part() -> None:
    read = Page(to_html(busy()))
    links = [value for tag, name, value in read.attributes if (tag, name) == ("a", "href")]
    sections = [value for tag, name, value in read.attributes if (tag, name) == ("section", "id")]
    assert links == [f"#{name}" for name in sections] == [f"#cluster-{k}" for k in (1, 2, 3, 4)]
    assert read.texts("h3").count("Templates") == 1
    said = "".join(text for _, text in read.words)
    for words in (
        "312 accounts, 48,211 requests, 2026-05-02 03:00 to 2026-05-15 22:59 UTC (14 days)",
        "One undeclared operator: >99 %",
        "content +8.6: 298 of 312 accounts carry a prompt skeleton that 2 of 40,938 other accounts carry",
        "evaluation harness – 41 accounts grade answers by a rubric, as evaluation suites do",
        "requests per day, most 5,600 on 2026-05-08",
        "1,204 rows not used",
        "no ip column: network evidence not available",
        "infrastructure_overlap 1: not checked: needs ip",
        "9f" * 32,
        "and 4,880 more",
        "212 accounts, 3 outside, 18,201 requests",
    ):
        assert words in re.sub(r"\s+", " ", said), words
    assert said.index("holds") < said.index("not tested") < said.index("fails")


def test_weights_are_drawn_from_where_the_last_one_ended() -> None:
    weights = tuple(
        Weight("coordination", label, bits) for label, bits in (("prior", -10.0), ("content", 15.0), ("declared", -5.0))
    )
    source = to_html(quiet(clusters=(cluster(weights=weights),)))
    drawn = re.findall(r'<rect class="(\w+)" x="(\d+)" y="2" width="(\d+)"', source)
    assert drawn == [("prior", "0", "133"), ("for", "0", "199"), ("against", "133", "66"), ("sum", "133", "1")]


@pytest.mark.parametrize(
    ("detectors", "sentence"),
    [
        (DETECTORS, "No set of accounts in this log looks like one undeclared operator"),
        ((), "no detector was chosen"),
    ],
)
def test_what_nothing_found_means(detectors: tuple[Any, ...], sentence: str) -> None:
    read = Page(to_html(quiet(detectors=detectors, limitations=(), columns=())))
    assert any(sentence in text for _, text in read.words)
    assert "Limitations" not in read.texts("h2")


@pytest.mark.parametrize("result", UNLOOKED)
def test_that_nothing_was_looked_at_stands_first(result: Result) -> None:
    read = Page(to_html(result))
    texts = [text.strip() for tag, text in read.words if tag not in ("title", "style") and text.strip()]
    assert texts[0] == nothing_looked_at(result)
    assert not any("No set of accounts" in text for text in texts)


def test_what_filters_leave_out_is_said() -> None:
    read = Page(to_html(select(busy(), "high")))
    words = " ".join(text for _, text in read.words)
    assert "2 clusters are not shown (1 medium, 1 low) because of --min-severity high" in words
    assert "4 clusters:" in words


def test_a_bare_cluster_has_no_empty_parts() -> None:
    bare = cluster(
        weights=(), evidence=(), templates=(), capabilities={}, infrastructure={}, benign_explanations=(), timeline=()
    )
    many = cluster(account_ids=tuple(f"a-{k}" for k in range(501)))
    read = Page(to_html(quiet(clusters=(bare,))))
    assert "svg" not in read.tags
    assert read.texts("h3") == ["One undeclared operator: >99 %", "Harvesting the model: 97 %"]
    assert sum("No evidence either way." in text for _, text in read.words) == 2
    assert " and 1 more" in "".join(text for _, text in Page(to_html(quiet(clusters=(many,)))).words)


def test_classes_of_the_page_and_of_its_style_are_the_same() -> None:
    """A rule for what is not there, or a table without its rule, is how a narrow screen shows a letter a line."""
    read = Page(to_html(busy()))
    used = {name for _, attribute, value in read.attributes if attribute == "class" for name in value.split()}
    ruled = set(re.findall(r"\.([a-z]+)\b", page._resource("page.css").replace("details::details-content", "")))
    assert used - ruled == set()
    assert {"overview", "sum", "facts", "read", "columns", "what"} <= used


def test_every_number_of_the_overview_is_named_for_narrow_screens() -> None:
    read = Page(to_html(busy()))
    named = [value for _, attribute, value in read.attributes if attribute == "data-name"]
    assert named == ["accounts", "requests", "coordination", "extraction", "score", "seen"] * len(busy().clusters)


@pytest.mark.parametrize(
    ("accounts", "listed", "rest"), [(1, 3, "and 37 more, one account each"), (2, 8, "and 32 more")]
)
def test_values_that_nobody_shares_take_little_room(accounts: int, listed: int, rest: str) -> None:
    top = [{"value": f"192.0.2.{k}", "accounts": accounts, "requests": 1} for k in range(8)]
    some = cluster(infrastructure={"ip": {"distinct": 40, "top": top}})
    words = [text for _, text in Page(to_html(quiet(clusters=(some,)))).words]
    assert sum(text.startswith("192.0.2.") for text in words) == listed
    assert rest in words


def test_few_accounts_are_shown_without_a_click() -> None:
    for n, is_open in ((60, True), (61, False)):
        some = cluster(account_ids=tuple(f"a-{k}" for k in range(n)))
        read = Page(to_html(quiet(clusters=(some,))))
        assert (("details", "open", "") in [(t, a, v or "") for t, a, v in read.attributes]) is is_open


@pytest.mark.parametrize("name", ["r.html", "r.HTM"])
def test_the_suffix_chooses_it(run: Run, tmp_path: Path, name: str) -> None:
    assert run("analyze", "busy", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_text(encoding="utf-8") == to_html(busy())
