"""Sentences about vanishing gradients."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "Why gradients shrink on the way back", "fr": "Pourquoi les gradients diminuent en remontant", "ja": "勾配が逆伝播で小さくなる理由"},
    "about": {
        "en": "On one path lie {count} functions whose slope is always below 1. The chain rule multiplies their slopes:",
        "fr": "Sur un chemin se trouvent {count} fonctions dont la pente est toujours inférieure à 1. La règle de la chaîne multiplie leurs pentes :",
        "ja": "一つの経路に、傾きがつねに 1 未満の関数が {count} 個あります。連鎖律はそれらの傾きを掛け合わせます：",
    },
    "most": {"en": "each at its steepest", "fr": "chacune au plus raide", "ja": "それぞれ最も急な所で"},
    "here": {"en": "at the numbers given", "fr": "aux nombres donnés", "ja": "与えられた数値では"},
    "sizes": {
        "en": "As a picture: the mean size of the gradient before each of them, from the result back.",
        "fr": "En image : la taille moyenne du gradient avant chacune, en remontant depuis le résultat.",
        "ja": "図にすると：それぞれの手前での勾配の平均の大きさを、結果の側から順に示します。",
    },
    "value": {"en": "gradient", "fr": "gradient", "ja": "勾配"},
    "size": {"en": "mean size", "fr": "taille moyenne", "ja": "平均の大きさ"},
    "then": {
        "en": "Layers near the input get what is left: the more such functions, the less. The weights on the path count as well, and can make up for it or make it worse.",
        "fr": "Les couches proches de l’entrée reçoivent ce qui reste : plus ces fonctions sont nombreuses, moins il en reste. Les poids du chemin comptent aussi, et peuvent compenser ou aggraver.",
        "ja": "入力に近い層には残りしか届きません。こうした関数が多いほど小さくなります。経路上の重みも影響し、減少を補うことも、強めることもあります。",
    },
}  # fmt: skip
