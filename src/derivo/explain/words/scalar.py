"""Sentences of the scalar level."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "Number by number", "fr": "Nombre par nombre", "ja": "一つひとつの数で見る"},
    "sizes": {
        "en": "Written out for {sizes}. A name with an index is one entry of an array.",
        "fr": "Écrit ici pour {sizes}. Un nom avec un indice est un élément d’un tableau.",
        "ja": "{sizes} の場合について書き下します。添字のついた名前は、配列の一成分を表します。",
    },
    "forward": {"en": "The forward pass, one number a line:", "fr": "La passe avant, un nombre par ligne :", "ja": "順伝播（一行に一つの数）："},
    "direct": {
        "en": "The sign ∂⁺ is the local derivative alone, where ∂ is the sum over all paths between the same two values.",
        "fr": "Le signe ∂⁺ désigne la seule dérivée locale, là où ∂ désigne la somme sur tous les chemins entre les deux mêmes valeurs.",
        "ja": "同じ二つの値のあいだに経路がいくつもあるとき、∂⁺ は局所微分だけを、∂ はすべての経路の和を表します。",
    },
    "backward_title": {"en": "Backward, number by number", "fr": "La passe arrière, nombre par nombre", "ja": "一つひとつの数の逆伝播"},
    "backward": {
        "en": "From the loss back to the weights, one number a line: what each reader of a number sends back is its own gradient times the local derivative, and what comes back from several readers is added.",
        "fr": "De la perte aux poids, un nombre par ligne : chaque lecteur d’un nombre renvoie son propre gradient multiplié par la dérivée locale, et ce que renvoient plusieurs lecteurs s’additionne.",
        "ja": "損失から重みへ、一行に一つずつさかのぼります。ある数を使う演算は、自分の勾配に局所微分を掛けたものを返します。使う演算がいくつもあれば、返ってきたものを足します。",
    },
    "argument": {"en": "The chain rule for {value}", "fr": "La règle de la chaîne pour {value}", "ja": "{value} の連鎖律"},
    "so_on": {"en": "and so on, to {last}", "fr": "et ainsi de suite, jusqu’à {last}", "ja": "以下同様に、{last} まで"},
    "same_way": {
        "en": "Entries not written out: {count}. They come about in the same way.",
        "fr": "Éléments non détaillés : {count}. Ils s’obtiennent de la même façon.",
        "ja": "残りの成分（{count} 個）も同様に得られます。",
    },
    "added": {
        "en": "There are several paths from {value} to the result. Each carries a part of the change, so their products are added.",
        "fr": "Il y a plusieurs chemins de {value} au résultat. Chacun porte une part du changement, donc leurs produits s’additionnent.",
        "ja": "{value} から結果への経路は複数あります。それぞれが変化の一部を伝えるので、積を足し合わせます。",
    },
    "upstream": {
        "en": "times what comes from outside", "fr": "multiplié par ce qui vient de l’extérieur", "ja": "外から来る勾配を掛ける",
    },
    "none": {"en": "No path leads from {value} to the result: its gradient is 0.", "fr": "Aucun chemin ne mène de {value} au résultat : son gradient est 0.", "ja": "{value} から結果への経路はなく、勾配は 0 です。"},
    "each_entry": {"en": "each entry in full", "fr": "chaque élément en entier", "ja": "各成分を書き下すと"},
    "as_product": {"en": "which is a product of two matrices", "fr": "c’est un produit de deux matrices", "ja": "これは二つの行列の積"},
    "in_arrays": {"en": "in matrices, for any number of rows", "fr": "en matrices, pour un nombre quelconque de lignes", "ja": "行列で書くと（行がいくつでも同じ）"},
    "gathered": {
        "en": "Each put in the place of its entry, these make the gradient:",
        "fr": "Rassemblés, chacun à la place de son élément, ils forment le gradient :",
        "ja": "それぞれを成分の位置に並べると、勾配になります：",
    },
    "to_matrix": {"en": "The same in matrices:", "fr": "La même chose en matrices :", "ja": "同じことを行列で："},
    "not_expanded": {
        "en": "Written out number by number, this computation would be too long to read. The sections on matrices below tell the same.",
        "fr": "Écrit nombre par nombre, ce calcul serait trop long à lire. Les sections sur les matrices, ci-dessous, disent la même chose.",
        "ja": "一つひとつの数で書き下すと長くなりすぎるので、以下の行列の節で同じ計算を説明します。",
    },
}  # fmt: skip
