"""Recognising spellings, shortening gradients, and rewriting what overflows."""
