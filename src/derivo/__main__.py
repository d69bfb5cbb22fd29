"""``python -m derivo`` is the command ``derivo``."""

import sys


def run() -> int:
    """Load the command line, and run it; Ctrl-C while it loads is no error, either."""
    try:
        from derivo.cli.main import main  # noqa: PLC0415  it takes a moment

        return main()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)  # noqa: T201  a command prints
        return 130


if __name__ == "__main__":
    sys.exit(run())
