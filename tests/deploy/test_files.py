"""The deployment files, held to what can be known of them without a container engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from santander.config.settings import Settings
from tests.deploy import compose, dockerfile
from tests.deploy.dockerfile import CHECKOUT, Stage

WORKFLOW = CHECKOUT / ".github" / "workflows" / "checks.yml"
NIGHTLY = WORKFLOW.with_name("nightly.yml")
SERVICES = compose.services(compose.filled_variables())
STAGES = dockerfile.stages()
SCRIPTS = sorted((CHECKOUT / "deploy").glob("*.sh"))
EXACT_TAG = re.compile(r"^(postgres:\d+\.\d+|([a-z]+/)?[a-z0-9]+:v?\d+\.\d+\.\d+)(-[a-z-]+)?$")
"""Three numbers, or PostgreSQL's two: a tag that names one version; no registry's host in front."""
BY_THEMSELVES = {"prometheus", "grafana"}
"""Services whose images start what they are for, with no script of ours."""


def is_ours(service: dict[str, Any]) -> bool:
    return str(service["image"]).startswith(compose.OUR_IMAGE)


def runs_once(name: str) -> bool:
    waited_for = [s["depends_on"][name]["condition"] for s in SERVICES.values() if name in s.get("depends_on", {})]
    return name == "job" or "service_completed_successfully" in waited_for


# --- against the published schemas, which check-jsonschema carries ---------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.compose-spec", compose.FILE), ("vendor.github-workflows", WORKFLOW), ("vendor.github-workflows", NIGHTLY)],
)
def test_a_file_meets_its_schema_as_written_and_filled_in(schema: str, file: Path, tmp_path: Path) -> None:
    filled = tmp_path / file.name
    filled.write_text(compose.filled_in(compose.filled_variables()) if file == compose.FILE else file.read_text())
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file), str(filled)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_schema_check_would_see_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(compose.FILE.read_text().replace("condition: service_healthy", "condition: healthy", 1))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


# --- docker-compose.yml ----------------------------------------------------------------------------------------------


def test_every_profile_that_is_asked_for_is_there_and_the_example_starts_them_all() -> None:
    profiles = {profile for service in SERVICES.values() for profile in service["profiles"]}
    assert profiles == {"spark", "minio", "postgres", "mlflow", "redis", "jupyter", "job", "app", "watch"}
    later = {"job", "app", "watch"}  # a job is run when it is due, the service needs a month that a job has published
    assert set(compose.example_variables()["COMPOSE_PROFILES"].split(",")) == profiles - later


def test_the_profile_app_is_the_service_and_nginx_alone() -> None:
    assert {name for name, service in SERVICES.items() if "app" in service["profiles"]} == {"api", "nginx"}


def test_a_profile_starts_alone_because_what_it_needs_is_part_of_it() -> None:
    for name, service in SERVICES.items():
        for needed in service.get("depends_on", {}):
            assert set(service["profiles"]) <= set(SERVICES[needed]["profiles"]), f"{name} needs {needed}"


def test_a_service_is_waited_for_until_it_answers() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            meant = "service_completed_successfully" if runs_once(needed) else "service_healthy"
            assert how["condition"] == meant, f"{name} needs {needed}"


def test_every_service_that_stays_has_a_health_check() -> None:
    assert STAGES[-1].of("HEALTHCHECK"), "of the image, which asks HEALTH_URL"
    for name, service in SERVICES.items():
        if not runs_once(name):
            assert "HEALTH_URL" in service["environment"] if is_ours(service) else service["healthcheck"]["test"], name


def test_every_script_a_service_starts_is_in_the_image_and_can_be_run() -> None:
    started = [service["entrypoint"][0] for service in SERVICES.values() if "entrypoint" in service]
    in_image = re.findall(r'"(/opt/santander/[^"]+)"', STAGES[-1].of("ENTRYPOINT")[0] + STAGES[-1].of("HEALTHCHECK")[0])
    own = {name for name, service in SERVICES.items() if "entrypoint" not in service}
    assert own == {"job", *BY_THEMSELVES}, "which have their images' own entry points"
    assert len(in_image) == 2
    for script in started + in_image:
        file = CHECKOUT / Path(script).relative_to("/opt/santander")
        assert os.access(file, os.X_OK), script


def test_what_others_images_start_is_mounted_and_needs_no_python_of_ours() -> None:
    for name, service in SERVICES.items():
        if not is_ours(service) and name not in BY_THEMSELVES:
            script = CHECKOUT / Path(service["entrypoint"][0]).relative_to("/opt/santander")
            assert "./deploy:/opt/santander/deploy:ro" in service["volumes"]
            assert "PYTHON" not in script.read_text()


def test_images_have_exact_tags_and_none_names_a_registry() -> None:
    ours = {stage.name for stage in STAGES}
    for image in [*(s["image"] for s in SERVICES.values()), *(stage.base for stage in STAGES if stage.base not in ours)]:
        assert EXACT_TAG.match(image), image


def test_everything_runs_without_root_and_without_privileges() -> None:
    assert STAGES[-1].of("USER") == ["santander"]
    for name, service in SERVICES.items():
        assert is_ours(service) or service["user"] not in ("root", "0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_ports_are_open_on_this_machine_only_and_no_two_are_the_same() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports, "people look at pages"
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_no_secret_stands_in_a_file() -> None:
    secret = re.compile(r"(?i)password|secret|token|access_key|auth")
    example = compose.example_variables()
    given = {value for name, value in compose.filled_variables().items() if not example[name]}
    assert len(given) == 6
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if secret.search(variable):
                assert value in given, f"{name}: {variable}"
            if (found := re.search(r"password=(\w*)|://\w+:(\w+)@", str(value))) is not None:
                assert found[1] in given, f"{name}: {variable}"
    for name, value in example.items():
        assert not (value and secret.search(name)), f"{name} must be empty in the example"
    assert not secret.search(dockerfile.FILE.read_text())


def test_the_example_alone_starts_nothing() -> None:
    variables = compose.example_variables()
    for name in [name for name, value in variables.items() if not value]:
        with pytest.raises(compose.NotFilledIn, match=name):
            compose.filled_in(compose.filled_variables() | {name: ""})
    assert set(re.findall(r"\$\{(\w+)", compose.FILE.read_text())) == {*variables, "GIT_SHA"} - {"COMPOSE_PROFILES"}


def test_the_jobs_environment_is_settings_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings.load()
    environment = {name: str(value) for name, value in SERVICES["job"]["environment"].items()}
    in_image = dict(re.findall(r"(SANTANDER_\w+)=(\S+)", " ".join(STAGES[-1].of("ENV"))))
    for name, value in (environment | in_image).items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert (settings.master, settings.data_dir) == ("spark://spark-master:7077", "s3a://santander/bank")
    assert (settings.store.online, settings.store.redis.split(",")[0]) == ("redis", "redis:6379")
    assert settings.mlflow.tracking_uri == "http://mlflow:5000"
    assert (settings.spark.environment, settings.state_dir) == ("installed", "/var/lib/santander/state")
    told = {name for name in environment | in_image if name.startswith("SANTANDER_")} - {"SANTANDER_CACHE_DIR"}
    flat = settings.model_dump(), before.model_dump()
    for name in told:
        new, old = flat
        for part in name.removeprefix("SANTANDER_").lower().split("__"):
            new, old = new[part], old[part]
        assert new != old, f"{name} changes nothing"


def test_a_variable_that_a_script_reads_is_set_by_its_service() -> None:
    read = re.compile(r"\$\{?([A-Z][A-Z0-9_]+)\b(?!:-)")
    made = re.compile(r"^\s*(?:export )?([A-Z_0-9]+)=", re.MULTILINE)
    from_image = {"PYTHON", "BASH_SOURCE", "PATH"}
    for name, service in SERVICES.items():
        if "entrypoint" in service:
            text = (CHECKOUT / Path(service["entrypoint"][0]).relative_to("/opt/santander")).read_text()
            wanted = {word for word in read.findall(text) if f"${{{word}:-" not in text} - set(made.findall(text)) - from_image
            other_role = {"SPARK_MASTER"} if name == "spark-master" else {"LISTEN"} if name == "spark-worker" else set()
            assert wanted - other_role <= set(service["environment"]), name


def test_volumes_lie_where_the_image_has_a_folder_of_its_user() -> None:
    script = (CHECKOUT / "deploy" / "make-home.sh").read_text()
    home = dict(re.findall(r"(home)=(\S+)", script))["home"]
    folders = re.findall(r"\{([\w,]+)\}", script)[0].split(",")
    for service in filter(is_ours, SERVICES.values()):
        for source, target in (volume.split(":")[:2] for volume in service.get("volumes", [])):
            assert source.startswith("./") or target in [f"{home}/{folder}" for folder in folders], target


# --- deploy/Dockerfile -----------------------------------------------------------------------------------------------


def test_a_run_line_only_calls_a_script_of_deploy_that_was_copied_before() -> None:
    for stage in STAGES:
        copied: set[str] = {name for base in STAGES if base.name == stage.base for name in copies(base)}
        for line in stage.lines:
            if line.word == "COPY":
                _, names, _ = dockerfile.sources(line.rest)
                copied |= set(names)
            if line.word == "RUN":
                script = line.rest.split()[0]
                assert re.fullmatch(r"deploy/[a-z0-9-]+\.sh( [\w/-]+)*", line.rest), line.rest
                assert {script, "deploy"} & copied, f"{script} is not there yet"
                assert os.access(CHECKOUT / script, os.X_OK), script


def copies(stage: Stage) -> list[str]:
    return [name for copy in stage.of("COPY") for name in dockerfile.sources(copy)[1]]


def test_what_is_copied_is_in_the_checkout_and_goes_into_the_build() -> None:
    for stage in STAGES:
        for copy in stage.of("COPY"):
            source, names, _ = dockerfile.sources(copy)
            if source:
                assert source in {stage.name for stage in STAGES}
                continue
            for name in names:
                assert (CHECKOUT / name).exists(), name
                assert not dockerfile.ignored(name), name


def test_data_secrets_and_leftovers_stay_out_of_the_build() -> None:
    for path in (".env", ".git", "data", "data/raw/train_ver2.csv", ".venv", "tests", "conf/local", "conf/local/spark/x.conf"):
        assert dockerfile.ignored(path), path
    assert dockerfile.ignored("santander/schema/__pycache__")
    assert not dockerfile.ignored("santander/schema/months.py")


def test_an_environment_is_copied_to_the_path_it_was_made_at() -> None:
    made = [word for line in STAGES[2].of("RUN") for word in line.split()[1:] if word.startswith("/")]
    for copy in STAGES[-1].of("COPY"):
        stage, names, target = dockerfile.sources(copy)
        if stage == "build":
            assert names[0] in made
            assert names[0] == f"{STAGES[0].of('WORKDIR')[0]}/{target}"
    assert STAGES[2].base == STAGES[-1].base, "with the same Python"


def test_scripts_are_sound() -> None:
    for script in SCRIPTS:
        text = script.read_text()
        assert text.startswith("#!/usr/bin/env bash\n#"), f"{script.name}: what is it for?"
        assert "set -euo pipefail" in text, script.name
        assert os.access(script, os.X_OK), script.name
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0, script.name  # noqa: S607
    if shellcheck := shutil.which("shellcheck"):
        done = subprocess.run([shellcheck, *map(str, SCRIPTS)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


# --- the workflows ---------------------------------------------------------------------------------------------------


def test_the_workflow_runs_the_readmes_commands_on_every_push_and_pull_request() -> None:
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    assert set(workflow[True]) == {"push", "pull_request"}, "yaml reads the key 'on' as true"
    for job in workflow["jobs"].values():
        targets = job.get("strategy", {}).get("matrix", {}).get("target", [])
        text += "".join(f"make {target}\n" for target in targets)
    in_ci = [f"make {target}" for target in targets_of_ci()]
    assert len(in_ci) >= 5
    for command in [*in_ci, "make run", "./spark-submit.sh jobs/run.py", "docker compose"]:
        assert command in text, command


def test_the_night_runs_every_suite_of_a_push_whole() -> None:
    workflow = yaml.safe_load(NIGHTLY.read_text())
    assert "schedule" in workflow[True]
    assert "make test-nightly" in [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    suites = [target for target in targets_of_ci() if target.startswith("test")]
    assert len(suites) >= 4
    at_night = meant_by_make("test-nightly")
    for suite in suites:
        (on_a_push,) = meant_by_make(suite)
        assert f"{on_a_push.rstrip()} --whole" in [line.rstrip() for line in at_night], suite


def targets_of_ci() -> list[str]:
    """Return the targets that .ci/run makes."""
    lines = re.findall(r"^time make (.+)$", (CHECKOUT / ".ci" / "run").read_text(), re.MULTILINE)
    return [word for line in lines for word in line.split() if not word.startswith("--")]


def meant_by_make(target: str) -> list[str]:
    """Return what follows the word pytest in the lines that make would run."""
    # as from a shell: these tests may have been started by make
    outside = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "ARGS", "RUN", "WORKERS"}}
    command = ["make", "--dry-run", target]
    done = subprocess.run(command, cwd=CHECKOUT, env=outside, capture_output=True, text=True, check=True)
    return re.findall(r"-m pytest (.*)", done.stdout)


@pytest.mark.parametrize("file", [WORKFLOW, NIGHTLY], ids=lambda file: file.stem)
def test_actions_are_pinned_to_exact_versions_and_may_only_read(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", each) for each in used), used


def test_the_workflow_gives_every_empty_variable_of_the_example_a_value(tmp_path: Path) -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    fill_in = next(step["run"] for step in workflow["jobs"]["compose"]["steps"] if ".env.example" in step.get("run", ""))
    shutil.copy(CHECKOUT / ".env.example", tmp_path)
    subprocess.run(["bash", "-euo", "pipefail", "-c", fill_in], cwd=tmp_path, check=True)  # noqa: S607
    variables = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines() if line[:1] not in ("", "#"))
    assert set(variables) == set(compose.example_variables())
    assert "services:" in compose.filled_in(variables)
