"""A file to start a family of features from: it works as it stands, and its comments say what may stand in it."""

from pathlib import Path
from string import Template

from santander.config.conf_files import local_conf_dir
from santander.config.family_files import FOLDER, LONGEST_NAME, family_file, refuse_name
from santander.errors import InputError
from santander.schema.own_family import Language

_TEMPLATES = {Language.SQL: "family.sql", Language.PYSPARK: "family.py.txt"}
_LONGEST_PREFIX = LONGEST_NAME - len("_months")


def write_new_family(name: str, language: Language) -> Path:
    """Write the file of a new family into ``features`` of the user's own conf folder and return it.

    Raises InputError for a name that is illegal or taken; a file that is there is left as it is.
    """
    refuse_name(name, f"--new {name}", "choose another name")
    if (taken := family_file(name)) is not None:
        own = taken.parent == local_conf_dir() / FOLDER
        choose = "choose another name, or edit that file" if own else "choose another name"
        hint = f"{choose}; 'santander features --preview {name}' shows what it makes"
        raise InputError(f"--new {name}: the name is taken by {taken}", file=taken, example=name, hint=hint)
    template = Path(__file__).parent / "templates" / _TEMPLATES[language]
    text = Template(template.read_text(encoding="utf-8")).substitute(prefix=name[:_LONGEST_PREFIX].rstrip("_"))
    file = local_conf_dir() / FOLDER / f"{name}.{language}"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as out:
        out.write(text)
    return file
