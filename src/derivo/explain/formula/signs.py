"""The signs of mathematics, and what LaTeX calls them."""

from __future__ import annotations

_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega
"""
GREEK = dict(zip(_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", strict=True))
SIGNS = {f"\\{name}": letter for name, letter in GREEK.items()} | {
    r"\odot": "⊙", r"\cdot": "·", r"\times": "×", r"\otimes": "⊗", r"\oplus": "⊕",
    r"\ast": "∗", r"\star": "⋆", r"\partial": "∂", r"\le": "≤", r"\ge": "≥",
    r"\ne": "≠", r"\land": "∧", r"\lor": "∨", r"\lnot": "¬", r"\forall": "∀",
    r"\exists": "∃", r"\bmod": "mod", r"\sum": "∑", r"\prod": "∏", r"\top": "⊤",
    r"\prime": "′", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
    r"\{": "{", r"\}": "}", r"\to": "→", r"\approx": "≈", r"\infty": "∞", r"\|": "‖",
    r"\surd": "√",
}  # fmt: skip
"""The sign of each command."""
FUNCTIONS = frozenset({
    "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
    "det", "max", "min", "exp",
})  # fmt: skip
"""Functions that have a command of their own."""
THIN = "\u202f"  # before a colon, in French


def printable(text: str) -> str:
    """Give text without control characters, which few formats take."""
    return "".join(c if c.isprintable() or c == THIN else " " for c in text)
