"""From a graph to source text."""
