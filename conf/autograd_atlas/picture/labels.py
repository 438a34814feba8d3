"""From names and numbers of a :class:`~autograd_atlas.graph.Graph` to the texts in a picture: a
number as torch prints it, a tensor as rows, a long name cut. Knows neither boxes nor any language.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import takewhile

from ..graph import Block, Call, Number, Tensor, Value, primed

LONGEST = 30  # characters of a label; a longer one is cut in the middle, and kept as a title
LONGEST_CALL = len("binary_cross_entropy_with_logits")  # a name that people know is not cut


def columns(text: str) -> float:
    """How many characters wide a text is; Chinese characters and emoji take two."""
    if text.isascii():
        return len(text)
    wide = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
            continue
        wide += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return wide


def short(text: str, longest: int = LONGEST) -> str:
    """``text``, cut in the middle if it is too long for a label; a path, at its beginning.

    >>> short("a_name_that_is_longer_than_one_would_like", 20)
    'a_name_tha…ould_like'
    >>> short("encoder.layers.0.self_attn.out_proj.bias", 20)
    '…_attn.out_proj.bias'
    """
    if columns(text) <= longest:
        return text
    if text.isascii() and text.replace(".", "_").isidentifier() and "." in text:
        return f"…{text[1 - longest :]}"
    return cut(text, longest)


def cut(text: str, longest: int) -> str:
    """The beginning and the end of a text."""
    head, tail = text[: longest // 2], text[-(longest // 2 - 1) :]
    while columns(head) > longest // 2:
        head = head[:-1]
    while columns(tail) > longest // 2 - 1:
        tail = tail[1:]
    return f"{head}…{tail}"


def cut_apart(names: Iterable[str], longest: int = LONGEST) -> dict[str, str]:
    """Names, cut as :func:`short` cuts them; those that would then be the same, from where they
    differ.

    >>> list(cut_apart(f"heads.{n}.parametrizations.weight.original" for n in "01").values())
    ['…0.parametrizat…ight.original', '…1.parametrizat…ight.original']
    """
    same: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        same.setdefault(short(name, longest), []).append(name)
    labels: dict[str, str] = {}
    for label, alike in same.items():
        parts = zip(*(name.split(".") for name in alike), strict=False)
        shared = len(list(takewhile(lambda part: len(set(part)) == 1, parts)))
        for name in alike:
            rest = ".".join(name.split(".")[shared:])
            rest = cut(rest, longest - 1) if columns(rest) >= longest else rest
            labels[name] = label if len(alike) == 1 else f"…{rest}" if shared else rest
    return labels


def title_of(text: str) -> str:
    """The whole of a label, if it was cut."""
    return text if columns(text) > LONGEST else ""


# -- Numbers --------------------------------------------------------------------------------


def number_text(number: Number) -> str:
    """As torch prints it, with at most four decimals, and no zeros that say nothing.

    >>> number_text(33.0), number_text(1 / 3), number_text(1e-7), number_text(True)
    ('33', '0.3333', '1e-07', 'True')
    """
    if isinstance(number, complex):
        imaginary = number_text(number.imag)
        sign = "" if imaginary.startswith("−") else "+"
        return f"{number_text(number.real)}{sign}{imaginary}j"
    if not isinstance(number, float):
        return str(number)
    if not math.isfinite(number):
        return str(number).replace("-", "−")
    if number and not 1e-4 <= abs(number) < 1e6:
        mantissa, exponent = f"{number:.4e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.').replace('-', '−')}e{exponent}"
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def type_text(value: Value) -> str:
    """What stands for a large tensor: ``float32[64, 3]``."""
    return f"{value.dtype}[{', '.join(map(str, value.shape))}]"


def rows_of(value: Value, widest: int = 26, most: int = 4) -> list[str]:
    """The numbers of a small tensor, one text a row; of a large one, dtype and shape."""
    numbers, shape = value.numbers, [each for each in value.shape if isinstance(each, int)]
    if numbers is None:
        return [type_text(value)]
    if len(numbers) == 1:
        return [number_text(numbers[0])]
    if len(shape) > 2:
        return [type_text(value)]
    if 3 * shape[-1] > widest or (len(shape) == 2 and shape[0] > most):
        return [type_text(value)]  # a digit, a comma and a space each would be too wide
    if len(shape) < 2:
        rows = [f"[{', '.join(map(number_text, numbers))}]"]
    else:
        wide = shape[1]
        texts = [number_text(number) for number in numbers]
        cell = max(map(len, texts), default=0)
        parts = [
            ", ".join(text.rjust(cell) for text in texts[row * wide : row * wide + wide])
            for row in range(shape[0])
        ]
        rows = [f"[{part}]" for part in parts]
        rows = [f"[{rows[0]}]"] if len(rows) == 1 else rows
    fits = 0 < len(rows) <= most and all(columns(row) <= widest for row in rows)
    return rows if fits else [type_text(value)]


def is_spelled_out(value: Value) -> bool:
    """Whether a picture shows the numbers of a tensor, and not only what type it is."""
    return rows_of(value)[0] != type_text(value)


def in_one_line(value: Value | None, widest: int = 14) -> str:
    """A value for a wire: its numbers, if they fit in one line, else nothing."""
    if value is None or not value.numbers:
        return ""
    rows = rows_of(value, widest, 1)
    return rows[0] if rows[0] != type_text(value) else ""


def norm_text(norm: float) -> str:
    """What one asks of a gradient that is too large to read.

    >>> norm_text(0.31234), norm_text(0.0), norm_text(math.nan)
    ('|g| = 0.3123', '0', 'nan')
    """
    return f"|g| = {number_text(norm)}" if norm and math.isfinite(norm) else number_text(norm)


def gradient_in_one_line(value: Value | None, widest: int = 26) -> str:
    """A gradient's numbers, if they fit in one line, or the norm of one that has too many."""
    if value is None:
        return ""
    text, norm = in_one_line(value, widest), norm_of([value])
    return text if text or norm is None else norm_text(norm)


def norm_of(gradients: Iterable[Value]) -> float | None:
    """The norm of several gradients together; None if that of one is not known."""
    norms = [
        math.hypot(*map(abs, each.numbers)) if each.numbers is not None else each.norm
        for each in gradients
    ]
    known = [norm for norm in norms if norm is not None]
    return math.hypot(*known) if len(known) == len(norms) else None


def bytes_text(size: int) -> str:
    """A size in memory, with one decimal.

    >>> bytes_text(4_230_000), bytes_text(12_000), bytes_text(2_000_000_000)
    ('4.2 MB', '12 kB', '2 GB')
    """
    power = min(3, (len(str(size)) - 1) // 3)
    return f"{size / 1000**power:.1f}".removesuffix(".0") + " " + ("B", "kB", "MB", "GB")[power]


# -- Names ----------------------------------------------------------------------------------


def tensor_name(tensor: Tensor) -> str:
    return primed(tensor.name, tensor.primes) if tensor.name else ""


def block_title(block: Block) -> str:
    title = " · ".join(name for name in (block.name, block.kind) if name)
    return f"{title} × {block.copies}".lstrip() if block.copies > 1 else title


SYMBOLS = {
    "add": "+", "sub": "−", "subtract": "−", "mul": "×", "multiply": "×", "div": "÷",
    "true_divide": "÷", "divide": "÷", "neg": "−", "matmul": "@", "mm": "@", "mv": "@", "bmm": "@",
    "__matmul__": "@", "pow": "^", "__pow__": "^", "sum": "Σ", "prod": "Π", "sigmoid": "σ",
    "sqrt": "√", "gt": ">", "lt": "<", "ge": "≥", "le": "≤", "eq": "=", "ne": "≠",
    "__rsub__": "−", "rsub": "−", "__rdiv__": "÷", "__rtruediv__": "÷", "__rpow__": "^",
    "__rmatmul__": "@", "__and__": "&", "__or__": "|", "logical_not": "¬", "__invert__": "¬",
    "floor_divide": "//", "__floordiv__": "//", "__rfloordiv__": "//", "remainder": "%",
    "__mod__": "%", "__rmod__": "%",
}  # fmt: skip


LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{5,}(?:e[+-]?\d+)?")


def rounded(text: str) -> str:
    """What a call was given, with its numbers as they are everywhere in a picture.

    >>> rounded("1.7320508075688772"), rounded("p=0.30000000000000004"), rounded("-2")
    ('1.7321', 'p=0.3', '-2')
    """
    return LONG_NUMBER.sub(lambda number: number_text(float(number[0])), text)


def unseen_symbol(nodes: Sequence[str]) -> str:
    """What stands in the circle of what nobody saw: the last of the nodes that it recorded.

    >>> unseen_symbol(["CompiledFunctionBackward"]), unseen_symbol([])
    ('⋯ CompiledFunctionBackward', '⋯')
    """
    last = nodes[-1].rpartition("::")[2] if nodes else ""
    return f"⋯ {short(last, LONGEST_CALL)}".rstrip()


def call_symbol(call: Call) -> str:
    """What stands in a call's circle.

    >>> call_symbol(Call("mul", (), ())), call_symbol(Call("sum", (), (), ("dim=1",)))
    ('×', 'Σ dim=1')
    >>> call_symbol(Call("__getitem__", (), (), ("0",))), call_symbol(Call("exp", (), ()))
    ('[0]', 'exp')
    >>> call_symbol(Call("__setitem__", (), (), ("(0, 1:)", "5.0")))
    '[0, 1:] = 5.0'
    """
    if not call.seen:
        return short(call.name or "…", LONGEST_CALL)
    options = rounded(", ".join(call.options))
    if call.name in ("__getitem__", "__setitem__"):
        index, *number = map(rounded, call.options or ("",))
        inside = f"[{index.removeprefix('(').removesuffix(')')}]"
        end = "" if call.name == "__getitem__" else " ".join([" =", *number])
        return short(inside + end, 20)
    name = SYMBOLS.get(call.name, call.name)
    if name != call.name:
        return short(f"{name} {options}".strip(), 20)
    return short(f"{name}({options})" if options else name, LONGEST_CALL)
