"""Checking derivatives against numbers."""
