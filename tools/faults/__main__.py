"""`python -m tools.faults [WORDS OF PYTEST]`: strike faults many times, write the report's page.

Without words the report starts anew; with them (`-k relay`) the rows of the other tests stay.
Ends as pytest ended; the page is written in any case, with what did not hold.
"""

import subprocess
import sys

from tools.faults.report import DATA, PAGE, page, read_rows


def main() -> int:
    """Run the long form of `tests/fault` and write the table of what held."""
    words = sys.argv[1:]
    if not words:
        DATA.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "tests/fault", "--long", *words]
    ended = subprocess.run(command, check=False).returncode
    if DATA.exists():
        PAGE.write_text(page(read_rows()), encoding="utf-8")
    return ended


if __name__ == "__main__":
    sys.exit(main())
