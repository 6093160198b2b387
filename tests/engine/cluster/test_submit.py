import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from santander.config.conf_files import conf_dir
from santander.config.settings import Settings
from santander.engine import session as engine
from santander.engine.cluster.java import SPARK_LINE, NoJava
from santander.engine.cluster.shipping import environment_archive, package_archive
from santander.engine.cluster.submit import arguments, environment, master_kind, profile_file
from santander.errors import InputError
from tests.environment import use_conf
from tests.needs import need_java

CHECKOUT = Path(__file__).resolve().parents[3]


def values_of(words: list[str], option: str) -> list[str]:
    return [following for word, following in pairwise(words) if word == option]


def conf_of(words: list[str]) -> dict[str, str]:
    return dict(text.split("=", 1) for text in values_of(words, "--conf"))


@pytest.mark.parametrize(
    ("master", "profile"),
    [
        ("local", "laptop"),
        ("local[*]", "laptop"),
        ("local[4]", "laptop"),
        ("local-cluster[2,1,1024]", "laptop"),
        ("spark://host:7077", "standalone"),
        ("yarn", "yarn"),
        ("k8s://https://host:6443", "k8s"),
    ],
)
def test_each_kind_of_master_has_a_profile(master, profile):
    assert profile_file(Settings.load(master=master)).name == f"{profile}.conf"


@pytest.mark.parametrize("master", ["mesos://host", "", "sparky", "http://host:7077", "localhost"])
def test_a_text_that_is_no_master_is_refused(master):
    message = f"unknown master '{master}': use sail, local[*], local[2], spark://host:7077, yarn or k8s://https://host:6443"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        master_kind(master)


def test_a_profile_of_conf_local_replaces_that_of_conf_base(tmp_path, monkeypatch):
    shutil.copytree(conf_dir() / "base", tmp_path / "base")
    (tmp_path / "local" / "spark").mkdir(parents=True)
    (tmp_path / "local" / "spark" / "laptop.conf").write_text("spark.driver.memory 9g\n")
    (tmp_path / "local" / "spark" / "night.conf").write_text("spark.driver.memory 1g\n")
    use_conf(monkeypatch, tmp_path)
    assert profile_file(Settings.load(master="local[2]")) == tmp_path / "local" / "spark" / "laptop.conf"
    monkeypatch.setenv("SANTANDER_SPARK__PROFILE", "night")
    assert profile_file(Settings.load(master="spark://h:1")).name == "night.conf"
    monkeypatch.setenv("SANTANDER_SPARK__PROFILE", "nightly")
    with pytest.raises(InputError, match="no Spark profile 'nightly'"):
        profile_file(Settings.load(master="spark://h:1"))


def test_the_profiles_are_properties_that_spark_knows():
    for file in sorted((conf_dir() / "base" / "spark").glob("*.conf")):
        for line in file.read_text().splitlines():
            assert not line.strip() or line.startswith("#") or len(line.split(None, 1)) == 2, f"{file.name}: {line}"


def test_inside_one_machine_nothing_is_shipped(java):
    words = arguments(Settings.load(master="local[2]"))
    assert values_of(words, "--master") == ["local[2]"]
    assert not values_of(words, "--archives")
    assert not values_of(words, "--py-files")
    assert environment(Settings.load(master="local[2]"))["PYSPARK_PYTHON"] == sys.executable
    assert conf_of(words)["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension"
    jars = values_of(words, "--jars")[0].split(",")
    assert all(Path(jar).is_file() for jar in jars)
    assert f"delta-spark_{SPARK_LINE}_2.13-{version('delta-spark')}.jar" in {Path(jar).name for jar in jars}
    assert not any("hadoop-aws" in jar for jar in jars)


def test_the_sums_are_of_the_delta_that_is_installed():
    sums = (CHECKOUT / "santander" / "engine" / "cluster" / "jars" / "SHA256SUMS").read_text()
    assert f" delta-spark_{SPARK_LINE}_2.13-{version('delta-spark')}.jar" in sums


def test_a_cluster_is_sent_the_wheel_and_the_libraries(java):
    settings = Settings.load(master="spark://127.0.0.1:7077")
    words = arguments(settings)
    libraries, package = values_of(words, "--archives")[0].split(",")
    assert not values_of(words, "--py-files"), "the driver would import that copy, which has no conf beside it"
    assert package.endswith(".zip#package")
    assert libraries.endswith(".tar.gz#environment")
    assert environment(settings)["PYSPARK_PYTHON"] == "./environment/bin/python"
    with zipfile.ZipFile(package.removesuffix("#package")) as wheel:
        names = wheel.namelist()
    assert "santander/ingest/reading.py" in names
    assert any(name.endswith(".dist-info/WHEEL") for name in names)


def test_a_cluster_that_has_everything_is_sent_nothing(java, monkeypatch):
    monkeypatch.setenv("SANTANDER_SPARK__ENVIRONMENT", "installed")
    settings = Settings.load(master="spark://127.0.0.1:7077")
    words = arguments(settings)
    assert not values_of(words, "--archives")
    assert not values_of(words, "--py-files")
    assert environment(settings)["PYSPARK_PYTHON"] == sys.executable


def test_the_packed_libraries_serve_a_python_that_has_none(tmp_path):
    """What a worker does: unpack, and start the launcher with a bare Python of the same minor version on its PATH."""
    bare = Path(sys.base_prefix) / "bin"
    script = "import numpy, pandas, pyarrow, pydantic, scipy, xgboost, santander.ingest.reading as r; print(r.__file__)"
    alone = subprocess.run([bare / "python3", "-c", "import pyarrow"], capture_output=True, check=False, env={"PATH": str(bare)})
    assert alone.returncode, "this Python has the libraries itself, so the test would show nothing"
    with tarfile.open(environment_archive()) as archive:
        archive.extractall(tmp_path, filter="data")
    package = tmp_path / "package"
    with zipfile.ZipFile(package_archive()) as wheel:
        wheel.extractall(package)  # noqa: S202  (our own wheel)
    clean = {"PATH": f"{bare}:/usr/bin:/bin"}
    done = subprocess.run(
        [tmp_path / "bin" / "python", "-c", script], capture_output=True, text=True, check=False, env=clean, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(package))


def test_a_worker_without_the_right_python_says_so(tmp_path):
    with tarfile.open(environment_archive()) as archive:
        archive.extract("bin/python", tmp_path, filter="data")
    clean = {"PATH": "/usr/bin:/bin", "SANTANDER_WORKER_PYTHON": "/bin/false"}
    done = subprocess.run([tmp_path / "bin" / "python"], capture_output=True, text=True, check=False, env=clean)
    assert done.returncode == 1
    assert "no Python" in done.stderr


def test_the_wheel_holds_the_code_as_it_is_now():
    with zipfile.ZipFile(package_archive()) as wheel:
        assert wheel.read("santander/engine/session.py") == (CHECKOUT / "santander" / "engine" / "session.py").read_bytes()


# --- the script ------------------------------------------------------------------------------------------------------


def submit(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHECKOUT / "spark-submit.sh", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHON": sys.executable, **variables},
    )


def test_the_script_runs_a_job_on_the_embedded_engine(tmp_path):
    done = submit("jobs/status.py", "--data-dir", str(tmp_path), "--json", SANTANDER_MASTER="sail")
    assert done.returncode == 0, done.stderr
    assert '"months": {}' in done.stdout.splitlines()[-1]


def test_the_script_explains_itself():
    assert "jobs/VERB.py" in submit("--help").stdout
    assert submit().returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("jobs/nothing.py",), "there is no job jobs/nothing.py; there are: jobs/"),
        (("jobs/features.py", "--master", "mesos://x"), "unknown master 'mesos://x'"),
    ],
)
def test_the_script_refuses_in_one_line(words, said):
    done = submit(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_java_spark_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr("santander.engine.cluster.submit.find_java_home", lambda: (_ for _ in ()).throw(NoJava({})))
    with pytest.raises(NoJava, match=r"^Spark needs Java 17"), engine._started(Settings.load(master="local[2]")):
        pass


def test_on_spark_logs_go_to_standard_error_and_the_result_to_standard_output(java, tmp_path):
    done = submit("jobs/features.py", "--master", "local[1]", "--data-dir", str(tmp_path), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["code"] == 2
    assert done.stderr.strip().splitlines()[-1] == "error: there are no months yet: ingest a landing file first"


@pytest.fixture
def java() -> None:
    need_java()
