"""Words of the page: buttons, headings, what a screen reader says."""

TEXTS: dict[str, dict[str, str]] = {
    # What stands between the parts of a sentence.
    "comma": {"en": ", ", "fr": ", ", "ja": "、"},
    "semicolon": {"en": "; ", "fr": " ; ", "ja": "。"},
    "explained": {
        "en": "{what}: {shown}",
        "fr": "{what} : {shown}",
        "ja": "{what}：{shown}",
    },
    "skip": {"en": "To the content", "fr": "Aller au contenu", "ja": "本文へ"},
    "made": {
        "en": "Made by derivo. Every formula, number and line of code on this page was derived from the forward pass.",
        "fr": "Produit par derivo. Chaque formule, nombre et ligne de code de cette page a été déduit de la passe avant.",
        "ja": "derivo が作成しました。このページの数式・数値・コードは、すべて順伝播のコードから導いたものです。",
    },
    "legend": {
        "en": "Each factor of the chain rule has one number and one colour: on the edge of the graph, in the formulas, beside the code. dn is short for ∂E/∂n: how the end result E changes with n.",
        "fr": "Chaque facteur de la règle de la chaîne a un numéro et une couleur : sur l’arête du graphe, dans les formules, à côté du code. dn abrège ∂E/∂n : comment le résultat final E change avec n.",
        "ja": "連鎖律の各因子には番号と色が一つずつあり、グラフの辺・数式・コードで共通です。dn は ∂E/∂n の略で、n が変わると最終結果 E がどう変わるかを表します。",
    },
    "point": {
        "en": "Point at one to see it everywhere.",
        "fr": "Pointez-en un pour le voir partout.",
        "ja": "どれか一つを指すと、対応する箇所がすべて光ります。",
    },
    "theme": {"en": "Light / dark", "fr": "Clair / sombre", "ja": "明 / 暗"},
    "factor": {
        "en": "factor {number}",
        "fr": "facteur {number}",
        "ja": "因子 {number}",
    },
    "graph_of": {
        "en": "Computation graph of {name}",
        "fr": "Graphe de calcul de {name}",
        "ja": "{name} の計算グラフ",
    },
    "unfold": {
        "en": "Show every operation",
        "fr": "Montrer chaque opération",
        "ja": "すべての演算を表示",
    },
    "title": {
        "en": "{name}: how its backward pass comes about",
        "fr": "{name} : d’où vient sa passe arrière",
        "ja": "{name}：逆伝播ができるまで",
    },
    "graph": {
        "en": "The computation graph",
        "fr": "Le graphe de calcul",
        "ja": "計算グラフ",
    },
    "code": {"en": "The code", "fr": "Le code", "ja": "コード"},
    "line_by_line": {
        "en": "Line by line:",
        "fr": "Ligne par ligne :",
        "ja": "各行の理由：",
    },
    "more": {
        "en": "… {count} more",
        "fr": "… {count} de plus",
        "ja": "… 他 {count} 件",
    },
}
