"""``make bench``: what building takes, in multiples of two things measured in the same run:
an empty Sphinx build, and the bare sum of what has to run (every lesson in one process,
every page with cells in one of its own; pictures, which run once more, are not in it). And
the slowest lessons, in multiples of what importing torch takes; and how building grows with
the number of pages, in multiples of what it would be if each page cost as much as the first.
"""

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from conftest import Project
from project_files import copy_to

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3

LESSONS = """
import sys
for path in sys.argv[1:]:
    exec(compile(open(path, encoding="utf-8").read(), path, "exec"), {"__name__": "__main__"})
"""


def seconds(command: list[str], folder: Path | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - start


def median(command: list[str], folder: Path | None = None) -> float:
    return statistics.median(seconds(command, folder) for _ in range(RUNS))


def empty_sphinx(folder: Path) -> float:
    """A clean build of one page with one title, in Sphinx's own theme."""
    folder.mkdir()
    (folder / "conf.py").touch()
    (folder / "index.rst").write_text("Title\n=====\n")
    command = [sys.executable, "-m", "sphinx", "-E", "-a", str(folder), str(folder / "html")]
    return median(command)


def bare_sum(folder: Path) -> float:
    """All lessons and all cells, without Sphinx: as many processes as have to import torch."""
    folder.mkdir()
    lessons = [str(path) for path in sorted(ROOT.glob("examples/*/plot_*.py"))]
    total = median([sys.executable, "-c", LESSONS, *lessons])
    for page in sorted(ROOT.glob("docs/**/*.md")):
        text = page.read_text(encoding="utf-8")
        cells = re.findall(r"```\{code-cell\} python\n(?:---\n.*?---\n)?(.*?)```", text, re.DOTALL)
        if cells:
            script = folder / f"{page.stem}.py"
            script.write_text("\n".join(cells), encoding="utf-8")
            total += median([sys.executable, str(script)], folder)
    return total


def build(project: Path) -> tuple[float, float]:
    """Seconds of 'make html', and of its second language alone."""
    command = [sys.executable, str(project / "conf/commands/website.py"), "html"]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    second = start
    for line in process.stdout:
        if line.startswith("Chinese: starting"):
            second = time.perf_counter()
    assert process.wait() == 0, "the build failed: run 'make html'"
    end = time.perf_counter()
    return end - start, end - second


CHAPTER = 20  # pages
COUNTS = (50, 200, 800)  # of trivial pages


def processor_seconds(folder: Path, pages: int) -> float:
    """What a clean build of so many trivial pages costs, in both languages, with one process."""
    project = Project(folder / f"{pages} pages")
    chapters = range(0, pages, CHAPTER)
    for first in chapters:
        names = [f"p{number:03}" for number in range(first, min(first + CHAPTER, pages))]
        project.write(
            f"docs/c{first}.md",
            f"# Chapter {first}\n\n```{{toctree}}\n" + "\n".join(names) + "\n```\n",
        )
        for name in names:
            project.write(f"docs/{name}.md", f"# Page {name}\n\nSome words.\n")
    listed = "\n".join(f"c{first}" for first in chapters)
    project.change("docs/index.md", "lessons/", f"{listed}\nlessons/")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = project.start()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def growth(folder: Path) -> None:
    """The first two counts tell what a page costs, and what a build costs without any."""
    found = {pages: processor_seconds(folder, pages) for pages in COUNTS}
    few, some, _ = COUNTS
    each = (found[some] - found[few]) / (some - few)
    print(f"\n{'trivial pages':34}{'of linear growth':>20}{'processor seconds':>22}")
    for pages, seconds in found.items():
        linear = found[few] + each * (pages - few)
        print(f"{pages:<34}{seconds / linear:20.2f}{seconds:22.1f}")


def main() -> None:
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT / "conf")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        empty = empty_sphinx(folder / "empty")
        torch = median([sys.executable, "-c", "import torch"])
        bare = bare_sum(folder / "bare")
        alone = {
            path.stem: seconds([sys.executable, str(path)], folder=folder)
            for path in sorted(ROOT.glob("examples/*/plot_*.py"))
        }
        project = copy_to(folder / "project")
        lesson = project / "examples/1_computation_graph/plot_forward_pass.py"

        cold, second = [], []
        for _ in range(RUNS):
            shutil.rmtree(project / "build", ignore_errors=True)
            total, chinese = build(project)
            cold.append(total)
            second.append(chinese)
        unchanged = [build(project)[0] for _ in range(RUNS)]
        one = []
        for _ in range(RUNS):
            with lesson.open("a", encoding="utf-8") as file:
                file.write("\n# more\n")
            one.append(build(project)[0])

    rows = {
        "cold, both languages": statistics.median(cold),
        "  of which the second language": statistics.median(second),
        "unchanged": statistics.median(unchanged),
        "one lesson changed": statistics.median(one),
        "import torch": torch,
        "bare sum of what has to run": bare,
    }
    print(
        f"{'median of ' + str(RUNS):34}{'empty Sphinx builds':>20}{'bare sums':>12}{'seconds':>10}"
    )
    for name, value in rows.items():
        print(f"{name:34}{value / empty:20.2f}{value / bare:12.2f}{value:10.2f}")
    print(f"{'an empty Sphinx build':34}{1:20.2f}{empty / bare:12.2f}{empty:10.2f}")
    print(f"\n{'slowest lessons, each alone':34}{'imports of torch':>20}{'seconds':>22}")
    for name, value in sorted(alone.items(), key=lambda each: -each[1])[:5]:
        print(f"{name:34}{value / torch:20.2f}{value:22.2f}")
    with tempfile.TemporaryDirectory() as temporary:
        growth(Path(temporary))


if __name__ == "__main__":
    main()
