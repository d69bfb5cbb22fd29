"""Sentences about functions that are called: a call as one step, each function once."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {
        "en": "The call of {name} that gives {values}",
        "fr": "L’appel de {name} qui donne {values}",
        "ja": "{values} を求める {name} の呼び出し",
    },
    "step": {
        "en": "A call is one step. What {name} does within, and how its gradients come about, is told once, however often it is called: {link}.",
        "fr": "Un appel est une seule étape. Ce que {name} fait à l’intérieur, et d’où viennent ses gradients, est raconté une fois, quel que soit le nombre d’appels : {link}.",
        "ja": "呼び出しは一つのステップです。{name} の内部の計算と勾配の求め方は、何回呼び出されても一度だけ説明します：{link}。",
    },
    "function": {"en": "The function {name}", "fr": "La fonction {name}", "ja": "関数 {name}"},
    "about": {
        "en": "{name} is called {count} times, for {values}. Within it the names are its own; what comes back to its result is given by whoever calls it.",
        "fr": "{name} est appelée {count} fois, pour {values}. À l’intérieur, les noms sont les siens ; ce qui revient à son résultat est donné par qui l’appelle.",
        "ja": "{name} は {values} のために {count} 回呼び出されます。内部の名前はこの関数だけのもので、結果に戻ってくる勾配は呼び出し側が与えます。",
    },
    "about_once": {
        "en": "{name} is called once, for {values}. Within it the names are its own; what comes back to its result is given by whoever calls it.",
        "fr": "{name} est appelée une fois, pour {values}. À l’intérieur, les noms sont les siens ; ce qui revient à son résultat est donné par qui l’appelle.",
        "ja": "{name} は {values} のために一度だけ呼び出されます。内部の名前はこの関数だけのもので、結果に戻ってくる勾配は呼び出し側が与えます。",
    },
    "numbers": {
        "en": "The numbers are those of its first call.",
        "fr": "Les nombres sont ceux de son premier appel.",
        "ja": "数値は最初の呼び出しのものです。",
    },
    "within": {"en": " (in {name})", "fr": " (dans {name})", "ja": "（{name} の中）"},
    "within_brief": {"en": "Within {name}:", "fr": "À l’intérieur de {name} :", "ja": "{name} の中では："},
    "through": {
        "en": "It goes into a call of {name}, as {argument}: the backward pass of {name} gives its gradient.",
        "fr": "Il entre dans un appel de {name}, comme {argument} : la passe arrière de {name} donne son gradient.",
        "ja": "{name} の呼び出しに {argument} として入ります。勾配は {name} の逆伝播が与えます。",
    },
}  # fmt: skip
