"""Kinds of files that are no csv, recognised by their first bytes whatever their name, each with a remedy."""

import re
from dataclasses import dataclass

from santander.storage.kinds import PACKINGS, Kind, encoding_of, kind_of, opaque_name

_TO_CSV = "write it as csv (pandas: DataFrame.to_csv(FILE, index=False)) and name that"
_FROM_SHEET = "save the sheet as csv with commas, in UTF-8, and name that"
_DOWNLOAD = "download the file itself, signed in where that is needed, and name that"


@dataclass(frozen=True, slots=True)
class Known:
    """What a file is, and what to do; ``example`` is a text in it that shows it."""

    what: str
    hint: str
    example: str | None = None


_OF_KIND = {
    Kind.TAR: Known("is a tar archive", "unpack it (tar -xf FILE) and name the csv in it"),
    Kind.PARQUET: Known("is a parquet file", _TO_CSV.replace("DataFrame", "read_parquet(OLD)")),
    Kind.ARROW: Known("is an Arrow file (feather)", _TO_CSV.replace("DataFrame", "read_feather(OLD)")),
    Kind.ORC: Known("is an ORC file", _TO_CSV.replace("DataFrame", "read_orc(OLD)")),
    Kind.SQLITE: Known("is a SQLite database", "export its table as csv (sqlite3 -header -csv FILE 'SELECT …') and name that"),
    Kind.NUMPY: Known("is a NumPy array", _TO_CSV),
    Kind.PICTURE: Known("is a picture", "name the csv"),
    Kind.UNKNOWN: Known("is no text", "name a csv in UTF-8, packed with gzip or not"),
}
_MEMBER = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_OF_SHEETS = ("xl/", "[Content_Types].xml", "_rels/", "docProps/", "customXml/")
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_ARCHIVES = ("archive", "packed")
_OFFICE = "Office document"
_TEXTS = (
    (
        r"version https://(?:git-lfs\.github|hawser\.github)\.com/spec/",
        "a pointer of git-lfs to a file",
        "fetch the file itself (git lfs pull)",
    ),
    (r"\S*/annex/objects/\S+\s*\Z", "a pointer of git-annex to a file", "fetch the file itself (git annex get FILE)"),
    (r"\{\\rtf", "a rich text document (rtf)", _FROM_SHEET),
    (r"[\[{]\s*(?:[\[{\"\]}]|-?[0-9]|true\b|false\b|null\b)", "JSON", _TO_CSV.replace("DataFrame", "read_json(OLD)")),
    (r"<.*(?:urn:schemas-microsoft-com:office:spreadsheet|Excel\.Sheet)", "an Excel file (XML)", _FROM_SHEET),
    (r"(?=<(?:!|\?xml|[a-z])).*<(?:!doctype html|html|head|body|title|script|meta|table|div|p)\b", "a web page", _DOWNLOAD),
    (r"<(?:!doctype|\?xml|!--|[a-z])", "XML", _DOWNLOAD),
)
"""How texts begin that are no csv, what they are, and what to do."""
_DETAIL = re.compile(r"^size (?P<size>[0-9]+)$|<title[^>]*>\s*(?P<title>[^<]{1,80}?)\s*</title", re.IGNORECASE | re.MULTILINE)


def other_than_csv(head: bytes) -> Known | None:
    """Return what a file that begins so is, None for what may be a csv in UTF-8. ``head``: plain bytes, as for ``kind_of``."""
    kind = kind_of(head)
    if kind is Kind.ZIP:
        return _zip(head)
    if kind is Kind.OPAQUE:
        return _opaque(opaque_name(head))
    if kind is Kind.PACKED:
        packing = next(name for beginning, name in PACKINGS.items() if head.startswith(beginning))
        what = "is packed with gzip twice" if packing == "gzip" else f"is packed with {packing}"
        return Known(what, "unpack it, or pack it once with gzip, and name that")
    if kind is not Kind.TEXT:
        return _OF_KIND.get(kind)
    encoding = encoding_of(head) or ""
    if encoding.startswith(("utf-16", "utf-32", "cp")):
        written = "EBCDIC" if encoding.startswith("cp") else encoding.upper()[:6]
        name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
        return Known(f"is {written} text", f"convert it to UTF-8 (iconv -f {name} -t UTF-8 FILE > NEW.csv) and name that")
    return _text(head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n"))


def _zip(head: bytes) -> Known:
    names = []
    for found in _MEMBER.finditer(head):
        length = int.from_bytes(found[1], "little")
        names.append(head[found.end() : found.end() + length].decode("utf-8", "replace"))
    if any(name.startswith(_OF_SHEETS) for name in names):
        return Known("is an Excel file (xlsx), or another Office document", _FROM_SHEET, names[0])
    if _OPEN_DOCUMENT in head or names[:1] == ["mimetype"]:
        return Known("is an OpenDocument file (ods)", _FROM_SHEET)
    first = f" of {names[0]}" if names else ""
    return Known(f"is a zip archive{first}", "unpack it (unzip FILE) and name the csv in it", names[0] if names else None)


def _opaque(name: str) -> Known:
    if _OFFICE in name:
        return Known(f"is an Excel file of the old kind (xls), or {name}", _FROM_SHEET)
    return Known(f"is {name}", _unpack(name) if any(word in name for word in _ARCHIVES) else _TO_CSV)


def _unpack(name: str) -> str:
    tool = next((tool for word, tool in {"7z": "7z x FILE", "rar": "unrar x FILE"}.items() if word in name), "uncompress FILE")
    return f"unpack it ({tool}) and name the csv in it"


def _text(text: str) -> Known | None:
    found = next((each for each in _TEXTS if re.match(each[0], text, re.IGNORECASE | re.DOTALL)), None)
    if found is None:
        return None
    _, what, hint = found
    detail, example = _DETAIL.search(text), text.partition("\n")[0][:80]
    if detail and detail["size"] and "git-lfs" in what:
        what = f"{what} of {int(detail['size']):,} bytes"
    elif detail and detail["title"] and "web page" in what:
        what, example = f"{what} ({detail['title']!r})", detail["title"]
    return Known(f"is {what}", hint, example)
