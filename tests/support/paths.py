"""Where the tests find things of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "examples"
FORMAT_SCHEMAS = ROOT / "tests" / "unit" / "reports" / "schemas"
FOLLOWING_BROWSER = ROOT / "tests" / "support" / "following_browser.py"
