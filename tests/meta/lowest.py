"""Print the lowest versions that pyproject.toml promises, for pip: NumPy, SciPy."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

WANTED = {"numpy", "scipy"}


def main() -> None:
    """Print a pin per line."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"].values()
    for requirement in (*project["dependencies"], *(r for e in extras for r in e)):
        name, lowest = re.match(r"([\w-]+).*?>=([\d.]+)", requirement + ">=0").groups()  # type: ignore[union-attr]
        if name in WANTED:
            sys.stdout.write(f"{name}=={lowest}\n")


if __name__ == "__main__":
    main()
