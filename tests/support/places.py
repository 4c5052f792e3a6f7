"""Where the files are that tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SAMPLES = ROOT / "sample_logs"
FIXTURES = ROOT / "tests" / "read" / "fixtures"
#: Real prompts and other public data, beside the checkout where they are: tests that use them skip elsewhere.
SHARED = ROOT.parent / "shared" / "data"
