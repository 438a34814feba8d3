"""Exercises: directives that ask about a program, which answers them itself when a page is read.

A kind of exercise is a directive, a class derived from :class:`.base.Exercise` in a module of its
own, and a function in a module of the same name for browsers, which ``exercises.js`` lists.
"""

from sphinx.application import Sphinx

from . import base, find, fold, pictured, predict, write
from .derive import Derive
from .fill import Fill
from .find import Find
from .predict import Predict
from .write import Write

KINDS: tuple[type[base.Exercise], ...] = (Predict, Fill, Derive, Find, Write)


def setup(app: Sphinx) -> None:
    base.setup(app)
    for kind in KINDS:
        base.add_kind(app, kind)
    predict.setup(app)  # what a lesson prints first waits for the reader's prediction
    pictured.setup(app)  # graphs are drawn, with empty boxes or boxes to choose from
    find.setup(app)  # the solution says what to write instead
    write.setup(app)  # scripts are offered
    fold.setup(app)  # text for those who want more
