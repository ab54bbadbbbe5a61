"""`python -m tools.release VERSION`: keep today's contract as that of VERSION.

Run it before the version's heading in CHANGELOG.md gets its date; until then it may run again, and
makes the folder anew.
"""

import sys
from pathlib import Path

from tools.release.contract import ReleaseRefused, write_release

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """0 when the folder is written, 1 when refused, 2 for a wrong call."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m tools.release VERSION\n")
        return 2
    try:
        folder = write_release(ROOT, sys.argv[1])
    except ReleaseRefused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(f"written: {folder.relative_to(ROOT)} and its checksums")
    return 0


if __name__ == "__main__":
    sys.exit(main())
