"""Words that stand within formulas, and the sign in a decimal number."""

TEXTS: dict[str, dict[str, str]] = {
    "if": {"en": "if {condition}", "fr": "si {condition}", "ja": "{condition} のとき"},
    "else": {"en": "else", "fr": "sinon", "ja": "それ以外"},
    "axis": {"en": "axis ", "fr": "axe ", "ja": "軸 "},
    "listing": {"en": ", ", "fr": " ; ", "ja": ", "},
    "decimal": {"en": ".", "fr": ",", "ja": "."},
}  # fmt: skip
