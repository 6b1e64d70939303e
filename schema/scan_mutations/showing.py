"""Links to scans and to pictures of their pages."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import field
from schema.paging import col
from schema.results import KeyedInput, id_of, ids_of, mutation
from schema.scalars import URL, DateTime
from server.errors import InputProblem, InvalidInput
from server.scans.links import READERS, Link, Links
from storage.terms import PreviewStatus


@strawberry.type(description="A link to a scan; its grant is in the access log.")
class IssueScanLinkPayload:
    """For a minute."""

    scan_id: strawberry.ID = col("The scan.")
    url: URL = col("Address of the bytes, as an attachment.")
    expires_at: DateTime = col("Until when; at most 60 seconds.")


@strawberry.type(description="The picture of a page of one scan.")
class ScanPreview:
    """A link, or what keeps it from being one."""

    scan_id: strawberry.ID = col("The scan.")
    status: PreviewStatus | None = col("WANTED while it is being made: ask again. Null when the caller sees no such page.")
    url: URL | None = col("Address of the picture, a JPEG, once it is MADE.")
    expires_at: DateTime | None = col("Until when; at most 60 seconds.")


@strawberry.type(description="Pictures of a page of some scans; each grant and denial is in the access log.")
class IssuePreviewLinksPayload:
    """In the order asked for."""

    previews: list[ScanPreview] = col("One for each scan.")


@strawberry.input(description="Input of issueScanLink.")
class IssueScanLinkInput(KeyedInput):
    """Who reads what, why."""

    scan_id: strawberry.ID = field("The scan.")
    version: int = field("Version of the scan.")
    purpose: str = field("Why; stands in the access log.")


@strawberry.input(description="Input of issuePreviewLinks.")
class IssuePreviewLinksInput(KeyedInput):
    """Who looks at what, why."""

    scan_ids: list[strawberry.ID] = field("At most 50 scans.")
    page: int = field("Which page, from 1.")
    width: int = field("Pixels across: 160, 480 or 1200.")
    purpose: str = field("Why; stands in the access log.")


def _purpose(i: Any) -> str:
    if not i.purpose.strip():
        raise InvalidInput([InputProblem(("purpose",), "EMPTY")])
    return str(i.purpose)


async def _link(info: strawberry.Info, i: IssueScanLinkInput) -> Any:
    context: Any = info.context
    purpose, links = _purpose(i), Links(context.database, context.objects)
    link = await links.issue(context.principal, id_of(i.scan_id, "scan"), i.version, purpose, context.request_id)
    return IssueScanLinkPayload(scan_id=strawberry.ID(f"scan_{link.scan}"), **_address(link))


async def _previews(info: strawberry.Info, i: IssuePreviewLinksInput) -> Any:
    context: Any = info.context
    purpose, links, ids = _purpose(i), Links(context.database, context.objects), ids_of(i.scan_ids, "scan", "scanIds")
    made = await links.issue_previews(context.principal, ids, i.page, i.width, purpose, context.request_id)
    nothing = {"url": None, "expires_at": None}
    told = [
        ScanPreview(scan_id=strawberry.ID(f"scan_{p.scan}"), status=p.status, **(_address(p.link) if p.link else nothing)) for p in made
    ]
    return IssuePreviewLinksPayload(previews=told)


def _address(link: Link) -> dict[str, Any]:
    return {"url": URL(link.url), "expires_at": link.expires_at}


@strawberry.type
class ShowMutations:
    """Each for a purpose."""

    issue_scan_link = mutation(
        "issueScanLink", IssueScanLinkInput, IssueScanLinkPayload, _link, requires=READERS, logs_denials=True,
        description="A link to one version of a scan for at most a minute; each grant is logged.",
    )  # fmt: skip
    issue_preview_links = mutation(
        "issuePreviewLinks", IssuePreviewLinksInput, IssuePreviewLinksPayload, _previews, requires=READERS, logs_denials=True,
        description="Links to pictures of a page of some scans for at most a minute; what is not there is made in the background.",
    )  # fmt: skip
