"""What is published: a zip that works from a folder, and workflows that can do little harm."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from conftest import contents

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_zip_holds_the_site_and_works_from_a_folder(site, reader, tmp_path):
    archive = ROOT / "build" / "autograd-atlas.zip"
    command = [sys.executable, str(ROOT / "conf/commands/website.py"), "dist"]
    packed = []
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True)
        packed.append(archive.read_bytes())
    assert packed[0] == packed[1], "the same site gives the same zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    assert contents(tmp_path / "autograd-atlas") == contents(site)
    page = reader((tmp_path / "autograd-atlas/index.html").as_uri(), locale="zh-CN")
    page.wait_for_url("**/zh/index.html")
    page.get_by_role("link", name="术语表").first.click()
    assert page.locator("h1").inner_text().startswith("术语表")


def test_what_takes_longer_runs_every_night():
    workflow = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text("utf-8"))
    commands = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert "make test-all" in commands
    (schedule,) = workflow[True]["schedule"]  # YAML 1.1 takes "on" for a truth value
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_actions_and_ask_for_little(path):
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), f"{action}: pin it to a commit"
        assert re.search(r"# v\d+\.\d+\.\d+$", comment), f"{action}: say which version that is"
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        allowed = {"pages": "write", "id-token": "write"} if name == "deploy" else None
        assert job.get("permissions") == allowed, name


def test_what_is_published_was_tested_first():
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text("utf-8"))
    steps = workflow["jobs"]["build"]["steps"]
    commands = [step.get("run", "") for step in steps]
    uploads = [
        number for number, step in enumerate(steps) if "upload-pages" in step.get("uses", "")
    ]
    assert commands.index("make test") < uploads[0]
    assert workflow["jobs"]["deploy"]["needs"] == "build"
    assert steps[uploads[0]]["with"]["path"] == "build/html"


def test_ci_does_what_a_person_can_type():
    """And nothing cleverer: what fails there can be seen at home with the same word."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    commands = {line for line in script if not line.startswith(("#", "set ", "cd "))}
    assert "make test" in commands
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values():
            commands |= {step["run"] for step in job["steps"] if "run" in step}
    assert commands <= {f"make {target}" for target in targets}
    assert "make lint" in commands
