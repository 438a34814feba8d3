"""Brings the process back to the same state before each lesson.

All lessons run in one process, so what one leaves behind would change what the next
prints. A downloaded lesson runs in a process of its own; both must print the same. (A
fresh process is not seeded, so a lesson that draws numbers has to seed them itself.)
"""

import random
import sys
import warnings
from pathlib import Path
from typing import Any

_first_filters: list[tuple[Any, ...]] = []


def reset(gallery_conf: dict[str, Any] | None = None, fname: Path | str | None = None) -> None:
    """Reset seeds, torch's global modes and the warning state.

    Called by sphinx-gallery (``reset_modules``) with its configuration and the lesson's
    file name, and before a program that is recorded without them; neither is needed.
    """
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)

    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False, check_nan=True)
    # Only then: it imports torch's compiler (torch 2.13.0, __init__.py:1531).
    if torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(False)
    torch.set_printoptions(  # type: ignore[no-untyped-call]  # PyTorch has no types for it
        profile="default", sci_mode=None
    )
    torch.set_num_threads(1)

    forget_shown_warnings()
    torch.set_warn_always(True)  # or C++ warnings would appear in the first lesson only


def forget_shown_warnings() -> None:
    """Restore the warning filters of the first lesson, and let each warning be shown again."""
    if not _first_filters:
        _first_filters.extend(warnings.filters)
    warnings.resetwarnings()
    for action, message, category, module, line in reversed(_first_filters):
        # A filter keeps its patterns compiled, or as None; filterwarnings wants text.
        texts = {"message": message, "module": module}
        texts = {name: getattr(text, "pattern", text) or "" for name, text in texts.items()}
        warnings.filterwarnings(action, category=category, lineno=line, **texts)
    for module in list(sys.modules.values()):
        vars(module).get("__warningregistry__", {}).clear()
