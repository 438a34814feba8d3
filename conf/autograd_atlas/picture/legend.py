"""The key of the drawing language: a sample of each shape and sign, drawn as in pictures, with what
it means. It opens at each picture, and stands on a page by itself."""

from .diagram import CHARACTER, Box, Line, Span, sized
from .geometry import Rectangle
from .keys import Key, Kind
from .labels import columns
from .svg import box_svg, text_svg
from .words import Words

HEIGHT, MARGIN = 28, 3  # of a sample, and around it


def box(kind: str, *lines: Line, **options: object) -> str:
    """A box of a picture, with its own size."""
    drawn = sized(Box(Key(Kind.CONSTANT, 0), kind, lines, **options))  # type: ignore[arg-type]
    at = Rectangle(MARGIN, (HEIGHT - drawn.height) / 2, drawn.width, drawn.height)
    markup = box_svg(drawn, at, "").replace(' id="k0"', "").replace(' id="e0"', "")
    return sample(drawn.width + 2 * MARGIN, markup)


def sample(width: float, markup: str) -> str:
    return (
        f'<svg class="aa-graph" aria-hidden="true" viewBox="0 0 {width:.0f} {HEIGHT}" '
        f'width="{width:.0f}" height="{HEIGHT}">{markup}</svg>'
    )


def sign(style: str, text: str) -> str:
    """A text of a picture."""
    width = columns(text) * CHARACTER + 2 * MARGIN
    x = width / 2 if style in ("local", "sent") else MARGIN
    return sample(width, text_svg(x, 18, text, style))


def value(name: str, number: str) -> Line:
    return Span("value-name", name), Span("value", f" = {number}")


def samples() -> dict[str, str]:
    """By the key of the words for each, a sample of it."""
    wire = '<g class="wire {}"><path d="M4 14h56"/></g>'
    frame = '<g class="frame"><rect x="3" y="3" width="58" height="22" rx="6"/></g>'
    stop = Key(Kind.EDGE, 0)
    return {
        "key-leaf": box("leaf", value("w", "2")),
        "key-constant": box("constant", value("x", "4")),
        "key-call": box("tensor", value("u", "6"), symbol="×"),
        "key-result": box("result", value("J", "33")),
        "key-local": sign("local", "∂ 2"),
        "key-sent": sign("sent", "← 6"),
        "key-arrived": sign("grad", "∇ 9"),
        "key-grad": sign("grad", ".grad = 7"),
        "key-norm": sign("grad", "|g| = 0.3"),
        "key-primed": sign("value-name", "x′"),
        "key-alias": sample(64, wire.format("alias")),
        "key-saved": sign("tag", "▪ self"),
        "key-freed": sign("tag-freed", "▪ self"),
        "key-stop": box("node", (Span("head", "Mul"),), stops=(stop,)),
        "key-frame": sample(64, frame),
        "key-block": box("block", (Span("type", "ƒ × 13"),)),
        "key-unseen": box("call", symbol="⋯", seen=False),
    }


def key(words: Words) -> str:
    """The key as a list in HTML."""
    rows = (
        f"<div><dt>{drawn}</dt><dd>{words[name]}</dd></div>" for name, drawn in samples().items()
    )
    return f'<dl class="aa-key">{"".join(rows)}</dl>'
