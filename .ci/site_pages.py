"""Copy what the documentation site shows to build/pages: the repository's Markdown files and pictures, as they lie.

Because they keep their places, every relative link works on a code host and on the site alike.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "pages"

shutil.rmtree(PAGES, ignore_errors=True)
patterns = ["*.md", "docs/*.svg", "LICENSE", ":!tests"]
listed = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
)
for name in filter(None, listed.stdout.split("\0")):
    if (ROOT / name).exists():
        (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, PAGES / name)
