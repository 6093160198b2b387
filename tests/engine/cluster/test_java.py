from pathlib import Path

import pytest

from santander.engine.cluster import java
from santander.engine.cluster.java import NoJava, find_java_home


def install(folder: Path, version: str, *, release: bool = True) -> Path:
    """A folder that looks like an installed Java of this version, down to what its program answers."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java: no JAVA_HOME, nothing on PATH but the system's tools, an empty folder of Javas."""
    (tmp_path / "jvm").mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(java, "_INSTALL_FOLDERS", (str(tmp_path / "jvm"),))
    return tmp_path


def test_a_machine_without_java_is_told_so_in_one_line(machine):
    with pytest.raises(NoJava, match=r"^Spark needs Java 17 to 23 \(none found\): .*JAVA_HOME.*--master sail needs no Java$"):
        find_java_home()


def test_java_home_goes_first_then_the_path_then_the_usual_folders(machine, monkeypatch):
    usual = install(machine / "jvm" / "java-21", "21.0.2")
    assert find_java_home() == usual
    on_path = install(machine / "elsewhere", "17.0.1")
    (machine / "bin" / "java").symlink_to(on_path / "bin" / "java")
    assert find_java_home() == on_path.resolve()
    named = install(machine / "mine", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert find_java_home() == named


@pytest.mark.parametrize("version", ["11.0.20", "25.0.1", "1.8.0_392"])
def test_a_version_spark_does_not_run_on_is_passed_over_and_named(machine, monkeypatch, version):
    monkeypatch.setenv("JAVA_HOME", str(install(machine / "mine", version)))
    with pytest.raises(NoJava, match=rf"mine is Java {version.split('.')[0]}\b"):
        find_java_home()
    good = install(machine / "jvm" / "java-17", "17.0.15")
    assert find_java_home() == good


def test_a_java_without_a_release_file_is_asked(machine):
    home = install(machine / "jvm" / "java-17", "17.0.15", release=False)
    assert find_java_home() == home


def test_a_java_home_that_is_gone_is_passed_over(machine, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(machine / "nowhere"))
    good = install(machine / "jvm" / "java-17", "17.0.15")
    assert find_java_home() == good
