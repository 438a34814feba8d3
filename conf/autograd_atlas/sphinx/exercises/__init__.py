"""Exercises: directives that ask about a program, which answers them itself when a page is read.

A kind of exercise is a directive, a class derived from :class:`.base.Exercise` in a module of its own, and
a function in a module of the same name for browsers, which ``exercises.js`` lists.
"""

from sphinx.application import Sphinx

from . import base
from .predict import Predict

KINDS: tuple[type[base.Exercise], ...] = (Predict,)


def setup(app: Sphinx) -> None:
    base.setup(app)
    for kind in KINDS:
        base.add_kind(app, kind)
