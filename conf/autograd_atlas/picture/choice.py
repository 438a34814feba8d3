"""What of a graph a reader wants to see, as it travels from ``draw()`` to each picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """Which blocks are folded, and what is left out.

    Raises ValueError for a depth, or a way to fold, that there is not.
    """

    fold: bool | str = True  # false opens every block; "layers" folds each innermost module
    opened: tuple[str, ...] = ()  # names of blocks that are open in any case
    depth: int | None = None  # of modules: what lies deeper stays folded
    constants: bool = True  # whether what needs no gradient is drawn

    def __post_init__(self) -> None:
        if self.fold not in (True, False, "layers"):
            raise ValueError(
                f'there is no fold={self.fold!r}; write fold=True, fold=False or fold="layers"'
            )
        if self.depth is not None and self.depth < 1:
            raise ValueError(
                f"there is no depth {self.depth!r}; write 1 for the outermost modules, "
                "2 for those inside of them, and so on"
            )


AS_READABLE, EVERYTHING = Choice(), Choice(fold=False)
