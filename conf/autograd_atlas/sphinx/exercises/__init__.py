"""Exercises: directives that ask about a program, which answers them itself when a page is read.

A kind of exercise is a directive, a class derived from :class:`.base.Exercise` in a module of its
own, and a function in a module of the same name for browsers, which ``exercises.js`` lists.
"""

from sphinx.application import Sphinx

from . import base, fold, predict, write
from .derive import Derive
from .predict import Predict
from .write import Write

KINDS: tuple[type[base.Exercise], ...] = (Predict, Derive, Write)


def setup(app: Sphinx) -> None:
    base.setup(app)
    for kind in KINDS:
        base.add_kind(app, kind)
    predict.setup(app)  # what a lesson prints first waits for the reader's prediction
    write.setup(app)  # scripts are offered
    fold.setup(app)  # text for those who want more
