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

    >>> holed, solution = split(chr(10).join(["# <your code>", "x = 1", "# </your code>"]))
    >>> holed.splitlines(), solution
    (['# <your code>', '...', '# </your code>'], 'x = 1')
    """
    solution = [dedent(found["solution"]).rstrip("\n") for found in HOLE.finditer(script)]
    holed = HOLE.sub(r"\g<begin>\g<indent>...\n\g<end>", script)
    return holed, "\n\n".join(solution)
