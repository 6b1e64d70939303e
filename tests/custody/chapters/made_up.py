"""What no act would write: ended as something else, born finished, put upon the wrong paper, changed behind the desk."""

from uuid import UUID, uuid4

from server.custody.labels import printed
from server.custody.moves import Ask
from server.custody.moves.envelopes import Opening
from storage.terms import Action as A
from storage.terms import LabelKind, PaperKind, Tier
from tests.custody.attacking import FINISH, INSPECT, MOVE, OPERATION, SEAT, STATE, Attack, Step, movement, operation, twin, who
from tests.custody.chapters.papers import certificate
from tests.custody.chapters.release import NOTICE, OFF, TICKET
from tests.custody.releasing import Case, Substitution, scan
from tests.harness.world import World

IN = OFF.replace("'OUT'", "'IN'")
OUT = (
    "update movements set operation_id = null, exit_operation_id = $2, out_at = clock_timestamp(), due_at = clock_timestamp() + interval '1 day'"
    " where record_id = $1 and closed_at is null"
)
BACK = (
    "update movements set entry_operation_id = $2, closed_at = clock_timestamp(), ended_as = $3 where record_id = $1 and closed_at is null"
)
PEOPLE = (("KEY", "kay"), ("CODE", "cody"), ("CLERK", "clerk"), ("RECEIVER", "officer"))


def done(
    bank: World, act: A, tier: Tier, records: list[UUID], seats: tuple[tuple[str, str], ...], request: UUID | None = None
) -> tuple[UUID, list[Step]]:
    """All seats of an operation are taken, and it is done."""
    op, opened = operation(bank, act, tier, records, [seat for seat, _ in seats], request)
    return op, [opened, *((SEAT, op, seat, who(bank, name)) for seat, name in seats), (FINISH, op)]


def leaving(bank: World, record: UUID, request: UUID) -> list[Step]:
    """A paper is handed out, with a ticket, off the balance."""
    op, steps = done(bank, A.CHECK_OUT, Tier.FIRST, [record], PEOPLE, request)
    here = bank.branches["A"].id
    return [*steps, (OFF, here, record, op), (TICKET, here, op), (OUT, record, op), (STATE, record, "CHECKED_OUT")]


# C5, C22, C26, C38, C44: how it leaves, and as what it ends ---------------------------------------------------------------
@twin("ct_movements_c5_approved")
async def _(bank: World) -> Attack:
    """Nobody has approved it; it is reserved and handed out."""
    volumes, here = await bank.volumes(), bank.branches["A"].id
    request = await bank.requests(volumes, tier=Tier.SECOND)
    op, steps = done(bank, A.CHECK_OUT, Tier.SECOND, volumes, (("ARCHIVIST", "archivist"),), request)
    reserved: list[Step] = [(MOVE, here, volumes[0], "CHECKOUT", request, who(bank, "officer")), (STATE, volumes[0], "RESERVED")]
    return Attack("archivist", (*reserved, *steps, (TICKET, here, op), (OUT, volumes[0], op), (STATE, volumes[0], "CHECKED_OUT")))


async def out_of_a_cancelled_request(bank: World) -> Attack:
    papers = await bank.papers()
    request = await bank.approved(papers)
    gone = "update access_requests set state = 'CANCELLED' where id = $1"
    return Attack("kay", ((gone, request), *leaving(bank, papers[0], request)))


async def returned(bank: World, end: str) -> Attack:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    op, steps = done(bank, A.ACCEPT_RETURN, Tier.FIRST, papers, PEOPLE[:3])
    here = bank.branches["A"].id
    return Attack("kay", (*steps, (IN, here, papers[0], op), (BACK, papers[0], op, end), (STATE, papers[0], "IN_VAULT")))


@twin("ct_movements_c26_ended_so")
async def _(bank: World) -> Attack:
    """It comes back as if from a journey, and nobody looks at it."""
    return await returned(bank, "ARRIVED")


@twin("ct_movements_c44_ended_so")
async def _(bank: World) -> Attack:
    """It comes back as if it were lost."""
    return await returned(bank, "LOST")


@twin("ct_movements_c38_out_is_gone")
async def _(bank: World) -> Attack:
    """What was approved for release is lent, without a day on which it is due."""
    case = await Case.make(bank)
    await case.paid()
    await case.asked()
    undue = OUT.replace(", due_at = clock_timestamp() + interval '1 day'", "")
    return Attack("kay", tuple((undue, *s[1:]) if s[0] == OUT else s for s in leaving(bank, case.papers[0], case.request)))


@twin("tg_movements_c15_birth")
async def _(bank: World) -> Attack:
    """Out from its birth: no letter is asked for."""
    papers = await bank.papers()
    request = await bank.requests(papers)
    for name in ("head", "risk"):
        await bank.done(name, Ask(A.APPROVE, request=request))
    unused = ("update movements set closed_at = clock_timestamp() where record_id = $1 and closed_at is null", papers[0])
    born = (
        "insert into movements (org_id, record_id, kind, request_id, holder_id, reserved_at, lapses_at, exit_operation_id, out_at, due_at) values"
        " ($1, $2, 'CHECKOUT', $3, $4, clock_timestamp(), clock_timestamp() + interval '1 day', $5, clock_timestamp(), clock_timestamp() + interval '1 day')"
    )
    steps = [unused]
    for s in leaving(bank, papers[0], request):
        steps.append((born, bank.branches["A"].id, papers[0], request, who(bank, "officer"), s[2]) if s[0] == OUT else s)
    return Attack("kay", tuple(steps))


@twin("ct_movements_c31_listed")
async def _(bank: World) -> Attack:
    """On its way to nobody: on no list."""
    papers, here = await bank.papers(), bank.branches["A"].id
    op, steps = done(bank, A.SEND_HANDOVER, Tier.FIRST, papers, PEOPLE[:3])
    away = (
        "insert into movements (org_id, record_id, kind, exit_operation_id, reserved_at, lapses_at, out_at, due_at) values ($1, $2, 'TRANSIT', $3,"
        " clock_timestamp(), clock_timestamp() + interval '1 day', clock_timestamp(), clock_timestamp() + interval '1 day')"
    )
    return Attack(
        "kay", (*steps, (OFF, here, papers[0], op), (TICKET, here, op), (away, here, papers[0], op), (STATE, papers[0], "IN_TRANSIT"))
    )


# C1, C36, C51 ---------------------------------------------------------------------------------------------------------------
@twin("tg_emergency_reviews_c1_open")
async def _(bank: World) -> Attack:
    """Whoever sat in the emergency finds it justified, in the same breath."""
    papers = await bank.papers()
    op, opened = operation(bank, A.OPEN_ENVELOPE, Tier.FIRST, papers, ["KEY", "CODE"])
    urgent = (
        opened[0]
        .replace("expires_at)", "expires_at, emergency_reason)")
        .replace("interval '10 minutes')", "interval '10 minutes', '火警')"),
        *opened[1:],
    )
    seats = [(SEAT, op, seat, who(bank, name)) for seat, name in (("KEY", "ops"), ("CODE", "vice"))]
    reviewed = (
        "insert into emergency_reviews (org_id, operation_id, reason, opened_at, due_at, reviewed_at, reviewed_by, finding)"
        " values ($1, $2, '火警', clock_timestamp(), clock_timestamp() + interval '1 day', clock_timestamp(), $3, 'JUSTIFIED')"
    )
    return Attack("ops", (urgent, *seats, (FINISH, op), (reviewed, bank.branches["A"].id, op, who(bank, "ops"))))


@twin("tg_settlement_notices_c36_paper")
async def _(bank: World) -> Attack:
    """The certificate itself is said to be the notice: it is scanned, and lies in the vault."""
    case = await Case.make(bank)
    await case.paid()
    await scan(bank, "RECORD", case.papers[0], record=case.papers[0])
    return Attack("officer", ((NOTICE, bank.branches["A"].id, case.loan, uuid4().hex, case.papers[0], who(bank, "officer")),))


@twin("tg_idempotency_keys_c51_once")
async def _(bank: World) -> Attack:
    await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    return Attack(
        "officer", (("update idempotency_keys set outcome = '{}' where caller_id = $1 and outcome is not null", who(bank, "officer")),)
    )


# C7, C26, C30, C31, C44, C45: what stands on the register -----------------------------------------------------------------
@twin("tg_archive_records_c26_pages")
async def _(bank: World) -> Attack:
    """A page is gone: so the register has one less."""
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    return Attack("archivist", (("update archive_records set pages = 2 where id = $1", volumes[0]),))


@twin("tg_archive_records_c44_certificate")
async def _(bank: World) -> Attack:
    """What is lost has no certificate any more: so no number is void."""
    asset = await bank.collateral()
    id_, made = certificate(bank, asset, f"C{bank.tag}")
    await bank.root.execute(*made)
    papers = await bank.papers(collateral=asset, kind=PaperKind.CERTIFICATE)
    await bank.past_the_triggers(f"update archive_records set certificate_id = '{id_}' where id = '{papers[0]}'")
    return Attack("kay", (("update archive_records set certificate_id = null where id = $1", papers[0]),))


@twin("ct_sealed_envelopes_c9_seal")
async def _(bank: World) -> Attack:
    """Closed again under a number that no seal has."""
    papers = await bank.papers()
    _, steps = done(bank, A.OPEN_ENVELOPE, Tier.FIRST, papers, PEOPLE[:2])
    other = "update sealed_envelopes set seal_no = $2 where id = (select envelope_id from archive_records where id = $1)"
    return Attack("kay", (*steps, (other, papers[0], f"X{bank.tag}")))


async def broken_seal_again(bank: World) -> Attack:
    """Opened, and closed by the seal that was broken the last time."""
    papers = await bank.papers()
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", papers[0])
    first = await bank.sql("select seal_no from sealed_envelopes where id = $1", envelope)
    await bank.seated(
        Ask(A.OPEN_ENVELOPE, records=tuple(papers), reason="核对内容", detail=Opening(envelope, f"Z{bank.tag}")), ["kay", "cody"]
    )
    _, steps = done(bank, A.OPEN_ENVELOPE, Tier.FIRST, papers, PEOPLE[:2])
    return Attack("kay", (*steps, ("update sealed_envelopes set seal_no = $2 where id = $1", envelope, first)))


@twin("tg_seals_c9_broken_once")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.sql(
        "update seals set broken_at = now() where envelope_id = (select envelope_id from archive_records where id = $1)", papers[0]
    )
    whole = "update seals set broken_at = null where envelope_id = (select envelope_id from archive_records where id = $1)"
    return Attack("kay", ((whole, papers[0]),))


@twin("tg_file_items_c31_collecting")
async def _(bank: World) -> Attack:
    """A paper that no archivist has seen is in a volume that one has taken over."""
    volumes = await bank.volumes()
    item = (
        "insert into file_items (org_id, record_id, position, document_type, title, is_original, pages, added_at)"
        " values ($1, $2, 2, 'CONTRACT', '补充合同', true, 1, clock_timestamp())"
    )
    return Attack("officer", ((item, bank.branches["A"].id, volumes[0]),))


async def born_old(bank: World) -> Attack:
    """Its years are over before it is bound."""
    loan, here = await bank.loan(), bank.branches["A"].id
    async with bank.database.transaction(bank.people["officer"]) as conn:
        (label,) = await printed(conn, [LabelKind.VOLUME])
    born = (
        "insert into archive_records (org_id, archive_no, barcode, tier, title, state, primary_loan_id, custody_org_id, retention_class, cutoff_at)"
        " values ($1, $2, $3, 'SECOND', '信贷档案', 'COLLECTING', $4, $1, 'FIVE_YEARS', '1990-01-01')"
    )
    return Attack("officer", ((born, here, uuid4().hex, label, loan),))


async def claimed_and_returned(bank: World) -> Attack:
    """The claim is forgotten for a moment."""
    papers = await bank.papers()
    await bank.out(papers)
    await bank.done("officer", Ask(A.CLAIM_RETURNED, records=tuple(papers), reason="上周五已交库房"))
    mine = "where record_id = $1 and closed_at is null"
    back = f"update movements set returned_at = clock_timestamp(), returned_by = holder_id, presented_to = $2 {mine}"
    return Attack(
        "kay",
        (
            (f"update movements set claimed_at = null {mine}", papers[0]),
            (back, papers[0], who(bank, "kay")),
            (f"update movements set claimed_at = clock_timestamp() {mine}", papers[0]),
            (STATE, papers[0], "RETURN_PENDING"),
        ),
    )


@twin("ct_archive_records_c31_vault")
async def into_another_vault(bank: World) -> Attack:
    """Lent by A, back in the vault of B: handed over by nobody."""
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    b, slot = bank.branches["B"], await bank.slot("B")
    op = uuid4()
    seats = ("KEY", "kay_b"), ("CODE", "cody_b"), ("CLERK", "clerk_b")
    inspection = uuid4()
    steps: list[Step] = [
        ("update archive_records set vault_id = $2 where id = $1", papers[0], b.vault),
        (
            "update sealed_envelopes set location_id = $2 where id = (select envelope_id from archive_records where id = $1)",
            papers[0],
            slot,
        ),
        (OPERATION, op, b.id, "ACCEPT_RETURN", "FIRST", b.vault, None, papers, [s for s, _ in seats], who(bank, "kay_b")),
        *((SEAT, op, seat, who(bank, name)) for seat, name in seats),
        (FINISH, op),
        (INSPECT, inspection, await movement(bank, papers[0]), papers[0], who(bank, "kay_b"), True, None, True),
        (IN, b.id, papers[0], op),
        (BACK.replace("ended_as = $3", "inspection_id = $3"), papers[0], op, inspection),
        (STATE, papers[0], "IN_VAULT"),
    ]
    return Attack("president", tuple(steps))


@twin("tg_substitutions_c39_before_approval")
async def _(bank: World) -> Attack:
    """What is to take its place is told when all have approved something else, or nothing."""
    case = await Substitution.make(bank)
    await bank.sql("delete from substitutions where request_id = $1", case.request)
    late = "insert into substitutions (request_id, replacement_id, value_amount, currency) values ($1, $2, 2000, 'CNY')"
    return Attack("officer", ((late, case.request, case.replacement),))


@twin("tg_tickets_c10_unit")
async def _(bank: World) -> Attack:
    """An exit of A with a number of B: the register of A knows of none."""
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND)
    op, steps = done(bank, A.CHECK_OUT, Tier.SECOND, volumes, (("ARCHIVIST", "archivist"),), request)
    ticket = (TICKET, bank.branches["B"].id, op)
    return Attack("president", (*steps, ticket, (OUT, volumes[0], op), (STATE, volumes[0], "CHECKED_OUT")))


@twin("ct_archive_records_c17_place")
async def _(bank: World) -> Attack:
    """A volume that is not there is listed elsewhere, before it is counted."""
    volumes = await bank.volumes()
    moved = "update archive_records set location_id = $2 where id = $1"
    return Attack("archivist", ((moved, volumes[0], bank.branches["A"].vault),))


MADE_UP = (
    ("ct_movements_c5_approved", out_of_a_cancelled_request),
    ("tg_archive_records_c45_cutoff", born_old),
    ("tg_movements_c25_not_claimed", claimed_and_returned),
    ("ct_sealed_envelopes_c9_seal", broken_seal_again),
)
