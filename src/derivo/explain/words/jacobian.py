"""Sentences about Jacobians."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "The Jacobian of {value}", "fr": "La jacobienne de {value}", "ja": "{value} のヤコビ行列"},
    "mixes": {
        "en": "Every entry of {value} depends on all entries of its row of {operand}. So the derivative is not one number per entry but a matrix per row, the Jacobian.",
        "fr": "Chaque élément de {value} dépend de tous les éléments de sa ligne de {operand}. La dérivée n'est donc pas un nombre par élément mais une matrice par ligne, la jacobienne.",
        "ja": "{value} の各要素は {operand} の同じ行のすべての要素で決まります。そこで微分は要素ごとの一つの数ではなく、行ごとの行列(ヤコビ行列)になります。",
    },
    "definition": {"en": "what it is", "fr": "sa définition", "ja": "定義"},
    "entry": {"en": "an entry of the Jacobian", "fr": "un élément de la jacobienne", "ja": "ヤコビ行列の一要素"},
    "delta": {
        "en": "{index} is 1 where both indices are the same, on the diagonal, and 0 elsewhere.",
        "fr": "{index} vaut 1 où les deux indices sont égaux, sur la diagonale, et 0 ailleurs.",
        "ja": "{index} は二つの添字が等しいとき(対角)1、それ以外は 0 です。",
    },
    "product": {
        "en": "The upstream gradient is multiplied by the whole matrix. A product entry by entry, grad * f', would use the diagonal alone:",
        "fr": "Le gradient amont est multiplié par toute la matrice. Un produit élément par élément, grad * f', n'utiliserait que la diagonale :",
        "ja": "上流の勾配には行列全体を掛けます。要素ごとの積 grad * f' では対角しか使いません:",
    },
    "first": {"en": "for the first row", "fr": "pour la première ligne", "ja": "最初の行について"},
    "whole": {"en": "with the whole Jacobian: right", "fr": "avec toute la jacobienne : juste", "ja": "ヤコビ行列全体:正しい"},
    "diagonal": {"en": "with its diagonal alone: wrong", "fr": "avec la seule diagonale : faux", "ja": "対角だけ:誤り"},
    "chain": {
        "en": "From the whole Jacobian to the short form, one step a line:",
        "fr": "De la jacobienne entière à la forme courte, une étape par ligne :",
        "ja": "ヤコビ行列全体から短い形まで、一行に一段階ずつ:",
    },
    "rule": {"en": "chain rule: every result of the row counts", "fr": "règle de la chaîne : chaque résultat de la ligne compte", "ja": "連鎖律:行のすべての結果が効く"},
    "multiplied": {"en": "the Jacobian put in", "fr": "la jacobienne insérée", "ja": "ヤコビ行列を代入"},
    "inserted": {"en": "the upstream gradient put in", "fr": "le gradient amont inséré", "ja": "上流の勾配を代入"},
    "cancelled": {"en": "equal factors above and below cancel", "fr": "les facteurs égaux au-dessus et au-dessous s'annulent", "ja": "分子と分母の等しい因子が約される"},
}  # fmt: skip
