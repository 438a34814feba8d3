"""Scripts with holes: the lines of a solution stand between the comments ``# <your code>`` and
``# </your code>``.
"""

import re
from textwrap import dedent

HOLE = re.compile(
    r"^(?P<begin>(?P<indent> *)# <your code>\n)"
    r"(?P<solution>(?:.*\n)*?)"
    r"(?P<end>(?P=indent)# </your code>)$",
    re.MULTILINE,
)


def split(script: str) -> tuple[str, str]:
    """The script with ``...`` in the place of the solution, and the lines of the solution.

    >>> holed, solution = split("def f(x):\\n    # <your code>\\n    return x\\n    # </your code>\\n")
    >>> solution, holed.splitlines()[2]
    ('return x', '    ...')
    """
    solution = [dedent(found["solution"]).rstrip("\n") for found in HOLE.finditer(script)]
    holed = HOLE.sub(r"\g<begin>\g<indent>...\n\g<end>", script)
    return holed, "\n\n".join(solution)
