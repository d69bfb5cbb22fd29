"""The article's own classes, on derived code and with its slips corrected."""

from derivo.article.act import ActFunction as ActFunction
from derivo.article.act import get_act as get_act
from derivo.article.baselayer import BaseLayer as BaseLayer
from derivo.article.baselayer import MiddleLayer as MiddleLayer
from derivo.article.errfunc import ErrFunction as ErrFunction
from derivo.article.errfunc import get_errfunc as get_errfunc
from derivo.article.outputlayer import OutputLayer as OutputLayer
