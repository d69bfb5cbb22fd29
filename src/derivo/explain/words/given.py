"""Sentences about what a function is given: parts of arguments, settings, attributes."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "What the function is given", "fr": "Ce que la fonction reçoit", "ja": "関数に渡されるもの"},
    "parts": {
        "en": "A part of an argument goes by a name of its own from here on:",
        "fr": "Une partie d’un argument porte désormais son propre nom :",
        "ja": "引数の一部には、以下で次の名前を使います：",
    },
    "name": {"en": "here", "fr": "ici", "ja": "ここでの名前"},
    "place": {"en": "in the code", "fr": "dans le code", "ja": "コードでの書き方"},
    "shape": {"en": "shape", "fr": "forme", "ja": "形状"},
    "settings": {
        "en": "Settings are the same at each call: {listed}. With others it is another function.",
        "fr": "Les réglages sont les mêmes à chaque appel : {listed}. Avec d’autres réglages, c’est une autre fonction.",
        "ja": "設定はどの呼び出しでも同じです：{listed}。別の設定なら別の関数になります。",
    },
    "attributes": {
        "en": "Attributes of the object whose method this is, read at each call: {listed}.",
        "fr": "Attributs de l’objet dont c’est une méthode, lus à chaque appel : {listed}.",
        "ja": "このメソッドをもつオブジェクトの属性で、呼び出しのたびに読まれます：{listed}。",
    },
}  # fmt: skip
