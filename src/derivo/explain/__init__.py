"""From a derivation to a document that people read: graph, formulas, code, numbers."""
