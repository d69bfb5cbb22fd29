"""Sentences about loops over time."""

TEXTS: dict[str, dict[str, str]] = {
    "step_title": {
        "en": "A loop over time: one step, {values}",
        "fr": "Une boucle dans le temps : une étape, {values}",
        "ja": "時間方向のループ：一つのステップ {values}",
    },
    "about": {
        "en": "This loop runs {count} steps. The index {step} counts them from 1; the code counts from 0.",
        "fr": "Cette boucle fait {count} étapes. L’indice {step} les compte à partir de 1 ; le code compte à partir de 0.",
        "ja": "このループは {count} ステップあります。添字 {step} は 1 から数えます（コードでは 0 から）。",
    },
    "about_backwards": {
        "en": "This loop runs {count} steps, from the last to the first. The index {step} counts them from 1; the code counts from 0.",
        "fr": "Cette boucle fait {count} étapes, de la dernière à la première. L’indice {step} les compte à partir de 1 ; le code compte à partir de 0.",
        "ja": "このループは最後から最初へ {count} ステップ進みます。添字 {step} は 1 から数えます（コードでは 0 から）。",
    },
    "carries": {
        "en": "A step starts from {values}, left by the step before.",
        "fr": "Une étape part de {values}, laissé par l’étape précédente.",
        "ja": "各ステップは、前のステップから {values} を受け取ります。",
    },
    "slices": {
        "en": "It reads {values}: the part of the arrays that belongs to this step alone.",
        "fr": "Elle lit {values} : la part des tableaux qui n’appartient qu’à cette étape.",
        "ja": "{values} を読みます。配列のうち、このステップだけの部分です。",
    },
    "fixed": {
        "en": "It reads {values}; at every step the same.",
        "fr": "Elle lit {values}, sans changement d’une étape à l’autre.",
        "ja": "{values} を読みます。これはどのステップでも同じです。",
    },
    "called": {
        "en": "loop over {name}",
        "fr": "boucle sur {name}",
        "ja": "{name} のループ",
    },
    "at_step": {"en": " (step {step})", "fr": " (étape {step})", "ja": "（ステップ {step}）"},
    "first": {"en": "before the first step", "fr": "avant la première étape", "ja": "最初のステップの前"},
    "handed": {"en": "handed to the next step", "fr": "transmis à l’étape suivante", "ja": "次のステップへ渡される"},
    "picture": {
        "en": "One step {step}. What is handed on enters the same picture again, at the next step.",
        "fr": "Une étape {step}. Ce qui est transmis entre de nouveau dans la même figure, à l’étape suivante.",
        "ja": "一つのステップ {step}。渡された値は、次のステップで同じ図にもう一度入ります。",
    },
    "back_title": {
        "en": "Backpropagation through time",
        "fr": "La rétropropagation dans le temps",
        "ja": "時間方向の逆伝播",
    },
    "back": {
        "en": "The steps form a chain, so the chain rule runs through them from the last to the first. A step gets gradients from what it gave, and hands on what is left for the step before. That is all there is to backpropagation through time: the backward pass of one step {step}, repeated.",
        "fr": "Les étapes forment une chaîne ; la règle de la chaîne les parcourt donc de la dernière à la première. Une étape reçoit les gradients de ce qu’elle a donné, et transmet le reste à l’étape précédente. La rétropropagation dans le temps n’est rien d’autre : la passe arrière d’une étape {step}, répétée.",
        "ja": "ステップは鎖のようにつながっているので、連鎖律は最後のステップから最初のステップへ進みます。各ステップは自分の出した値の勾配を受け取り、残りを前のステップへ渡します。時間方向の逆伝播とは、一つのステップ {step} の逆伝播の繰り返しにほかなりません。",
    },
    "parts": {
        "en": "{value} is used twice over: here, by what reads it at this step, within the step or outside, and by the next step, which starts from it. Both move the end result, so their gradients are added. {later} is the part that comes back from the later steps.",
        "fr": "{value} sert à deux titres : ici, à ce qui le lit à cette étape, dans l’étape ou au-dehors, et à l’étape suivante, qui part de lui. Les deux agissent sur le résultat final, donc leurs gradients s’additionnent. {later} est la part qui revient des étapes suivantes.",
        "ja": "{value} は二つの用途で使われます。一つはこのステップで（ステップの中や外で）それを読む計算、もう一つはそれを出発点とする次のステップです。どちらも最終結果に影響するので、勾配を足します。{later} は後のステップから戻ってくる分です。",
    },
    "begins": {
        "en": "after the last step there is no next one: the chain begins here",
        "fr": "après la dernière étape, il n’y en a plus : la chaîne commence ici",
        "ja": "最後のステップの後に次はなく、連鎖はここから始まります",
    },
    "backward": {
        "en": "The recurrence backward, for every step {step} from the last to the first:",
        "fr": "La récurrence de la passe arrière, pour chaque étape {step} de la dernière à la première :",
        "ja": "逆向きの漸化式。最後から最初まで、各ステップ {step} について：",
    },
    "to_before": {
        "en": "handed to the step before",
        "fr": "transmis à l’étape précédente",
        "ja": "前のステップへ渡される",
    },
    "in_full": {
        "en": "The chain rule within one step, operation by operation",
        "fr": "La règle de la chaîne dans une étape, opération par opération",
        "ja": "一つのステップの中の連鎖律を、演算ごとに",
    },
    "sum_title": {
        "en": "Why the gradient of a weight is a sum over the steps",
        "fr": "Pourquoi le gradient d’un poids est une somme sur les étapes",
        "ja": "重みの勾配がステップについての和になる理由",
    },
    "slice_title": {
        "en": "What belongs to one step alone",
        "fr": "Ce qui n’appartient qu’à une étape",
        "ja": "一つのステップだけのもの",
    },
    "sum": {
        "en": "Every step reads the same {values}. Changed a little, each of them moves the end result through every step at once: one path for each step, and what comes back along the paths is added.",
        "fr": "Chaque étape lit les mêmes {values}. Un petit changement de l’un d’eux agit sur le résultat final à travers toutes les étapes à la fois : un chemin par étape, et ce qui revient le long des chemins s’additionne.",
        "ja": "どのステップも同じ {values} を読みます。どれかを少し変えると、すべてのステップを通して最終結果が変わります。経路はステップごとに一つあり、それらに沿って戻ってきたものを足します。",
    },
    "no_sum": {
        "en": "{value} is read at step {step} and at no other. There is one path, and nothing to add: its gradient is that step's row of the whole.",
        "fr": "{value} est lu à l’étape {step} et à aucune autre. Il n’y a qu’un chemin, et rien à additionner : son gradient est la ligne de cette étape dans le tout.",
        "ja": "{value} はステップ {step} でしか読まれません。経路は一つで、足すものはありません。その勾配は全体のうちこのステップの行です。",
    },
    "twice": {
        "en": "Within a step, {value} is read more than once. So there are two sums: over the places within a step, and over the steps.",
        "fr": "Au sein d’une étape, {value} est lu plusieurs fois. Il y a donc deux sommes : sur les endroits d’une étape, puis sur les étapes.",
        "ja": "一つのステップの中で、{value} は複数の箇所で読まれます。そのため和は二重になり、ステップの中の箇所と、ステップとの両方について足します。",
    },
    "terms": {"en": "What each step adds:", "fr": "Ce que chaque étape ajoute :", "ja": "各ステップが足す分："},
    "product_title": {
        "en": "Why gradients vanish or explode over many steps",
        "fr": "Pourquoi les gradients disparaissent ou explosent sur beaucoup d’étapes",
        "ja": "多くのステップで勾配が消失・爆発する理由",
    },
    "product": {
        "en": "On the way from a step to the one before, a gradient is multiplied by the derivative of the step (of an array, each row of the gradient by the Jacobian). Over many steps these are multiplied, the latest first:",
        "fr": "D’une étape à la précédente, un gradient est multiplié par la dérivée de l’étape (pour un tableau, chaque ligne du gradient par la jacobienne). Sur beaucoup d’étapes, elles se multiplient, la plus tardive d’abord :",
        "ja": "あるステップから前のステップへ戻るとき、勾配にはそのステップの微分が掛かります（配列なら、勾配の各行にヤコビ行列が掛かります）。多くのステップでは、後のものから順に掛け合わされます：",
    },
    "one_step": {"en": "one step", "fr": "une étape", "ja": "一ステップ"},
    "all_steps": {
        "en": "from the last step back to step k",
        "fr": "de la dernière étape à l’étape k",
        "ja": "最後のステップからステップ k まで",
    },
    "slope": {
        "en": "The function that gives {value} has a slope of {most} at most, where it is steepest, and less everywhere else: it makes the product smaller. The weights can make up for that, or more than make up for it.",
        "fr": "La fonction qui donne {value} a une pente d’au plus {most}, là où elle est la plus raide, et moins partout ailleurs : elle réduit le produit. Les poids peuvent compenser, ou faire plus que compenser.",
        "ja": "{value} を与える関数の傾きは、最も急な所でも {most} で、ほかではそれより小さく、積を小さくします。重みはそれを補うことも、補いすぎることもあります。",
    },
    "many": {
        "en": "There are several paths from one step to the one before. What a gradient is multiplied by on all of them together is the Jacobian of the step; the recurrence backward adds them up.",
        "fr": "Il y a plusieurs chemins d’une étape à la précédente. Ce qui multiplie un gradient sur l’ensemble de ces chemins est la jacobienne de l’étape ; la récurrence de la passe arrière les additionne.",
        "ja": "あるステップから前のステップへは、いくつもの経路があります。そのすべてを合わせて勾配に掛かるものが、ステップのヤコビ行列です。逆向きの漸化式はそれらを足し合わせます。",
    },
    "straight": {
        "en": "One path to {value} from its own value before leads through no matrix and no function that flattens. On this path a gradient is multiplied by this alone; where it stays near 1, gradients last over many steps:",
        "fr": "Un chemin mène à {value} depuis sa propre valeur précédente sans passer par une matrice ni par une fonction qui aplatit. Sur ce chemin, un gradient n’est multiplié que par ceci ; là où cela reste proche de 1, les gradients durent sur beaucoup d’étapes :",
        "ja": "{value} へは、自身の前の値から、行列も、平らになる関数も通らない経路が一つあります。この経路で勾配に掛かるのは次のものだけです。それが 1 に近いままなら、勾配は多くのステップにわたって残ります：",
    },
    "this_way": {"en": "on this path alone", "fr": "sur ce seul chemin", "ja": "この経路だけで"},
    "shrinks": {
        "en": "A product of many factors seldom stays as it is. If each step shrinks a gradient, what comes from far away vanishes, and early steps learn nothing from late results. If each step stretches it, it explodes.",
        "fr": "Un produit de beaucoup de facteurs reste rarement tel quel. Si chaque étape rétrécit un gradient, ce qui vient de loin disparaît, et les premières étapes n’apprennent rien des derniers résultats. Si chaque étape l’étire, il explose.",
        "ja": "多くの因子の積がそのままの大きさでいることはまれです。各ステップで勾配が縮むと、遠くからの勾配は消失し、早いステップは遅い結果から何も学べません。各ステップで伸びると爆発します。",
    },
    "bound": {
        "en": "With the numbers given, a step back makes a gradient larger by this factor at most: the largest size of each factor at any step (of a matrix, its largest singular value), multiplied.",
        "fr": "Avec les nombres donnés, un pas en arrière multiplie un gradient au plus par ceci : la plus grande taille de chaque facteur, toutes étapes confondues (pour une matrice, sa plus grande valeur singulière), multipliées entre elles.",
        "ja": "与えられた数値では、一ステップ戻るごとに勾配は最大でこの倍率になります。各因子の、全ステップを通しての最大の大きさ（行列なら最大特異値）の積です。",
    },
    "norms": {
        "en": "The norm of the gradient at each step, on the way back; beside it, what is left there of the gradient of the last step alone:",
        "fr": "La norme du gradient à chaque étape, au retour ; à côté, ce qui y reste du gradient de la seule dernière étape :",
        "ja": "戻る順に、各ステップでの勾配のノルム。その隣は、最後のステップの勾配だけのうち、そこに残っている分です：",
    },
    "norm": {"en": "norm of {value}", "fr": "norme de {value}", "ja": "{value} のノルム"},
    "left": {"en": "left of the last step's", "fr": "reste de la dernière étape", "ja": "最後のステップの分の残り"},
    "unrolled_title": {"en": "The loop unrolled", "fr": "La boucle déroulée", "ja": "展開したループ"},
    "unrolled": {
        "en": "Unrolled, the loop is a long chain of equal links. The chain rule multiplies one local derivative for every step on the way:",
        "fr": "Déroulée, la boucle est une longue chaîne de maillons égaux. La règle de la chaîne multiplie une dérivée locale par étape du chemin :",
        "ja": "展開すると、ループは同じ輪が連なる長い鎖になります。連鎖律では、途中のステップごとに局所微分を一つずつ掛けます：",
    },
    "paths": {
        "en": "A value that every step reads, such as {value}, enters the chain at every link: there is a path from each of these places to the end, and paths are added.",
        "fr": "Une valeur que chaque étape lit, comme {value}, entre dans la chaîne à chaque maillon : un chemin mène de chacun de ces endroits à la fin, et l’on additionne les chemins.",
        "ja": "{value} のようにどのステップでも読まれる値は、鎖のすべての輪に入ります。その一つひとつから終わりまで経路があり、それらを足します。",
    },
    "through": {
        "en": "{value} is read at the steps of a loop over time. What comes back from there (see “{where}”):",
        "fr": "{value} est lu aux étapes d’une boucle dans le temps. Ce qui en revient (voir « {where} ») :",
        "ja": "{value} は時間方向のループの各ステップで読まれます。そこから戻ってくるもの（「{where}」を参照）：",
    },
    "forward_frame": {
        "en": "the loop runs, one step after the other",
        "fr": "la boucle est parcourue, une étape après l’autre",
        "ja": "ループを一ステップずつ進めます",
    },
    "backward_frame": {
        "en": "the loop runs the other way; each step hands what is left to the step before",
        "fr": "la boucle est parcourue dans l’autre sens ; chaque étape transmet le reste à l’étape précédente",
        "ja": "ループを逆向きに進めます。各ステップは残りを前のステップへ渡します",
    },
    "item_frame": {
        "en": "{value} is what the loop gives",
        "fr": "{value} est ce que donne la boucle",
        "ja": "{value} はループの結果です",
    },
    "sum_frame": {
        "en": "every step read {value}, so {adjoint} is the sum over the steps",
        "fr": "chaque étape a lu {value}, donc {adjoint} est la somme sur les étapes",
        "ja": "{value} はどのステップでも読まれたので、{adjoint} はステップについての和です",
    },
    "row_frame": {
        "en": "{adjoint} holds what each step hands back to its part of {value}",
        "fr": "{adjoint} contient ce que chaque étape renvoie à sa part de {value}",
        "ja": "{adjoint} には、各ステップが {value} の自分の部分へ返す勾配が並びます",
    },
    "first_frame": {
        "en": "{adjoint} is what the first step hands back to {value}",
        "fr": "{adjoint} est ce que la première étape renvoie à {value}",
        "ja": "{adjoint} は最初のステップが {value} へ返す勾配です",
    },
}  # fmt: skip
