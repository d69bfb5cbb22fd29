"""Plain functions that are written above the source of a loss with nested gradients."""

# Emitted source has no annotations, and this is a part of it.
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


def multiplied(nest, factor):
    """Multiply every array in a nest of gradients."""
    if isinstance(nest, dict):
        return {key: multiplied(part, factor) for key, part in nest.items()}
    if isinstance(nest, list | tuple):
        return type(nest)(multiplied(part, factor) for part in nest)
    return factor * nest


def multiplied_parts(nest, factor):
    """Multiply every array in a nest of gradients; None stands for what has none."""
    if isinstance(nest, dict):
        return {key: multiplied_parts(part, factor) for key, part in nest.items()}
    if isinstance(nest, list | tuple):
        return type(nest)(multiplied_parts(part, factor) for part in nest)
    return None if nest is None else factor * nest
