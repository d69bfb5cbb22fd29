"""Small networks, losses and models, as users write them: every stage is run on each."""

from tests.catalogue import (
    attention as attention,
    indexing as indexing,
    layers as layers,
    losses as losses,
    models as models,
    normalisation as normalisation,
    recurrent as recurrent,
)
from tests.catalogue.case import CASES as CASES
from tests.catalogue.case import Case as Case
