"""One word for one thing, in every language: what all sentences are held to.

A test reads every sentence: where the English one has a term, the others have theirs.
Who adds a sentence looks here first; who wants another word changes it everywhere.
"""

from __future__ import annotations

# Term, then the beginning of the word in each language; where forms differ more than
# that, all of them.
TERMS: tuple[dict[str, str], ...] = (
    {"en": "gradient", "fr": "gradient", "ja": "勾配"},
    {"en": "upstream gradient", "fr": "gradient amont", "ja": "上流の勾配"},
    {"en": "chain rule", "fr": "règle de la chaîne", "ja": "連鎖律"},
    {
        "en": "local derivative",
        "fr": "dérivée locale|dérivées locales",
        "ja": "局所微分",
    },
    {"en": "the slope", "fr": "pente", "ja": "傾き"},
    {"en": "forward pass", "fr": "passe avant", "ja": "順伝播"},
    {"en": "backward pass", "fr": "passe arrière", "ja": "逆伝播"},
    {"en": "Jacobian", "fr": "jacobienne", "ja": "ヤコビ行列"},
    {"en": "matrix product", "fr": "produit matriciel", "ja": "行列積"},
    {"en": "transpose", "fr": "transposé", "ja": "転置"},
    {"en": "entry by entry", "fr": "élément par élément", "ja": "成分ごと"},
    {"en": "path", "fr": "chemin", "ja": "経路"},
    {"en": "mask", "fr": "masque", "ja": "マスク"},
    {"en": "weights", "fr": "poids", "ja": "重み"},
    {"en": "loss", "fr": "perte", "ja": "損失"},
    {"en": "learning rate", "fr": "taux d’apprentissage", "ja": "学習率"},
    {"en": "parameter", "fr": "paramètre", "ja": "パラメータ"},
    {"en": "probabilities", "fr": "probabilités", "ja": "確率"},
    {"en": "diagonal", "fr": "diagonale", "ja": "対角"},
    {"en": "computation graph", "fr": "graphe de calcul", "ja": "計算グラフ"},
)

# Other words for the same things, which no sentence has.
AVOIDED: dict[str, tuple[str, ...]] = {
    "en": ("adjoint", "bend", "turned over", "ways", "error signal"),
    "fr": ("adjoint", "vers l’avant", "vers l’arrière", "propagation", "à l’aller"),
    "ja": ("アジョイント", "逆向きの伝播", "前向き", "要素", "自動で", "による微分"),
}
