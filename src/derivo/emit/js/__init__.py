"""From a graph to JavaScript: what a page computes with."""
