"""Says plainly what is missing before anything is installed."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Firstlight needs Python 3.11 or newer; this is " + sys.version.split()[0])
