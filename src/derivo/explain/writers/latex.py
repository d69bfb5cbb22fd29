"""A document as LaTeX, for pdflatex or lualatex; in Japanese for lualatex."""

from __future__ import annotations

from derivo.explain import document as doc
from derivo.explain import palette
from derivo.explain.drawing.captions import numbers_of
from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.routes import radius
from derivo.explain.formula.boxes import factor_colour
from derivo.explain.formula.latex import COMMANDS, Writer, escape, latex
from derivo.explain.formula.layout import layout
from derivo.explain.formula.unicode import flat, inline, lines_of
from derivo.explain.words import Words
from derivo.explain.writers.inline import Inline, numbered

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage{iftex}
\ifPDFTeX\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\else\usepackage{fontspec}\fi
\usepackage{amsmath,amssymb,xcolor,tikz}
\usepackage[margin=2cm]{geometry}
\allowdisplaybreaks
\newcommand\dvother[2]{\ifPDFTeX[\texttt{#1}]\else#2\fi}
% What is wider than a share of the line is made smaller, so that nothing is cut off.
\newsavebox\dvbox
\newcommand\dvfit[2]{\sbox\dvbox{#2}\ifdim\wd\dvbox>#1\linewidth
  \resizebox{#1\linewidth}{!}{\usebox\dvbox}\else\usebox\dvbox\fi}
\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}
% Names of the code cannot be broken: rather loose lines than lines over the margin.
\sloppy\setlength{\emergencystretch}{4em}
"""
JAPANESE = r"""
% Compile with LuaLaTeX; luatexja brings its fonts, Harano Aji, with it. In Debian:
% texlive-luatex and texlive-lang-japanese; in TeX Live: collection-langjapanese.
\ifLuaTeX\usepackage{luatexja}\else
  \errmessage{Japanese needs LuaLaTeX and luatexja: lualatex \jobname.tex}\fi
"""
WIDE, LONG = 30, 80  # characters of a formula, and of code, that surely fit a line
LONGEST = 70  # of a formula; a longer sum goes on in the next line
LONG_LEFT, LEFT = 22, 0.38  # what stands left of the sign, and the share it may take
SCALE = 0.018  # centimetres for a pixel of the drawing


def write(document: doc.Document) -> str:
    """Write a document to be compiled as it is.

    Parameters
    ----------
    document
        What to write.
    """
    words = Words(document.language)
    colours = "".join(
        f"\\definecolor{{dvC{k}}}{{HTML}}{{{hue[1:]}}}\n"
        for k, hue in enumerate(palette.LIGHT)
    )
    parts = [PREAMBLE, JAPANESE * (document.language == "ja"), colours]
    parts.append(f"\\begin{{document}}\n\\section*{{{escape(document.title)}}}\n")
    if document.factors:
        parts.append(escape(words.text("page.legend")) + "\n\n")
    if document.drawing is not None:
        parts.append(tikz(document.drawing.folded or document.drawing))
    if document.code is not None:
        parts.append(code(document.code))
    for section in document.sections:
        title = runs(section.title)
        parts.append(f"\\subsection*{{{title}}}\n" if title else "")
        parts += [block(b) for b in section.blocks]
    return "".join(parts) + "\\end{document}\n"


def badge(factor: str) -> str:
    """Write the number of a factor in its colour."""
    return f"\\textcolor{{dvC{factor_colour(factor)}}}{{{numbered(factor)}}}"


LATEX = Inline(
    escape, lambda text: f"\\texttt{{{escape(text)}}}",
    lambda formula: f"\\({latex(formula)}\\)", badge, strong=r"\textbf{{{}}}",
)  # fmt: skip
runs = LATEX.line


def block(found: doc.Block) -> str:
    """Write a block."""
    match found:
        case doc.Paragraph(line):
            return runs(line) + "\n\n"
        case doc.Note(_, line):
            return f"\\begin{{quote}}{runs(line)}\\end{{quote}}\n"
        case doc.Display(rows):
            return display(rows)
        case doc.Code():
            return code(found)
        case doc.Table(rows):
            columns = "l" * max(map(len, rows))
            lines = " \\\\\n".join(" & ".join(runs(c) for c in row) for row in rows)
            return f"\\begin{{tabular}}{{{columns}}}\n{lines}\n\\end{{tabular}}\n\n"
        case doc.Picture(drawing, _):
            return tikz(drawing.folded or drawing)
        case doc.Fold(title, inner):
            return f"\\paragraph{{{runs(title)}}}\n" + "".join(map(block, inner))


def display(rows: tuple[doc.Row, ...]) -> str:
    """Write aligned formulas; long reasons stand below their line."""
    # What stands left of the signs is as wide as the widest of it, in every row.
    lefts = [len(inline(row.left)) for row in rows if row.left is not None]
    is_long = max(lefts, default=0) > LONG_LEFT
    share = 0.5 if is_long else 0.9 - 0.014 * max(lefts, default=0)
    texts = []
    for row in rows:
        left = "" if row.left is None else latex(row.left)
        if row.left is not None and len(inline(row.left)) > LONG_LEFT:
            left = f"\\dvfit{{{LEFT:.2f}}}{{$\\displaystyle {left}$}}"
        head = f"{left} &{COMMANDS.get(row.sign, row.sign)} "
        for part in lines_of(layout(row.right), LONGEST):
            right = Writer().write(part)
            if len(flat(part)) > WIDE:
                right = f"\\dvfit{{{share:.2f}}}{{$\\displaystyle {right}$}}"
            texts.append(head + right)
            head = "&\\quad "
        if row.reason:
            said = f"\\footnotesize\\itshape {runs(row.reason)}"
            texts.append(f"&\\quad\\parbox{{{share - 0.06:.2f}\\linewidth}}{{{said}}}")
    body = " \\\\\n".join(texts)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def code(found: doc.Code) -> str:
    """Write code line by line, spaces kept."""
    lines = []
    for line in found.lines:
        text = escape(line.text).replace(" ", "~")
        badges = "".join(f"~{badge(f)}" for f in line.factors)
        whole = f"\\texttt{{{text}}}{badges}" if text or badges else "~"
        is_long = len(line.text) + 3 * len(line.factors) > LONG
        lines.append(f"\\dvfit{{1}}{{{whole}}}" if is_long else whole)
    body = "\\\\\n".join(lines)
    return f"{{\\footnotesize\\raggedright\n{body}\n\\par}}\n\n"


def tikz(drawing: Drawing) -> str:
    """Draw the graph with TikZ, at the places of the picture."""
    lines = [
        "\\dvfit{1}{%",
        f"\\begin{{tikzpicture}}[x={SCALE:.5f}cm,y=-{SCALE:.5f}cm,font=\\footnotesize]",
    ]
    for spot in drawing.spots:
        at = drawing.places[spot.id]
        round_by = SCALE * radius(spot, at.height)
        look = f"draw,rounded corners={round_by:.3f}cm,inner sep=0pt"
        look += f",minimum width={SCALE * at.width:.3f}cm"
        look += f",minimum height={SCALE * at.height:.3f}cm"
        name = "" if spot.name is None else f"\\({latex(spot.name)}\\)"
        look += f",label={{[inner sep=1pt]above:{{{name}}}}}" if name else ""
        lines.append(
            f"\\node[{look}] at ({at.x:.1f},{at.y:.1f}) {{{escape(spot.symbol)}}};"
        )
    for edge in drawing.edges:
        colour = f",dvC{edge.colour}" if edge.numbers else ""
        path = " -- ".join(f"({x:.1f},{y:.1f})" for x, y in drawing.routes[edge.id])
        lines.append(f"\\draw[->,rounded corners=2pt{colour}] {path};")
        if edge.numbers:
            at = drawing.labels[edge.id]
            look = "fill=white,inner sep=1pt,font=\\tiny" + colour
            lines.append(
                f"\\node[{look}] at ({at.x:.1f},{at.y:.1f}) {{{numbers_of(edge)}}};"
            )
    return "\n".join([*lines, "\\end{tikzpicture}}\n\n"])
