"""Which code makes the same as the version numbers that once stood in the code.

Until versions followed from the code, a number was raised by hand, and it stands in the fingerprints recorded then. A line says
by which digests of its code (``versions.digest_of_part``) a part, which is a step or the module of a kind of model, makes what it
made under the number. Code that was only rewritten gets its digest here, and nothing is out of date; code that makes something
else gets none. ``REWRITTEN`` says the same of parts that never had a number: a digest, and the earlier one that it stands for.
"""

from collections.abc import Mapping

SAME_RESULTS: Mapping[str, Mapping[str, int]] = {
    "features": {
        "5fd15e6453edd398": 1,
        "e0ecdc44f57c1c6e": 1,
        "217b3061ddb66200": 1,
        "1bd648623c322f1d": 1,
        "e8366b4f40330b78": 1,
        "feee1c20062d8b26": 1,
        "0c52369cda18910a": 1,
    },
    "submit": {"be6cbccdea21e456": 1, "c8b4520591a9c8d7": 1},
    "tune": {"2f428a56dff3bb1f": 1, "d6209188597b2b67": 1},
    "santander.models.popularity": {"782e4cc50a0e0f41": 1, "3091ace164e747c3": 1, "383ccb3faeafd37d": 1},
    "santander.models.boosted_trees": {
        "efddbb630bcf756d": 1,
        "d628ba5a3a4762f7": 1,
        "1428cd61807ccded": 1,
        "5b4fad894188f0ed": 1,
    },
    "santander.models.per_product_trees": {
        "a1628f2904660726": 1,
        "c9639a37b519c4ba": 1,
        "f120ba5ba963c5a2": 1,
        "54ec5675306ffba4": 1,
    },
    "santander.models.light_trees": {"ad44e8aceec0627e": 1, "fbe31ca6555b5b42": 1, "fbb156bdf55bfaac": 1},
    "santander.models.sklearn_classifier": {"5c8a680355a23b02": 1, "1f100e975aa7dfa5": 1, "af0df5a0cc221729": 1},
    "santander.models.blend": {
        "3e6320f1f930f539": 1,
        "770ca8018522fdfa": 1,
        "53a9ce4a820bdfba": 1,
        "48523a170a79d169": 1,
        "08e6d0381ea452de": 1,
    },
}

REWRITTEN: Mapping[str, str] = {
    "aa28cb2d86892c0c": "b517bf612f093a9f",
    "da9e01078db1aa07": "b517bf612f093a9f",
    "7a1ea28c8e708191": "ab27dc9c5288b2e6",
    "0018a6470f76a43e": "2a4079c2f0e18630",
}
