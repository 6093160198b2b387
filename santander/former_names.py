"""Names by which versions registered earlier know modules of this package (docs/adr/0038-rooms.md).

MLflow runs the loading file that was stored with a version. In a process that has imported this package already, the imports
of that file are answered by this package and not by the copy stored beside it, so the names it uses must still be found.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

FORMER = {"santander.bank": "santander.schema", "santander.bank.products": "santander.schema.products"}
"""What loading files of earlier versions import, and where it lies now."""


class FormerNames(MetaPathFinder, Loader):
    """Finds a module by its former name and gives it the content of the present one."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  (the signature is Python's)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return a spec for a former name, None for any other."""
        return spec_from_loader(fullname, self, is_package=True) if fullname in FORMER else None

    def exec_module(self, module: ModuleType) -> None:
        """Put what the present module defines into the module of the former name."""
        present = importlib.import_module(FORMER[module.__name__])
        vars(module).update({name: value for name, value in vars(present).items() if not name.startswith("__")})


def find_former_names() -> None:
    """Have the former names found, after everything that Python finds by itself; asked again it changes nothing."""
    if not any(isinstance(finder, FormerNames) for finder in sys.meta_path):
        sys.meta_path.append(FormerNames())
