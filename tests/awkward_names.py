"""Names of folders and files that people have and that URLs, globs, shells and SQL read other things into."""

import unicodedata

NASTY = "my bank [2] ñ😀 # %41 , ; & {a,b} (c) ' \" $x + =y ^|<>`~!@:"
"""One name with all the characters that may stand in a name."""

AWKWARD_NAMES = [
    "plain",
    "my bank",
    unicodedata.normalize("NFC", "José"),
    unicodedata.normalize("NFD", "José"),
    "[2]",
    "50%",
    "a%20b",
    "#1",
    "{a,b}",
    "it's",
    "-x",
    "~x",
    NASTY,
]
