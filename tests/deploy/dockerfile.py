"""Reads deploy/Dockerfile and carries it out in a folder, without containers: the same COPY and RUN lines in their order.

``/opt`` of every stage is the same folder, because an environment works only at the path where it was made; what the last
stage does not copy is removed when it begins. As in a build of the image, a RUN line is not run again while the lines before
it and the files they copy are the same: libraries, jars and the S3 server are fetched once per machine.
"""

import fnmatch
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "deploy" / "Dockerfile"


@dataclass(frozen=True)
class Line:
    """One instruction: its word, and the rest as written."""

    word: str
    rest: str


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    lines: Sequence[Line]

    def of(self, word: str) -> list[str]:
        return [line.rest for line in self.lines if line.word == word]


def stages() -> list[Stage]:
    """The stages of deploy/Dockerfile; the last one has no name."""
    found: list[tuple[str, list[Line]]] = []
    for line in _lines(FILE.read_text()):
        if line.word == "FROM":
            found.append((line.rest, []))
        else:
            found[-1][1].append(line)
    return [Stage(rest.split(" AS ")[0], rest.partition(" AS ")[2], lines) for rest, lines in found]


def sources(copy: str) -> tuple[str | None, list[str], str]:
    """What a COPY line copies: the stage of --from, the sources, the target."""
    words = copy.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
    return stage, words[:-1], words[-1]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path of the checkout out of the build; the last line that fits decides."""
    verdict = False
    for line in (CHECKOUT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        above = [path, *(str(parent) for parent in Path(path).parents)]
        parts = [part for name in above for part in ([name, Path(name).name] if "**/" in line else [name])]
        if any(fnmatch.fnmatchcase(part, pattern) for part in parts if part != "."):
            verdict = not line.startswith("!")
    return verdict


@dataclass
class Image:
    """The folders that stand for the image, and what the last stage says of it."""

    software: Path
    """Stands for /opt; kept from one time to the next."""
    data: Path
    """Stands for every other folder, which services write to."""
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def place(self, path: str) -> Path:
        """Where a path of the image lies; a relative one counts from the WORKDIR."""
        return Path(self.translate(str(Path(self.workdir, path))))

    def translate(self, text: str) -> str:
        """A text with the image's own folders in it, as it must read outside."""
        outside = re.sub(r"(?<![\w/])/opt(?=/)", str(self.software), text)
        return re.sub(r"(?<![\w/])(?=/(var/lib/|etc/|data$))", str(self.data), outside)


def carry_out(software: Path, data: Path) -> Image:
    """Carry out every line. The scripts see this machine's Python and Go instead of the base images'."""
    every = stages()
    images = {stage.name: Image(software, data) for stage in every}
    keys: dict[str, str] = {}
    _keep_only_what_is_taken(images[""], every)
    for stage in every:
        image, key = images[stage.name], keys.get(stage.base, f"{stage.base} {sys.version}")
        image.workdir = images[stage.base].workdir if stage.base in images else "/"
        if not stage.name:
            _keep_only_what_is_taken(image, every)
        for number, line in enumerate(stage.lines):
            key = hashlib.sha256(f"{key} {line} {_content(line)}".encode()).hexdigest()
            _carry_out(image, line, software / ".layers" / f"{stage.name}-{number}" if stage.name else None, key)
        keys[stage.name] = key
    image.environment = {name: image.translate(value) for name, value in image.environment.items()}
    return image


def _keep_only_what_is_taken(image: Image, every: Sequence[Stage]) -> None:
    """Remove what the last stage does not copy from another."""
    workdir = every[0].of("WORKDIR")[0]
    taken = {name for stage, names, _ in map(sources, every[-1].of("COPY")) if stage for name in names}
    for place in image.place(workdir).glob("*"):
        if f"{workdir}/{place.name}" not in taken:
            shutil.rmtree(place) if place.is_dir() else place.unlink()


def _content(line: Line) -> str:
    """A fingerprint of the files of the checkout that a COPY line copies."""
    digest = hashlib.sha256()
    if line.word == "COPY" and (source := sources(line.rest))[0] is None:
        for name in source[1]:
            top = CHECKOUT / name
            for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if file.is_file() and not ignored(str(file.relative_to(CHECKOUT))):
                    digest.update(f"{file} {file.stat().st_mode}".encode() + file.read_bytes())
    return digest.hexdigest()


def _carry_out(image: Image, line: Line, layer: Path | None, key: str) -> None:
    match line.word:
        case "WORKDIR":
            image.workdir = line.rest
            image.place(".").mkdir(parents=True, exist_ok=True)
        case "COPY":
            _copy(image, line.rest)
        case "RUN":
            if layer is None or not layer.is_file() or layer.read_text() != key:
                script, *words = shlex.split(line.rest)
                words = [str(image.data) if word == "/" else image.translate(word) for word in words]
                _run([str(image.place(script)), *words], image.place("."))
            if layer is not None:
                layer.parent.mkdir(exist_ok=True)
                layer.write_text(key)
        case "ARG":
            name, _, default = line.rest.partition("=")
            image.arguments[name] = default
        case "ENV":
            said = Template(line.rest).safe_substitute(image.arguments)
            image.environment |= dict(word.split("=", 1) for word in shlex.split(said))
        case "ENTRYPOINT":
            image.entrypoint = _words(image, line.rest)
        case "HEALTHCHECK":
            image.health = _words(image, line.rest.partition("CMD ")[2])


def _copy(image: Image, copy: str) -> None:
    stage, names, target = sources(copy)
    for name in names:
        place = image.place(target) / Path(name).name if target.endswith("/") else image.place(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        if stage:
            assert image.place(name) == place, f"COPY {copy}: {name} was made at another path"
            assert place.exists(), f"COPY {copy}: nothing made {name}"
        elif (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, place, ignore=_ignored_names, dirs_exist_ok=True)
        else:
            shutil.copy(CHECKOUT / name, place)


def _ignored_names(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if ignored(str(Path(folder, name).relative_to(CHECKOUT)))]


def _run(command: list[str], folder: Path) -> None:
    ours = ("SANTANDER_", "PYTHON", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["BASE_PYTHON"] = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"RUN {command}: {done.stdout}{done.stderr}"


def _words(image: Image, rest: str) -> list[str]:
    return [image.translate(word) for word in re.findall(r'"([^"]*)"', rest)]


def _lines(text: str) -> Iterator[Line]:
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(kept)).splitlines():
        word, _, rest = line.partition(" ")
        yield Line(word, rest)
