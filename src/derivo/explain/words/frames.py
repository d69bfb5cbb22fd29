"""Sentences of the steps forward and backward."""

TEXTS: dict[str, dict[str, str]] = {
    "forward": {
        "en": "Forward: compute {value}.",
        "fr": "Passe avant : calculer {value}.",
        "ja": "順伝播：{value} を計算します。",
    },
    "seed": {
        "en": "Backward: {adjoint} comes from outside. It says how the end result changes with {value}.",
        "fr": "Passe arrière : {adjoint} est donné de l’extérieur. Il dit comment le résultat final change avec {value}.",
        "ja": "逆伝播：{adjoint} は外から与えられます。{value} が変わると最終結果がどう変わるかを表します。",
    },
    "chain": {
        "en": "Backward: {adjoint} is the upstream gradient times the local derivative",
        "fr": "Passe arrière : {adjoint} est le gradient amont multiplié par la dérivée locale",
        "ja": "逆伝播：{adjoint} は上流の勾配と局所微分の積です",
    },
    "copied": {
        "en": "Backward: {value} was copied forward, so {adjoint} is the sum over the copies",
        "fr": "Passe arrière : {value} a été copié dans la passe avant, donc {adjoint} est la somme sur les copies",
        "ja": "逆伝播：{value} は順伝播で複製されたので、{adjoint} は複製についての和です",
    },
    "added": {
        "en": "Backward: {value} is read more than once, so what comes back is added to give {adjoint}",
        "fr": "Passe arrière : {value} est lu plusieurs fois, donc ce qui revient est additionné pour donner {adjoint}",
        "ja": "逆伝播：{value} は複数の箇所で使われるので、戻ってきた勾配を足したものが {adjoint} です",
    },
}
