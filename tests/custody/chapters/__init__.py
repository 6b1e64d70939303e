"""What the chapters of the desk add to the tests of the table: a file each, with any of

`BREAKS`, rows of the table broken by one change; `ADJUST`, what makes an example of an act right, by act; attacks under `@twin`.
"""

import importlib
import pkgutil
from types import ModuleType


def chapters() -> list[ModuleType]:
    """The files of this folder."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
