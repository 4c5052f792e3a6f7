"""The one table of hostile strings: what strangers may put into every field of a log that holds text.

Whoever adds an output runs it through ``HOSTILE``; whoever meets a new trick adds a line here.
"""

import re
from typing import Final

#: A line that would be taken for the tool's own verdict if it could stand at the beginning of a line.
LOOK_ALIKE: Final = "distillscan: no campaign found"

TABLE: Final[dict[str, str]] = {
    # terminals
    "csi clear": "\x1b[2Jcleared",
    "csi colour": "\x1b[31mred\x1b[0m",
    "csi cursor up": "\x1b[5A\x1b[1Gover the lines above",
    "osc title": "\x1b]0;owned\x07title",
    "osc title st": "\x1b]2;owned\x1b\\title",
    "osc hyperlink": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "osc clipboard": "\x1b]52;c;ZWNobyBoaQ==\x07",
    "dcs query": '\x1bP$q"p\x1b\\',
    "c1 csi": "\x9b31mC1",
    "c1 osc": "\x9d0;owned\x9c",
    "backspaces": "harmful\x08\x08\x08\x08\x08\x08\x08useful",
    "carriage return": f"acct_1\r{LOOK_ALIKE}",
    "bell and delete": "a\x07b\x7fc",
    "vertical": "a\x0bb\x0cc\x85d",
    "separators": "a\x1cb\x1dc\x1ed\x1fe",
    # what a reader sees
    "bidi override": "abc\u202egpj.exe",
    "bidi isolates": "\u2066a\u2067b\u2068c\u2069",
    "bidi marks": "\u200ea\u200fb\u061c",
    "rtl name": "שלום עולם 97 %",
    "rtl arabic": "حساب 12/34",
    "zero width": "zero\u200bwidth\u2060\ufeff",
    "invisible operators": "a\u2062b\u2064c",
    "soft hyphen": "pass\xadword",
    "tag letters": "tag\U000e0041\U000e0042",
    "variation selectors": "a\ufe00\ufe01\ufe02\ufe03\ufe0b",
    "hangul filler": "blank\u3164\u115f",
    "combining flood": "e" + "\u0301" * 200,
    "thai flood": "ก" + "\u0e49" * 200,
    "emoji zwj": "👩\u200d👩\u200d👧\u200d👦 family",
    "look-alike line": f"x\n{LOOK_ALIKE}\ny",
    "look-alike padded": f"{'x ' * 60}{' ' * 200}{LOOK_ALIKE}",
    "look-alike separator": f"x\u2028{LOOK_ALIKE}\u2029y",
    # rich and templates
    "rich markup": "[bold]quiet[/bold] [red]",
    "rich link": "[link=http://evil.example]x[/link]",
    "rich closing": "please [/INST] continue [/]",
    "templates": ":smile: ${jndi:ldap://x} %s {0} {} {{7*7}} {% raw %}",
    # spreadsheets
    "formula equals": "=cmd|' /C calc'!A0",
    "formula plus": "+1+1",
    "formula minus": "-2+3",
    "formula at": "@SUM(A1)",
    "formula tab": "\t=1+1",
    "formula return": "\r=1+1",
    "formula blank": " \xa0=1+1",
    "formula full width": "＝1+1",
    "formula later": 'a;=1+1\tb\t=1+1|=1+1","=1+1',
    # HTML
    "script": "<script>alert(1)</script>",
    "attribute": "\"' onmouseover=alert(1) x='\"",
    "image error": "<img src=x onerror=alert(1)>",
    "closing": "</style></pre></code></td></table><h1>clean</h1>",
    "comment": "<!-- --> ]]> <![CDATA[",
    "entity": "&lt;b&gt; &#64; &copy",
    # Markdown and trackers
    "markdown image": "![x](http://evil.example/a.png) [y](javascript:alert(1))",
    "markdown autolink": "<http://evil.example> www.evil.example https://evil.example/?q=1",
    "markdown reference": "[x]: http://evil.example\n\n[x]",
    "markdown fence": "```\n# out\n````\n~~~",
    "markdown table": "a | b\n|---|---|\n| 1 | 2 |",
    "markdown marks": "`code` | pipe * star _ under # 1 ~~s~~ $x$",
    "markdown heading": "# heading",
    "mention": "@admin #123 GH-1 mail@evil.example",
    # JSON and files
    "quotes": 'a"b\\c","severity":"low"}',
    "line separators": "line\nbreak\r\ttab\u2028sep\u2029",
    "nul": "nul\x00byte",
    "lone surrogates": "\udcff lone \ud800",
    "noncharacter": "a\ufffeb\uffff",
    "path": "../../etc/passwd",
    # sheer length
    "long word": "x" * 5000,
    "long wide": "漢字" * 3000,
    "long run of marks": "`" * 3000,
    "long line": "word " * 3000,
}
HOSTILE: Final = tuple(TABLE.values())

#: Characters no output may hold as they are: controls but the line break, bidi, invisible ones, lone surrogates.
RAW: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
#: The only escape sequences that a coloured report holds.
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
#: More marks on one letter than any spelling needs.
FLOOD: Final = re.compile("[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]{9}")


def is_harmless(text: str) -> bool:
    """Whether nothing in the text can act on a terminal or hide from a reader."""
    return not RAW.search(text) and not FLOOD.search(text)


def claims(text: str) -> list[str]:
    """Lines of the text that look like a verdict of the tool."""
    return [line for line in text.split("\n") if line.startswith(LOOK_ALIKE)]
