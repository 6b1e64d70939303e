"""Who learns which field: printed as a golden file, so that a field without a decision cannot slip in."""

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import is_interface_type, is_object_type

from schema.reading.declare import MaskedOneRead, MaskedRead
from storage.terms import Role

PEOPLE = frozenset(Role) - {Role.SYSTEM}
SUFFIX = "Masked"


def fields(schema: Any) -> Iterator[tuple[str, str, frozenset[Role], bool]]:
    """(type.field, level, roles, whether a masked text of it is what they get) of every field that is not plain."""
    for name, type_ in sorted(schema.type_map.items()):
        if name.startswith("__") or not (is_object_type(type_) or is_interface_type(type_)):
            continue
        for key, field in type_.fields.items():
            declared = field.extensions.get("strawberry-definition")
            metadata = declared.metadata if declared else {}
            read, required = metadata.get("read"), metadata.get("requires")
            if isinstance(read, MaskedRead | MaskedOneRead):
                level = "masked" if key.endswith(SUFFIX) else "one's own for all, full" if read.own else "full"
                yield f"{name}.{key}", level, frozenset(map(Role, read.roles)), True
            else:
                yield f"{name}.{key}", "full", frozenset(required) if required else frozenset(Role), bool(required)


def table(schema: Any) -> str:
    """One line a field: the level, and for whom; for everybody else there is nothing."""
    lines = ["# field: level for roles; nothing for all others. Which rows are visible is the branch's matter.", ""]
    lines += [f"{name}: {level} for {_who(roles)}" for name, level, roles, _ in fields(schema)]
    return "\n".join(lines) + "\n"


def _who(roles: Iterable[Role]) -> str:
    return "all" if set(roles) >= set(Role) else "everyone but SYSTEM" if set(roles) >= PEOPLE else " ".join(sorted(roles))
