"""The wheel that travels to a cluster: complete, without dependencies, named by its content, and installable."""

import subprocess
import sys
import zipfile
from pathlib import Path

from house.tree import FOLDERS, ROOT, files

from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.wheel import write_wheel


def packaged() -> set[str]:
    ours = {f"affectory/{path.as_posix()}" for path in files(ROOT) if path.parts[0] in FOLDERS}
    return {name for name in ours if "/demo/" not in name and "/." not in name} | {
        "affectory/__init__.py",
        "affectory/py.typed",
    }


def test_it_holds_every_file_of_the_package_but_the_demo(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_wheel(tmp_path)) as archive:
        assert archive.testzip() is None
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == packaged()


def test_passwords_beside_the_code_stay(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_wheel(tmp_path)) as archive:
        archive.extractall(tmp_path / "copy")
    (tmp_path / "copy" / "affectory" / "infra" / "compose" / ".env").write_text("POSTGRES_PASSWORD=hidden")
    code = "from affectory.pipelines.wheel import _package_files as f; print([n for n, _ in f() if '.env' in n])"
    assert run_with(tmp_path / "copy", code) == "[]"


def test_the_same_code_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = write_wheel(tmp_path), write_wheel(tmp_path / "again")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())


def test_other_code_has_another_name(tmp_path: Path) -> None:
    first = write_wheel(tmp_path)
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path / "copy")
    with (tmp_path / "copy" / "affectory" / "pipelines" / "wheel.py").open("a") as module:
        module.write("\n# another\n")
    code = (
        f"from pathlib import Path; from affectory.pipelines.wheel import write_wheel as w; w(Path({str(tmp_path)!r}))"
    )
    run_with(tmp_path / "copy", code)
    names = {path.name for path in tmp_path.glob("*.whl")}
    assert len(names) == 2


def test_pip_installs_it_alone_and_its_code_has_the_same_hashes(tmp_path: Path) -> None:
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, str(write_wheel(tmp_path)), f"--target={target}"], check=True)
    assert {p.name.partition("-")[0] for p in target.iterdir()} == {"affectory"}
    module = "affectory.pipelines.runner.finish"
    code = f"from affectory.pipelines.code_hash import code_hash as h; print(h({module!r}))"
    assert run_with(target, code) == code_hash(module)


def run_with(first: Path, code: str) -> str:
    """What code prints that finds affectory in a folder first."""
    begin = f"import sys; first = {str(first)!r}; sys.path.insert(0, first)\n"
    begin += "import affectory; assert affectory.__path__[0].startswith(first)\n"
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
