"""Sentences of the batch level."""

TEXTS: dict[str, dict[str, str]] = {
    "copied": {
        "en": "There is one {value}, but {reader} needs it in every row: it was copied (broadcast). Each copy has a path of its own to the end result, so each sends back a gradient, and they are added.",
        "fr": "Il y a un seul {value}, mais {reader} en a besoin à chaque ligne : il a été copié (diffusé). Chaque copie a son propre chemin vers le résultat final, donc chacune renvoie un gradient, et ils s’additionnent.",
        "ja": "{value} は一つしかありませんが、{reader} ではどの行でも使われます。つまり、行の数だけ複製（ブロードキャスト）されています。どの複製にも最終結果までの経路があるので、それぞれから勾配が戻り、その和を取ります。",
    },
    "used": {
        "en": "the same entry of {value} in every row", "fr": "le même élément de {value} à chaque ligne",
        "ja": "どの行でも {value} の同じ成分",
    },
    "paths": {"en": "one path for each row, added", "fr": "un chemin par ligne ; on les additionne", "ja": "行ごとに経路が一つあり、それらを足す"},
    "shape": {"en": "only the sum has the shape of the value", "fr": "seule la somme a la forme de la valeur", "ja": "和を取って初めて元の形になる"},
    "without_axis": {
        "en": "In code: np.sum(…, {axis}). Without the axis everything is added up to the single number {total}, which NumPy then copies to all of {value}: a wrong gradient, and no error.",
        "fr": "En code : np.sum(…, {axis}). Sans l’axe, tout est additionné en un seul nombre, {total}, que NumPy recopie ensuite dans tout {value} : un gradient faux, et aucune erreur.",
        "ja": "コードでは np.sum(…, {axis}) です。軸を指定しないと全体が一つの数 {total} にまとめられ、NumPy はそれを {value} 全体に複製します。勾配は誤りですが、エラーは出ません。",
    },
    "rows": {
        "en": "The matrix product for {adjoint} already sums over the rows of the batch, so a batch needs nothing more. It is a sum, not a mean.",
        "fr": "Le produit matriciel pour {adjoint} somme déjà sur les lignes du lot : un lot ne demande rien de plus. C’est une somme, non une moyenne.",
        "ja": "{adjoint} を求める行列積は、それ自体がバッチの行についての和です。バッチだからといって付け加えることはありません。平均ではなく、和である点に注意してください。",
    },
    "each": {"en": "What each row adds:", "fr": "Ce que chaque ligne apporte :", "ja": "各行の寄与："},
    "row": {"en": "row {number}", "fr": "ligne {number}", "ja": "{number} 行目"},
    "mean_title": {"en": "Where 1/{size} comes from", "fr": "D’où vient 1/{size}", "ja": "1/{size} が現れる理由"},
    "mean": {
        "en": "The loss is a mean over {size} rows. A mean moves by 1/{size} of what one row moves; that is its local derivative, and the chain rule carries it to every gradient.",
        "fr": "La perte est une moyenne sur {size} lignes. Quand une ligne varie, la moyenne varie 1/{size} fois autant : c’est sa dérivée locale, et la règle de la chaîne la transmet à chaque gradient.",
        "ja": "損失は {size} 行の平均です。一つの行が変わると、平均はその 1/{size} だけ変わります。これが局所微分で、連鎖律によってすべての勾配に掛かります。",
    },
    "mean_forward": {"en": "the mean", "fr": "la moyenne", "ja": "平均"},
    "mean_backward": {"en": "its local derivative, for every row", "fr": "sa dérivée locale, pour chaque ligne", "ja": "各行に対する局所微分"},
    "twice": {
        "en": "With every row twice the mean stays as it is, and so do its gradient and a step. A sum would double, its gradient and a step with it.",
        "fr": "Si chaque ligne apparaît deux fois, la moyenne ne change pas, ni son gradient, ni le pas. Une somme doublerait, et avec elle son gradient et le pas.",
        "ja": "すべての行を二回並べても、平均は変わらず、その勾配も一歩の大きさも変わりません。和なら二倍になり、勾配も一歩も二倍になります。",
    },
}  # fmt: skip
