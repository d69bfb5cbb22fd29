"""C99 without vectors, threads or a heap, from the same computation."""
