"""One self-contained page: no network, no framework."""
