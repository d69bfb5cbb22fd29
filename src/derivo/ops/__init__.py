"""The catalogue: every operation that derivo knows, each in one record.

The functions named here are for forward passes: what NumPy lacks.
"""

from derivo.ops import arithmetic as arithmetic
from derivo.ops import assemble as assemble
from derivo.ops import composite as composite
from derivo.ops import convolve as convolve
from derivo.ops import cumulative as cumulative
from derivo.ops import diagonal as diagonal
from derivo.ops import einsum as einsum
from derivo.ops import elementwise as elementwise
from derivo.ops import index as index
from derivo.ops import join as join
from derivo.ops import leaf as leaf
from derivo.ops import linalg as linalg
from derivo.ops import norm as norm
from derivo.ops import philox as philox
from derivo.ops import pick as pick
from derivo.ops import piecewise as piecewise
from derivo.ops import products as products
from derivo.ops import questions as questions
from derivo.ops import rearrange as rearrange
from derivo.ops import reduce as reduce
from derivo.ops import scan as scan
from derivo.ops import shape as shape
from derivo.ops import solve as solve
from derivo.ops import special as special
from derivo.ops import statistics as statistics
from derivo.ops.catalogue import CATALOGUE as CATALOGUE
from derivo.ops.catalogue import SPELLINGS as SPELLINGS
from derivo.ops.functions import digamma as digamma
from derivo.ops.functions import draw as draw
from derivo.ops.functions import dropout as dropout
from derivo.ops.functions import erf as erf
from derivo.ops.functions import erfc as erfc
from derivo.ops.functions import expit as expit
from derivo.ops.functions import gammaln as gammaln
from derivo.ops.functions import gelu as gelu
from derivo.ops.functions import leaky_relu as leaky_relu
from derivo.ops.functions import lgamma as lgamma
from derivo.ops.functions import log_sigmoid as log_sigmoid
from derivo.ops.functions import log_softmax as log_softmax
from derivo.ops.functions import logit as logit
from derivo.ops.functions import logsumexp as logsumexp
from derivo.ops.functions import normal as normal
from derivo.ops.functions import relu as relu
from derivo.ops.functions import sigmoid as sigmoid
from derivo.ops.functions import silu as silu
from derivo.ops.functions import softmax as softmax
from derivo.ops.functions import softplus as softplus
from derivo.ops.functions import uniform as uniform
from derivo.ops.functions import xlogy as xlogy
