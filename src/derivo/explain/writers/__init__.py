"""Documents written out: terminal, page, LaTeX, Markdown."""
