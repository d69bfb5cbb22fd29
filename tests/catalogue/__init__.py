"""Small networks, losses and models as users write them, for every stage."""

from tests.catalogue import (
    attention as attention,
)
from tests.catalogue import (
    filled as filled,
)
from tests.catalogue import (
    indexing as indexing,
)
from tests.catalogue import (
    layers as layers,
)
from tests.catalogue import (
    losses as losses,
)
from tests.catalogue import (
    models as models,
)
from tests.catalogue import (
    normalisation as normalisation,
)
from tests.catalogue import (
    plain_loops as plain_loops,
)
from tests.catalogue import (
    recurrent as recurrent,
)
from tests.catalogue.case import CASES as CASES
from tests.catalogue.case import LOOPS as LOOPS
from tests.catalogue.case import Case as Case
