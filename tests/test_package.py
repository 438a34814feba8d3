"""The library by itself: built, checked, installed where nothing else is, and used; and its
extension, on a site that knows nothing of this one."""

import importlib.metadata
import json
import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pages import page, select, text
from project_files import ROOT

# What the foreign site has beside the library.
OTHERS = ("alabaster", "matplotlib", "myst-parser", "sphinx-gallery")


def run(command, **options):
    """What a command prints; all of it is in the error, if it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the source distribution, made from what git would commit."""
    before = untracked()
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT])
    assert untracked() == before, "building left something in the sources"
    [wheel] = folder.glob("*.whl")
    [source] = folder.glob("*.tar.gz")
    return wheel, source


def untracked():
    return run(["git", "status", "--short", "--ignored"], cwd=ROOT)


def needed(name, extras=frozenset()):
    """The names of an installed package and of all that it declares to need."""
    found = {}
    todo = [(name, frozenset(extras))]
    while todo:
        name, extras = todo.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if extras <= found.get(name, frozenset()) and name in found:
            continue
        found[name] = found.get(name, frozenset()) | extras
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            wanted = [{"extra": extra} for extra in (extras or {""})]
            if not requirement.marker or any(map(requirement.marker.evaluate, wanted)):
                todo.append((requirement.name, frozenset(requirement.extras)))
    return set(found)


def environment(folder, wheel, extras=(), others=()):
    """A virtual environment with the wheel, what it declares to need, and nothing else; those are
    linked from here, since torch is large."""
    run([sys.executable, "-m", "venv", "--without-pip", folder])
    [site] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        declared = importlib.metadata.PathDistribution(zipfile.Path(archive, metadata).parent)
        requirements = [Requirement(line) for line in declared.requires or ()]
    names = set()
    for requirement in requirements:
        wanted = [{"extra": extra} for extra in ("", *extras)]
        if not requirement.marker or any(map(requirement.marker.evaluate, wanted)):
            names |= needed(requirement.name, requirement.extras)
    for name in others:
        names |= needed(name)
    for name in sorted(names):
        files = importlib.metadata.files(name) or ()
        for top in {path.parts[0] for path in files if path.parts[0] != ".."}:
            target = Path(str(importlib.metadata.distribution(name).locate_file(top)))
            if target.exists() and not (site / top).exists():
                (site / top).symlink_to(target)
    python = folder / "bin" / "python"
    run([sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index",
         "--no-compile", wheel])  # fmt: skip
    return python


def test_the_distributions_pass_the_index_s_own_check(built):
    said = run([sys.executable, "-m", "twine", "--no-color", "check", "--strict", *built])
    assert said.count("PASSED") == 2


def test_the_wheel_holds_all_of_the_library_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    library = ROOT / "conf/autograd_atlas"
    ours = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", library], cwd=ROOT)
    assert shipped == {name.removeprefix("conf/") for name in ours.split()}
    assert "autograd_atlas/py.typed" in shipped


def test_the_description_stands_without_the_repository(built):
    """A package index shows neither relative links nor relative pictures."""
    with zipfile.ZipFile(built[0]) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        description = archive.read(name).decode().partition("\n\n")[2]
    links = re.findall(r"\]\(([^)]*)\)", description)
    assert len(links) > 2
    assert all(link.startswith("https://") for link in links), links


def test_the_installed_library_draws(built, tmp_path):
    """Where nothing is but what it says that it needs: no Sphinx, no repository."""
    python = environment(tmp_path / "venv", built[0])
    program = """
        import importlib.util, torch
        assert importlib.util.find_spec("sphinx") is None
        from autograd_atlas import Recording, draw
        with Recording() as recording:
            x = torch.tensor([2.0], requires_grad=True)
            y = x * x
            y.backward()
        drawing = draw(y, recording=recording)
        for name in ("y.svg", "y.html", "y.json"):
            drawing.save(name)
        print(drawing.graph.calls[0].name, draw(y, language="zh").save("zh.html"))
    """
    said = run([python, "-I", "-c", textwrap.dedent(program)], cwd=tmp_path)
    assert said == "mul zh.html\n"
    assert "∇ 4" in (tmp_path / "y.svg").read_text(encoding="utf-8")
    graph = json.loads((tmp_path / "y.json").read_text(encoding="utf-8"))
    assert [call["name"] for call in graph["calls"]] == ["mul"]


# -- A foreign site ---------------------------------------------------------------------------


def samples():
    """What the page about other sites shows, by language: to be used exactly as it stands there."""
    source = (ROOT / "docs/own_site.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^(`{3,})(\w+)\n(.*?)^\1$", source, re.MULTILINE | re.DOTALL)
    found = {}
    for _, language, sample in blocks:
        found.setdefault(language, []).append(sample)
    return found


@pytest.fixture(scope="module")
def foreign_python(built, tmp_path_factory):
    return environment(tmp_path_factory.mktemp("foreign") / "venv", built[0], ["sphinx"], OTHERS)


def write_site(folder, more="", *, parts=("rst",)):
    """A site of what the page shows: in reST, and if asked for, in MyST and in a gallery."""
    shown = samples()
    switch, gallery, example = shown["python"]
    extensions = {"md": "myst_parser", "gallery": "sphinx_gallery.gen_gallery"}
    folder.mkdir()
    (folder / "conf.py").write_text(
        f"{switch}extensions += {[extensions[part] for part in parts if part in extensions]}\n"
        f'html_theme = "alabaster"\n{gallery if "gallery" in parts else ""}{more}\n'
    )
    pages = {"md": "page", "gallery": "gallery/index"}
    table = "".join(f"   {pages[part]}\n" for part in parts if part in pages)
    start = "Foreign\n=======\n\n" + (f".. toctree::\n\n{table}\n" if table else "")
    (folder / "index.rst").write_text(start + "\n".join(shown["rst"]))
    if "md" in parts:
        (folder / "page.md").write_text("# Page\n\n" + "\n".join(shown["md"]))
    if "gallery" in parts:
        (folder / "examples").mkdir()
        (folder / "examples/README.txt").write_text("Examples\n========\n")
        (folder / "examples/plot_one.py").write_text(example)
    return folder


def build(python, source, *arguments):
    command = [python, "-m", "sphinx", "-W", "-q", *arguments, source, source / "_build"]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def foreign(foreign_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "docs"
    source = write_site(folder, parts=("rst", "md", "gallery"))
    done = build(foreign_python, source)
    assert done.returncode == 0, done.stdout + done.stderr
    return source / "_build"


@pytest.mark.parametrize("name", ["index.html", "page.html", "gallery/plot_one.html"])
def test_a_foreign_site_shows_graphs(foreign, name):
    [figure] = select(page(foreign / name), "figure.aa-figure")
    assert "MulBackward0" in text(figure)
    assert "∇ 4" in text(figure)


def test_a_foreign_site_asks_exercises(foreign):
    [form] = select(page(foreign / "page.html"), ".aa-predict form")
    assert json.loads(form.get("data-asked")) == ["12"]
    [answer] = select(page(foreign / "page.html"), ".aa-answer")
    assert text(answer) == "12"


def test_a_foreign_site_plays_and_replies(foreign, reader):
    """From a folder; ``reader`` sees to it that nothing complains, and that no host is asked."""
    shown = reader((foreign / "page.html").as_uri())
    shown.click(".aa-first")
    shown.click(".aa-forward")
    assert "Step 1 of 3" in shown.text_content(".aa-say")
    shown.fill(".aa-predict input", "6")
    shown.press(".aa-predict input", "Enter")
    assert "one of them" in shown.text_content(".aa-reply")
    shown.fill(".aa-predict input", "12.0")
    shown.press(".aa-predict input", "Enter")
    assert "Right: 12." in shown.text_content(".aa-reply")


def test_a_foreign_site_that_is_always_light_has_no_dark_pictures(foreign):
    html = (foreign / "index.html").read_text(encoding="utf-8")
    assert "graph.css" in html
    assert "dark.css" not in html


def test_a_foreign_site_says_where_a_program_fails(foreign_python, tmp_path):
    source = write_site(tmp_path / "docs")
    index = source / "index.rst"
    index.write_text(index.read_text().replace("y = x * x", "y = x * z"))
    line = index.read_text().split("\n").index("   y = x * z") + 1
    done = build(foreign_python, source)
    assert done.returncode != 0
    assert f"index.rst:{line}: WARNING: autograd-graph: NameError: name 'z'" in done.stderr


def test_a_foreign_site_says_what_is_wrong_with_a_comment(foreign_python, tmp_path):
    source = write_site(tmp_path / "docs", parts=("rst", "gallery"))
    example = source / "examples/plot_one.py"
    example.write_text(example.read_text().replace('graph = "y"', 'graph = "y; fild: no"'))
    done = build(foreign_python, source)
    assert done.returncode != 0
    assert (
        "examples/plot_one.py:10: there is no option 'fild'; there are roots, view" in done.stderr
    )


def test_a_foreign_site_says_that_nothing_prepares(foreign_python, tmp_path):
    source = write_site(tmp_path / "docs", 'autograd_graph_prepare = "nowhere.seed"')
    done = build(foreign_python, source)
    assert done.returncode != 0
    assert "there is no module 'nowhere'" in done.stderr


def test_a_foreign_site_prepares_programs(foreign_python, tmp_path):
    source = write_site(
        tmp_path / "docs",
        "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
        'autograd_graph_prepare = "double.precision"',
    )
    module = "import torch\ndef precision():\n    torch.set_default_dtype(torch.float64)\n"
    (source / "double.py").write_text(module)
    index = source / "index.rst"
    program = index.read_text().replace("tensor([2.0], requires", "ones(9, 9, requires")
    index.write_text(program.replace("y = x * x", "y = x.sum()"))
    done = build(foreign_python, source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "float64[9, 9]" in (source / "_build/index.html").read_text(encoding="utf-8")
