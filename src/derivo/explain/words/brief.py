"""Sentences of the derivation in short."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "In short", "fr": "En bref", "ja": "要約"},
    "recognised": {
        "en": "recognised as {name}", "fr": "reconnu comme {name}", "ja": "{name} と認識",
    },
    "rule": {"en": "{name}", "fr": "{name}", "ja": "{name}"},
    "stable": {
        "en": "the same, so that nothing overflows",
        "fr": "la même chose, sans débordement possible",
        "ja": "同じ値（桁あふれしない形）",
    },
    "backward": {"en": "Backward: ", "fr": "Passe arrière : ", "ja": "逆伝播："},
    "added": {
        "en": "{value} is read more than once: what comes back is added",
        "fr": "{value} est lu plusieurs fois : ce qui revient s’additionne",
        "ja": "{value} は複数の箇所で使われるので、戻ってきた勾配を足す",
    },
    "copied": {
        "en": "{value} was copied (broadcast): sum over the copies",
        "fr": "{value} a été copié (diffusé) : somme sur les copies",
        "ja": "{value} は複製（ブロードキャスト）されたので、複製について和を取る",
    },
    "through": {
        "en": "chain rule through {equation}",
        "fr": "règle de la chaîne à travers {equation}",
        "ja": "{equation} を通る連鎖律",
    },
    "passed": {
        "en": "{equation} passes it on: the derivative is 1",
        "fr": "{equation} le transmet tel quel : la dérivée vaut 1",
        "ja": "{equation} はそのまま伝える（微分は 1）",
    },
    "slope": {
        "en": "chain rule: {slope} = {local}",
        "fr": "règle de la chaîne : {slope} = {local}",
        "ja": "連鎖律：{slope} = {local}",
    },
    "factor": {
        "en": "chain rule: {value} changes with {operand} by the factor {local}",
        "fr": "règle de la chaîne : quand {operand} varie, {value} varie {local} fois autant",
        "ja": "連鎖律：{operand} が変わると、{value} はその {local} 倍変わる",
    },
}  # fmt: skip
