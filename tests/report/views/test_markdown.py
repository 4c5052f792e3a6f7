"""Markdown for tickets: text from a log stays text, whatever it looks like."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from distillscan.report.filters import select
from distillscan.report.views.markdown import code, paragraph, prose, to_markdown
from distillscan.report.views.shared.judgement import nothing_looked_at
from distillscan.result import Result, Template
from distillscan.sanitize import visible
from tests.support.fake_results import DETECTORS, UNLOOKED, busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ALLOWED = {
    *("text", "code_inline", "strong_open", "strong_close", "em_open", "em_close", "softbreak", "inline", "fence"),
    *(f"{name}_{side}" for name in ("paragraph", "heading", "bullet_list", "list_item") for side in ("open", "close")),
    *(f"{name}_{side}" for name in ("table", "thead", "tbody", "tr", "th", "td") for side in ("open", "close")),
}
MARKDOWN_TRAPS = (
    *(
        "# heading",
        "- item",
        "+ item",
        "* item",
        "1. item",
        "2) item",
        "> quote",
        "---",
        "===",
        "```\nfence",
        "~~~",
        "    code",
    ),
    *(
        "<b>x</b>",
        "<!-- x -->",
        "&lt;&#64;",
        "[x](y)",
        "[x]: http://y",
        "![i](j)",
        "<http://x.example>",
        "`a` ``b``",
        "``",
        "`",
    ),
    *(
        "a | b",
        "|---|",
        r"a \| b",
        "\\",
        "*x* _y_ **z** ~~s~~",
        ":smile:",
        "$x$",
        "@admin",
        "#123",
        "see http://x.example/a_b now",
    ),
    *("www.example.org", "javascript:alert(1)", "`@", "``@a``", "@|x|"),
)


def _tokens(text: str) -> list[Token]:
    flat: list[Token] = []
    for token in PARSER.parse(text):
        flat += [token, *(token.children or [])]
    return flat


def _read(text: str) -> str:
    """What a reader sees of a paragraph."""
    return "".join(t.content for t in _tokens(text) if t.type in ("text", "code_inline"))


@pytest.mark.parametrize("text", [*HOSTILE, *MARKDOWN_TRAPS])
def test_text_from_a_log_makes_no_structure(text: str) -> None:
    shown = to_markdown(hostile(text))
    kinds = {token.type for token in _tokens(shown)}
    assert kinds <= ALLOWED
    counts = [sum(t.type == kind for t in _tokens(shown)) for kind in ("heading_open", "tr_open", "td_open", "fence")]
    assert counts == [13, 4, 13, 1]
    assert "\x1b" not in shown
    shown.encode()


@pytest.mark.parametrize("text", MARKDOWN_TRAPS)
def test_prose_reads_as_it_was_written(text: str) -> None:
    assert [t.type for t in PARSER.parse(paragraph(text))] == ["paragraph_open", "inline", "paragraph_close"]
    assert _read(paragraph(text)) == visible(text).strip()
    assert {t.type for t in _tokens(paragraph(text))} <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "code_inline",
    }


@given(
    st.text(
        st.characters(exclude_categories=("C", "Z")) | st.sampled_from(list("`*_[]()<>#|~!&\\@: -+=1.\n")), max_size=40
    )
)
def test_any_text_is_one_paragraph_that_reads_the_same(text: str) -> None:
    shown = paragraph(text)
    assert _read(shown) == visible(text).strip()


@given(st.text(st.sampled_from(list("`a |\\")), min_size=1, max_size=20))
def test_any_text_is_one_piece_of_code(text: str) -> None:
    tokens = [t for t in _tokens(code(text)) if t.type not in ("paragraph_open", "paragraph_close", "inline")]
    if text.strip():
        assert [t.type for t in tokens] == ["code_inline"]
        assert tokens[0].content.strip() == text.strip()
    else:
        assert code(text) == "*(empty)*"


@pytest.mark.parametrize(
    "text", ["@admin", "mail@host.example", "http://x.example", "www.example.org", "see #123", "GH javascript:x"]
)
def test_what_trackers_would_link_is_code(text: str) -> None:
    word = text.split()[-1]
    assert f"`{word}`" in prose(text)


def test_no_text_is_said_to_be_none() -> None:
    assert code(" ") == "*(empty)*"


def test_a_template_cannot_leave_its_fence() -> None:
    template = Template("t", "```\n# out\n````", "prompt", 1, 0.5, 0)
    shown = to_markdown(quiet(clusters=(cluster(templates=(template,)),)))
    (fence,) = [t for t in _tokens(shown) if t.type == "fence"]
    assert fence.content == r"```\n# out\n````" + "\n"


def test_the_table_shows_every_cluster() -> None:
    rendered = PARSER.render(to_markdown(busy()))
    ranking = rendered.partition("</table>")[0]
    rows = re.findall(r"<tr>\n(.*?)</tr>", ranking, re.DOTALL)[1:]
    first = [html.unescape(re.sub("<.*?>", "", cell)) for cell in rows[0].split("</td>\n")]
    assert len(rows) == 4
    assert first[:9] == [
        "1",
        "critical",
        "template-7f3a91c25e",
        "312",
        "48,211",
        ">99 %",
        "97 %",
        "0.987",
        "2026-05-02–05-15",
    ]


def test_a_bar_in_a_cell_stays_in_its_cell() -> None:
    shown = to_markdown(quiet(clusters=(cluster(cluster_id="a|b", summary="c|d x@y|z"),)))
    row, *_ = re.findall(r"<tbody>\n<tr>\n(.*?)</tr>", PARSER.render(shown), re.DOTALL)
    cells = [re.sub("<.*?>", "", cell) for cell in row.split("</td>\n")][:-1]
    assert len(cells) == 10
    assert (cells[2], cells[9]) == ("a|b", "c|d x@y|z")


@pytest.mark.parametrize(
    ("detectors", "sentence"),
    [
        (
            DETECTORS,
            "**No set of accounts in this log looks like one undeclared operator, as far as 3 of 4 detectors could "
            "tell. What was checked and what could not be is below.**",
        ),
        ((), "- no detector was chosen"),
    ],
)
def test_what_nothing_found_means(detectors: tuple[object, ...], sentence: str) -> None:
    assert sentence in to_markdown(quiet(detectors=detectors)).split("\n")


@pytest.mark.parametrize("result", UNLOOKED)
def test_that_nothing_was_looked_at_is_the_first_line(result: Result) -> None:
    shown = to_markdown(result)
    assert shown.startswith(f"**{nothing_looked_at(result)}**\n\n# distillscan")
    assert "No set of accounts" not in shown


def test_what_filters_leave_out_is_said() -> None:
    lines = to_markdown(select(busy(), "high", cluster="template-7f3a91c25e")).split("\n")
    assert "4 clusters: 1 critical, 1 high, 1 medium, 1 low" in lines
    assert (
        "3 clusters are not shown (1 high, 1 medium, 1 low) because of --min-severity high "
        "--cluster template-7f3a91c25e." in lines
    )


def test_long_lists_say_how_much_is_missing() -> None:
    many = cluster(infrastructure={"ip": {"distinct": 61, "top": [f"10.0.0.{i}" for i in range(8)]}})
    shown = to_markdown(quiet(clusters=(many,)))
    assert "`10.0.0.4` and 56 more\n" in shown
    assert "`acct_00019` and 292 more\n" in shown


def test_rejected_rows_and_a_sum_that_is_not_there() -> None:
    shown = to_markdown(busy())
    assert "## 1,204 rows not used\n\n- 1,200: timestamp is no date or time\n- 4: account\\_id is empty\n" in shown
    bare = cluster(weights=(), evidence=(), templates=(), capabilities={}, infrastructure={}, benign_explanations=())
    shown = to_markdown(quiet(clusters=(bare,), limitations=()))
    assert "### One undeclared operator: >99 %\n\nNo evidence either way.\n" in shown
    for heading in ("Templates", "Infrastructure", "Innocent", "Limitations", "not used"):
        assert heading not in shown
