"""`python -m tools.faults`: strike every fault many times, then write the report's page.

Ends as pytest ended; the page is written in any case, with what did not hold.
"""

import subprocess
import sys

from tools.faults.report import DATA, PAGE, page, read_rows


def main() -> int:
    """Run the long form of `tests/fault` and write the table of what held."""
    DATA.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "tests/fault", "--long", *sys.argv[1:]]
    ended = subprocess.run(command, check=False).returncode
    if DATA.exists():
        PAGE.write_text(page(read_rows()), encoding="utf-8")
    return ended


if __name__ == "__main__":
    sys.exit(main())
