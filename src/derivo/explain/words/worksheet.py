"""Sentences of worksheets."""

TEXTS: dict[str, dict[str, str]] = {
    "sheet": {"en": "{name}: worksheet {seed}", "fr": "{name} : exercice {seed}", "ja": "{name}：練習問題 {seed}"},
    "key": {"en": "{name}: worksheet {seed}, answers", "fr": "{name} : exercice {seed}, corrigé", "ja": "{name}：練習問題 {seed} 解答"},
    "given": {"en": "Given", "fr": "Données", "ja": "与えられた値"},
    "forward": {"en": "Forward", "fr": "Passe avant", "ja": "順伝播"},
    "forward_task": {
        "en": "Compute each value from the ones above it.",
        "fr": "Calculez chaque valeur à partir des précédentes.",
        "ja": "上の値から順に計算してください。",
    },
    "backward": {"en": "Backward", "fr": "Passe arrière", "ja": "逆伝播"},
    "backward_task": {
        "en": "Now from the result back. The upstream gradient of a result is 1 in every entry.",
        "fr": "Maintenant, en remontant depuis le résultat. Le gradient amont d’un résultat vaut 1 partout.",
        "ja": "今度は結果から逆向きに計算してください。結果の上流の勾配はすべて 1 とします。",
    },
}  # fmt: skip
