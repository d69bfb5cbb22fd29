"""Sentences about Jacobians."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "The Jacobian of {value}", "fr": "La jacobienne de {value}", "ja": "{value} のヤコビ行列"},
    "mixes": {
        "en": "Every entry of {value} depends on all entries of its {lane} of {operand}. So the derivative is not one number per entry but a matrix per {lane}, the Jacobian.",
        "fr": "Chaque élément de {value} dépend de tous les éléments de sa {lane} de {operand}. La dérivée n’est donc pas un nombre par élément mais une matrice par {lane}, la jacobienne.",
        "ja": "{value} の各成分は、{operand} の同じ{lane}のすべての成分に依存します。そのため、微分は成分ごとに一つの数ではなく、{lane}ごとに一つの行列、つまりヤコビ行列になります。",
    },
    "definition": {"en": "what it is", "fr": "sa définition", "ja": "定義"},
    "entry": {"en": "an entry of the Jacobian", "fr": "un élément de la jacobienne", "ja": "ヤコビ行列の一成分"},
    "delta": {
        "en": "{index} is 1 where both indices are the same, on the diagonal, and 0 elsewhere.",
        "fr": "{index} vaut 1 là où les deux indices sont égaux, c’est-à-dire sur la diagonale, et 0 ailleurs.",
        "ja": "{index} は、二つの添字が等しいとき（対角成分）は 1、それ以外は 0 です。",
    },
    "product": {
        "en": "The upstream gradient is multiplied by the whole matrix. A product entry by entry, grad * f', would use the diagonal alone:",
        "fr": "Le gradient amont est multiplié par toute la matrice. Un produit élément par élément, grad * f', n’utiliserait que la diagonale :",
        "ja": "上流の勾配には行列全体を掛けます。成分ごとの積 grad * f' では、対角成分しか使いません：",
    },
    "first": {"en": "for the first {lane}", "fr": "pour la première {lane}", "ja": "最初の{lane}について"},
    "row": {"en": "row", "fr": "ligne", "ja": "行"},
    "column": {"en": "column", "fr": "colonne", "ja": "列"},
    "upstream": {"en": "the upstream gradient", "fr": "le gradient amont", "ja": "上流の勾配"},
    "whole": {"en": "with the whole Jacobian: right", "fr": "avec toute la jacobienne : juste", "ja": "ヤコビ行列全体：正しい"},
    "diagonal": {"en": "with its diagonal alone: wrong", "fr": "avec la seule diagonale : faux", "ja": "対角だけ：誤り"},
    "chain": {
        "en": "From the whole Jacobian to the short form, one step a line:",
        "fr": "De la jacobienne entière à la forme courte, une étape par ligne :",
        "ja": "ヤコビ行列全体から短い形へ、一行に一段階ずつ変形します：",
    },
    "rule": {"en": "chain rule: every result of the {lane} counts", "fr": "règle de la chaîne : chaque résultat de la {lane} compte", "ja": "連鎖律：{lane}のすべての結果が寄与する"},
    "multiplied": {"en": "the Jacobian put in", "fr": "en remplaçant la jacobienne", "ja": "ヤコビ行列を代入"},
    "inserted": {"en": "the upstream gradient put in", "fr": "en remplaçant le gradient amont", "ja": "上流の勾配を代入"},
    "cancelled": {"en": "equal factors above and below cancel", "fr": "les facteurs communs au numérateur et au dénominateur se simplifient", "ja": "分子と分母の共通因子を約分する"},
    "own": {
        "en": "Every entry of {value} depends on one entry of {operand}: the one in the same place. So the Jacobian is zero off its diagonal.",
        "fr": "Chaque élément de {value} dépend d’un seul élément de {operand} : celui qui occupe la même place. La jacobienne est donc nulle hors de sa diagonale.",
        "ja": "{value} の各成分は、{operand} の同じ位置にある一つの成分だけに依存します。そのため、ヤコビ行列の対角以外は 0 です。",
    },
    "differentiated": {
        "en": "quotient rule and chain rule on the definition: all entries of the {lane} stand in the sum",
        "fr": "règle du quotient et règle de la chaîne sur la définition : tous les éléments de la {lane} figurent dans la somme",
        "ja": "定義に商の微分法と連鎖律を使う：和には{lane}のすべての成分が含まれる",
    },
    "own_differentiated": {
        "en": "the definition, differentiated", "fr": "la définition, dérivée", "ja": "定義を微分する",
    },
    "again": {"en": "the same, written with {value}", "fr": "la même chose, écrite avec {value}", "ja": "{value} を使って書くと"},
    "own_product": {
        "en": "To multiply by a diagonal matrix is to multiply entry by entry. That is why grad * f' is enough here:",
        "fr": "Multiplier par une matrice diagonale, c’est multiplier élément par élément. C’est pourquoi grad * f' suffit ici :",
        "ja": "対角行列を掛けることは、成分ごとに掛けることと同じです。そのため、ここでは grad * f' で十分です：",
    },
    "own_whole": {
        "en": "with the whole Jacobian, or entry by entry: the same",
        "fr": "avec toute la jacobienne, ou élément par élément : le résultat est le même",
        "ja": "ヤコビ行列全体でも成分ごとでも、結果は同じ",
    },
    "own_rule": {"en": "chain rule: one result depends on this entry", "fr": "règle de la chaîne : un seul résultat dépend de cet élément", "ja": "連鎖律：この成分が影響する結果は一つだけ"},
    "own_slope": {"en": "the slope put in", "fr": "en remplaçant la pente", "ja": "傾きを代入"},
    "named": {
        "en": "the same, with names for what is computed already",
        "fr": "la même chose, avec les noms de ce qui est déjà calculé",
        "ja": "計算済みの値を名前で書くと",
    },
    "pulled_out": {"en": "common factors pulled out", "fr": "facteurs communs mis en évidence", "ja": "共通因子をくくり出す"},
    "sum_left": {
        "en": "A sum over the {lane} is left. Nothing that is known gives its value, so the gradient stays this long.",
        "fr": "Il reste une somme sur la {lane}. Rien de connu n’en donne la valeur : l’expression du gradient ne se raccourcit donc pas.",
        "ja": "{lane}についての和が残ります。その値を決める条件がないので、勾配の式はこれ以上短くなりません。",
    },
}  # fmt: skip
