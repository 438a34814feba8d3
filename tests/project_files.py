"""The project's own files, with or without git."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {".git", ".venv", "build", "__pycache__"}


def names() -> list[str]:
    """Paths from the root: what git tracks or would track; without git, all but what is made."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found = run.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        found = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    return sorted(
        name
        for name in found
        if name and (ROOT / name).is_file() and not NOT_OURS & set(Path(name).parts)
    )


def copy_to(folder: Path) -> Path:
    for name in names():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder
