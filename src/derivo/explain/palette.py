"""The colours of factors: after Okabe and Ito (Color Universal Design, 2008).

Their colours are meant for areas; as text on white, orange and sky blue are too faint.
Here each is darkened (on white) or lightened (on a dark ground) until it can be read.
"""

NAMES = (
    "blue", "vermillion", "bluish green", "reddish purple", "orange", "grey", "violet",
    "red",
)  # fmt: skip
LIGHT = (
    "#0072B2", "#B84A00", "#007A5A", "#A8487F", "#8A6000", "#5A5A5A", "#6A4BC4",
    "#B3202C",
)  # fmt: skip
DARK = (
    "#56B4E9", "#FF8C52", "#3CCB9C", "#E9A2CB", "#E6B800", "#BDBDBD", "#B9A5FF",
    "#FF9C94",
)  # fmt: skip
COLOURS = len(LIGHT)
TEXTURES = 3  # whole, dashed and dotted: so many times each colour can be told apart
MARKS = COLOURS * TEXTURES
