"""``python -m derivo`` is the command ``derivo``."""

import sys

from derivo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
