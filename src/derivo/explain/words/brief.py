"""Why each line of the derivation holds, in a few words; and what each step does."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {"en": "In short", "fr": "En bref", "ja": "要約"},
    "lines": {"en": "In a line each", "fr": "En une ligne chacun", "ja": "一行で求まるもの"},
    "stable": {
        "en": "the same, so that nothing overflows",
        "fr": "la même chose, sans débordement possible",
        "ja": "同じ値（桁あふれしない形）",
    },
    "forward": {
        "en": "Forward: compute {name}.", "fr": "Passe avant : calculer {name}.",
        "ja": "順伝播：{name} を計算します。",
    },
    "backward": {
        "en": "Backward: compute {name}. {reason}.",
        "fr": "Passe arrière : calculer {name}. {reason}.",
        "ja": "逆伝播：{name} を計算します。{reason}。",
    },
    "forward_loop": {
        "en": "Forward: {reason}.", "fr": "Passe avant : {reason}.", "ja": "順伝播：{reason}。",
    },
    "backward_loop": {
        "en": "Backward: {reason}.", "fr": "Passe arrière : {reason}.", "ja": "逆伝播：{reason}。",
    },
    "given": {
        "en": "it comes from outside and says how the end result changes with {value}",
        "fr": "il vient de l’extérieur et dit comment le résultat final change avec {value}",
        "ja": "外から与えられ、{value} が変わると最終結果がどう変わるかを表します",
    },
    "one": {
        "en": "the derivative of the end result by itself is 1: there the chain begins",
        "fr": "la dérivée du résultat final par rapport à lui-même vaut 1 : la chaîne commence là",
        "ja": "最終結果の自分自身に関する微分は 1 で、ここから連鎖が始まります",
    },
    "added": {
        "en": "{value} is read more than once: what comes back is added",
        "fr": "{value} est lu plusieurs fois : ce qui revient s’additionne",
        "ja": "{value} は複数の箇所で使われるので、戻ってきた勾配を足す",
    },
    "copied": {
        "en": "{operand} was copied (broadcast): sum over the copies",
        "fr": "{operand} a été copié (diffusé) : somme sur les copies",
        "ja": "{operand} は複製（ブロードキャスト）されたので、複製について和を取る",
    },
    "through": {
        "en": "chain rule through {equation}",
        "fr": "règle de la chaîne à travers {equation}",
        "ja": "{equation} を通る連鎖律",
    },
    "passed": {
        "en": "{equation} passes it on: the derivative is 1",
        "fr": "{equation} le transmet tel quel : la dérivée vaut 1",
        "ja": "{equation} はそのまま伝える（微分は 1）",
    },
    "handed_on": {
        "en": "a sum hands it on: the derivative of {equation} is 1",
        "fr": "une somme le transmet : la dérivée de {equation} vaut 1",
        "ja": "和はそのまま伝える：{equation} の微分は 1",
    },
    "swapped": {
        "en": "a product swaps: {value} changes with {operand} by the other factor, {local}",
        "fr": "un produit échange : {value} change avec {operand} selon l’autre facteur, {local}",
        "ja": "積では入れ替わる：{operand} が変わると、{value} はもう一方の因子 {local} 倍変わる",
    },
    "maximum": {
        "en": "a maximum routes: all goes to {operand} where it is the larger one, nothing where it is not",
        "fr": "un maximum aiguille : tout va à {operand} là où il est le plus grand, rien ailleurs",
        "ja": "最大値は振り分ける：{operand} の方が大きい所ではすべて伝わり、ほかでは何も伝わらない",
    },
    "minimum": {
        "en": "a minimum routes: all goes to {operand} where it is the smaller one, nothing where it is not",
        "fr": "un minimum aiguille : tout va à {operand} là où il est le plus petit, rien ailleurs",
        "ja": "最小値は振り分ける：{operand} の方が小さい所ではすべて伝わり、ほかでは何も伝わらない",
    },
    "slope": {
        "en": "chain rule: {slope} = {local}",
        "fr": "règle de la chaîne : {slope} = {local}",
        "ja": "連鎖律：{slope} = {local}",
    },
    "factor": {
        "en": "chain rule: {value} changes with {operand} by the factor {local}",
        "fr": "règle de la chaîne : quand {operand} varie, {value} varie {local} fois autant",
        "ja": "連鎖律：{operand} が変わると、{value} はその {local} 倍変わる",
    },
}  # fmt: skip
