"""Sentences of the matrix level."""

TEXTS: dict[str, dict[str, str]] = {
    "values_title": {"en": "The forward pass", "fr": "La passe avant", "ja": "順伝播"},
    "values": {
        "en": "Every value, with the name that it has from here on:",
        "fr": "Chaque valeur, sous le nom qu’elle porte par la suite :",
        "ja": "以下で使う名前と、その値：",
    },
    "given": {
        "en": "{adjoint} is given: it says how the end result E changes with {value}. Everything before it is multiplied by it.",
        "fr": "{adjoint} est donné : il dit comment le résultat final E change avec {value}. Tous les gradients qui viennent avant sont multipliés par lui.",
        "ja": "{adjoint} は外から与えられ、{value} が変わると最終結果 E がどう変わるかを表します。これより手前の勾配には、すべてこれが掛かります。",
    },
    "delta": {
        "en": "{adjoint} is what the code calls the gradient of {value}: it says how the end result E changes with that.",
        "fr": "{adjoint} est le nom que le code donne au gradient de {value} : il dit comment le résultat final E change avec cette valeur.",
        "ja": "{adjoint} は、コードでの {value} の勾配の名前です。その値が変わると最終結果 E がどう変わるかを表します。",
    },
    "one": {
        "en": "{value} is the end result itself. Its derivative by itself is 1: there the chain begins.",
        "fr": "{value} est le résultat final lui-même. Sa dérivée par rapport à lui-même vaut 1 : la chaîne commence là.",
        "ja": "{value} は最終結果そのものです。自分自身に関する微分は 1 で、ここから連鎖が始まります。",
    },
    "branch": {
        "en": "{value} is read more than once, so it moves the end result along several paths. Small effects add up, and so do the gradients that come back.",
        "fr": "{value} est lu plusieurs fois et agit donc sur le résultat final par plusieurs chemins. Les petits effets s’ajoutent, et les gradients qui reviennent aussi.",
        "ja": "{value} は複数の箇所で使われるので、いくつもの経路を通って最終結果に影響します。小さな変化は足し合わされるので、戻ってくる勾配も足します。",
    },
    "added": {"en": "all that comes back, added", "fr": "tout ce qui revient, additionné", "ja": "戻ってきたものの和"},
    "elementwise": {
        "en": "Chain rule, entry by entry: each entry of {value} depends on the same entry of {operand} alone. So the upstream gradient is multiplied by the slope first; everything else comes after.",
        "fr": "Règle de la chaîne, élément par élément : chaque élément de {value} ne dépend que du même élément de {operand}. Le gradient amont est donc d’abord multiplié par la pente ; tout le reste vient après.",
        "ja": "成分ごとの連鎖律：{value} の各成分は、{operand} の同じ位置の成分だけに依存します。そのため、まず上流の勾配に傾きを掛けます。ほかの計算はその後です。",
    },
    "written": {
        "en": "the slope, written with {value}, which the forward pass has computed already",
        "fr": "la pente, écrite avec {value}, que la passe avant a déjà calculé",
        "ja": "傾きを {value} で書いたもの（{value} は順伝播で計算済み）",
    },
    "written_out": {
        "en": "the slope, written out", "fr": "la pente, explicitée", "ja": "傾きを具体的に書いたもの",
    },
    "mask": {
        "en": "The slope is a mask of ones and zeros: where {value} let its input through, the gradient passes unchanged; everywhere else nothing passes.",
        "fr": "La pente est un masque de uns et de zéros : là où {value} a laissé passer son entrée, le gradient passe inchangé ; ailleurs, rien ne passe.",
        "ja": "この傾きは 1 と 0 からなるマスクです。{value} が入力を通した所では勾配もそのまま通り、それ以外の所では何も通りません。",
    },
    "at": {
        "en": "The slope is taken at {operand}, the value that went into the function: how steep a curve is depends on where on it one stands.",
        "fr": "La pente est prise en {operand}, la valeur entrée dans la fonction : la pente d’une courbe dépend de l’endroit où l’on s’y trouve.",
        "ja": "ここで掛けるのは、関数に入った値 {operand} における傾きです。曲線の傾きは、曲線上のどこで測るかによって変わります。",
    },
    "product": {
        "en": "Chain rule through the matrix product {product}, first for a single entry of {value}.",
        "fr": "Règle de la chaîne à travers le produit matriciel {product}, d’abord pour un seul élément de {value}.",
        "ja": "行列積 {product} を通る連鎖律を、まず {value} の一つの成分について見ます。",
    },
    "entry": {"en": "forward, one entry", "fr": "passe avant, un élément", "ja": "順伝播の一成分"},
    "slope": {"en": "its local derivative", "fr": "sa dérivée locale", "ja": "その局所微分"},
    "paths": {
        "en": "{value} is used in every entry that the sum runs over: one path each, and paths are added",
        "fr": "{value} intervient dans chaque élément que parcourt la somme : un chemin pour chacun, et les chemins s’additionnent",
        "ja": "{value} は、和を取る各成分で使われます。成分ごとに経路が一つあり、それらを足します",
    },
    "inserted": {"en": "the local derivative put in", "fr": "en remplaçant la dérivée locale", "ja": "局所微分を代入"},
    "chain": {"en": "chain rule, one entry", "fr": "règle de la chaîne, un élément", "ja": "連鎖律（一成分）"},
    "transpose": {
        "en": "A matrix product sums over the last index of its left factor and the first index of its right factor. Here the sum is over {index}, and in {matrix} this index is on the other side. That is where the transpose comes from.",
        "fr": "Un produit matriciel somme sur le dernier indice de son facteur gauche et le premier de son facteur droit. Ici, la somme porte sur {index}, et dans {matrix} cet indice est de l’autre côté. De là vient la transposée.",
        "ja": "行列積は、左の因子の最後の添字と右の因子の最初の添字について和を取ります。ここでは {index} についての和ですが、{matrix} ではその添字が反対側にあります。転置はここから来ます。",
    },
    "turned": {
        "en": "in the transpose, row and column change places",
        "fr": "dans la transposée, ligne et colonne échangent leurs places",
        "ja": "転置では行と列が入れ替わる",
    },
    "one_cell": {
        "en": "one entry in numbers: a row of the first factor times a column of the second",
        "fr": "un élément en nombres : une ligne du premier facteur fois une colonne du second",
        "ja": "一つの成分を数値で：左の因子の行と右の因子の列の積",
    },
    "shapes": {"en": "the shape is that of the value: {shape}", "fr": "la forme est celle de la valeur : {shape}", "ja": "形は元の値と同じ {shape}"},
    "unfitting": {
        "en": "Without the transpose the shapes {first} and {second} do not even fit.",
        "fr": "Sans la transposée, les formes {first} et {second} ne s’accordent même pas.",
        "ja": "転置しなければ、そもそも形 {first} と {second} が合いません。",
    },
    "square": {
        "en": "Here the shapes would fit without the transpose as well, and the result would be wrong: the indices decide, not the shapes.",
        "fr": "Ici, les formes s’accorderaient aussi sans la transposée, et le résultat serait faux : ce sont les indices qui décident, non les formes.",
        "ja": "ここでは転置しなくても形は合いますが、結果は誤りになります。正しさを決めるのは形ではなく、添字です。",
    },
    "mixed": {
        "en": "Every entry of {value} may depend on several entries of {operand}. So the chain rule adds over all of them; a product entry by entry would not be enough.",
        "fr": "Chaque élément de {value} peut dépendre de plusieurs éléments de {operand}. La règle de la chaîne additionne donc sur tous ; un produit élément par élément ne suffirait pas.",
        "ja": "{value} の各成分は、{operand} の複数の成分に依存することがあります。そのため、連鎖律ではそれらすべてについて和を取ります。成分ごとの積では足りません。",
    },
    "selected": {
        "en": "{value} holds entries of {operand} as they are. So each gradient goes back to the place its entry was taken from; a place from which nothing was taken gets 0. That is what put[…] stands for; add[…] also adds what comes back to one place.",
        "fr": "{value} contient des éléments de {operand} tels quels. Chaque gradient retourne donc à la place d’où vient son élément ; une place dont rien n’a été pris reçoit 0. C’est ce que signifie put[…] ; add[…] additionne en outre ce qui revient à une même place.",
        "ja": "{value} は {operand} の成分をそのまま並べたものです。そのため、各勾配はその成分を取り出した位置へ戻ります。何も取り出されなかった位置は 0 です。put[…] はこのことを表し、add[…] はさらに、同じ位置に戻るものを足し合わせます。",
    },
    "numbers": {"en": "with numbers", "fr": "avec des nombres", "ja": "数値では"},
    "saved_title": {"en": "What is kept for the backward pass", "fr": "Ce qui est gardé pour la passe arrière", "ja": "逆伝播のために残すもの"},
    "saved": {
        "en": "The local derivatives need values of the forward pass. These are kept, and nothing else:",
        "fr": "Les dérivées locales ont besoin de valeurs de la passe avant. Celles-ci sont gardées, et rien d’autre :",
        "ja": "局所微分の計算には順伝播の値が必要です。残すのは次のものだけです：",
    },
    "saved_name": {"en": "value", "fr": "valeur", "ja": "値"},
    "saved_for": {"en": "needed for", "fr": "sert à", "ja": "用途"},
    "one_pass": {
        "en": "Why backward: this one pass gives the gradients of all {count} numbers in {names}. To push each of them in turn would take the forward pass {count} times.",
        "fr": "Pourquoi à rebours : cette seule passe donne les gradients des {count} nombres de {names}. Les faire varier un à un demanderait {count} fois la passe avant.",
        "ja": "なぜ逆向きなのか：この一回の計算で、{names} に含まれる {count} 個の数すべての勾配が得られます。一つずつ動かして調べるなら、順伝播が {count} 回必要です。",
    },
    "one_pass_any": {
        "en": "Why backward: this one pass gives the gradient of every entry of {names}. To push each entry in turn would take the forward pass once for each.",
        "fr": "Pourquoi à rebours : cette seule passe donne le gradient de chaque élément de {names}. Les faire varier un à un demanderait une passe avant pour chacun.",
        "ja": "なぜ逆向きなのか：この一回の計算で、{names} のすべての成分の勾配が得られます。一つずつ動かして調べるなら、成分の数だけ順伝播が必要です。",
    },
    "update_title": {"en": "Where the derivative ends", "fr": "Où s’arrête la dérivée", "ja": "微分はどこまでか"},
    "update": {
        "en": "Here the chain rule ends. What is done with a gradient is the update: it is chosen, not derived. The simplest one takes a small step downhill, η times the gradient.",
        "fr": "Ici s’arrête la règle de la chaîne. Ce qu’on fait d’un gradient, c’est la mise à jour : on la choisit, on ne la déduit pas. La plus simple fait un petit pas dans le sens de la descente : η fois le gradient.",
        "ja": "連鎖律はここまでです。勾配をどう使うかは「更新」の問題で、導くものではなく選ぶものです。最も単純な更新では、勾配の η 倍だけ、下る向きに小さく進みます。",
    },
}  # fmt: skip
