"""The forms for issues are what GitHub's form schema allows, which check-jsonschema carries."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

FORMS = sorted((Path(__file__).parents[2] / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
SCHEMA = json.loads(
    (files("check_jsonschema") / "builtin_schemas" / "vendor" / "github-issue-forms.json").read_text(encoding="utf-8")
)


def load(form: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(form.read_text(encoding="utf-8")))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_meets_the_schema_and_asks_that_no_data_of_customers_is_sent(form: Path) -> None:
    jsonschema.validate(load(form), SCHEMA)
    (last,) = [element for element in load(form)["body"] if element["type"] == "checkboxes"]
    assert last["attributes"]["options"][0]["required"]


def test_the_schema_sees_a_mistake() -> None:
    wrong = load(FORMS[0])
    wrong["body"][1]["type"] = "textfield"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_there_is_a_form_for_what_is_wrong_and_one_for_what_is_missing() -> None:
    assert [form.stem for form in FORMS] == ["bug", "idea"]
