"""Words of the playground: what can be chosen."""

TEXTS: dict[str, dict[str, str]] = {
    "title": {
        "en": "Playground: a small network, its backward pass and your points",
        "fr": "Bac à sable : un petit réseau, sa passe arrière et vos points",
        "ja": "プレイグラウンド：小さなネットワークの逆伝播を自分の点で試す",
    },
    "heading": {"en": "Playground", "fr": "Bac à sable", "ja": "プレイグラウンド"},
    "data": {"en": "Points", "fr": "Points", "ja": "データ"},
    "circle": {"en": "circle", "fr": "cercle", "ja": "円"},
    "xor": {"en": "exclusive or", "fr": "ou exclusif", "ja": "排他的論理和"},
    "clouds": {"en": "two clouds", "fr": "deux nuages", "ja": "二つの雲"},
    "spiral": {"en": "spiral", "fr": "spirale", "ja": "らせん"},
    "own": {"en": "your own", "fr": "les vôtres", "ja": "自分の点"},
    "layers": {"en": "Hidden layers", "fr": "Couches cachées", "ja": "隠れ層"},
    "width": {"en": "Neurons", "fr": "Neurones", "ja": "ニューロン"},
    "activation": {"en": "Activation", "fr": "Activation", "ja": "活性化関数"},
    "loss": {"en": "Loss", "fr": "Perte", "ja": "損失"},
    "cross_entropy": {
        "en": "cross-entropy",
        "fr": "entropie croisée",
        "ja": "交差エントロピー",
    },
    "mse": {"en": "squared error", "fr": "erreur quadratique", "ja": "二乗誤差"},
    "rule": {"en": "Optimiser", "fr": "Optimiseur", "ja": "最適化手法"},
    "sgd": {"en": "gradient descent", "fr": "descente de gradient", "ja": "勾配降下法"},
    "momentum": {"en": "momentum", "fr": "inertie", "ja": "モメンタム"},
    "nesterov": {"en": "Nesterov", "fr": "Nesterov", "ja": "ネステロフ"},
    "adam": {"en": "Adam", "fr": "Adam", "ja": "Adam"},
    "again": {"en": "New weights", "fr": "Nouveaux poids", "ja": "重みを引き直す"},
}
