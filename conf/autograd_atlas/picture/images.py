"""From an SVG to a picture for programs that want something else: PNG or PDF, drawn by CairoSVG.

CairoSVG is an extra of this package: most people need no such files.
"""

import importlib
import re
from types import ModuleType

SIZE = re.compile(r' width="([\d.]+)" height="([\d.]+)"')
LARGEST = 32_767  # pixels that cairo allows on a side (CAIRO_MAX_IMAGE_SIZE, cairo-image-surface.c)


def png(svg: str, scale: float) -> bytes:
    """A PNG with ``scale`` pixels for each unit of the SVG, on white.

    Raises ValueError if that is larger than an image can be.
    """
    size = SIZE.search(svg)
    longest = max(map(float, size.groups())) if size else 0
    if scale <= 0:
        raise ValueError(f"an image is drawn at a scale above 0, not {scale}: scale=2")
    if longest * scale > LARGEST:
        raise ValueError(
            f"the picture is {longest:.0f} pixels long, and a PNG holds {LARGEST:,}: "
            f"write scale={LARGEST / longest:.2f} or less, or save it as .svg or .pdf"
        )
    image: bytes = cairosvg().svg2png(svg.encode(), scale=scale, background_color="white")
    return image


def pdf(svg: str) -> bytes:
    """A PDF of one page, as large as the picture; its text stays text."""
    document: bytes = cairosvg().svg2pdf(svg.encode())
    return document


def cairosvg() -> ModuleType:
    """CairoSVG, or what to do to have it."""
    try:
        return importlib.import_module("cairosvg")
    except ImportError as problem:
        raise ImportError(
            'to save .png or .pdf, install what draws them: pip install "autograd-atlas[images]"; '
            ".svg, .html and .json need nothing more"
        ) from problem
    except OSError as problem:  # of cairocffi, which looks for the library
        raise ImportError(
            "to save .png or .pdf, CairoSVG needs the library cairo, which is not installed: "
            '"apt install libcairo2", "brew install cairo" or "conda install cairo"; '
            ".svg, .html and .json need nothing more"
        ) from problem
