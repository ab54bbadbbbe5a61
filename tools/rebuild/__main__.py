"""`python -m tools.rebuild SERVICE`, for containers."""

import sys

from tools.rebuild import main

sys.exit(main(sys.argv[1:]))
