"""Personal data: closed for its place, found by its index, shown masked."""

import os
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.calendar import known_days, load_holidays
from server.personal import Keys, Kind, Personal, WrongKey, mask_identity, mask_phone, redact
from server.settings import DEVELOPMENT_KEY, Settings
from tests.harness.world import World

PERSONAL = Personal(b"i" * 32, {1: AESGCM(b"k" * 32), 2: AESGCM(b"l" * 32)}, 2)
IDENTITY = "11010519491231002X"


def test_what_is_closed_opens_only_at_its_place_and_epoch() -> None:
    row = uuid4()
    sealed = PERSONAL.seal("identity_cipher", row, IDENTITY)
    assert PERSONAL.open("identity_cipher", row, sealed, 2) == IDENTITY
    assert IDENTITY.encode() not in sealed
    for column, id_, bytes_, epoch in (
        ("phone_cipher", row, sealed, 2),
        ("identity_cipher", uuid4(), sealed, 2),
        ("identity_cipher", row, sealed, 1),
        ("identity_cipher", row, sealed, 3),
        ("identity_cipher", row, sealed[:-1] + bytes([sealed[-1] ^ 1]), 2),
        ("identity_cipher", row, b"", 2),
    ):
        with pytest.raises(WrongKey):
            PERSONAL.open(column, id_, bytes_, epoch)


def test_the_same_text_closes_differently_each_time() -> None:
    row = uuid4()
    assert PERSONAL.seal("identity_cipher", row, IDENTITY) != PERSONAL.seal("identity_cipher", row, IDENTITY)


def test_the_index_sees_through_width_case_and_spaces_but_not_kinds() -> None:
    assert PERSONAL.index(Kind.IDENTITY, "１１０１０５ 19491231-002x") == PERSONAL.index(Kind.IDENTITY, IDENTITY)
    assert PERSONAL.index(Kind.PHONE, IDENTITY) != PERSONAL.index(Kind.IDENTITY, IDENTITY)


@pytest.mark.parametrize(
    ("mask", "text", "masked"),
    [
        (mask_identity, IDENTITY, "1101************2X"),
        (mask_identity, "LC12345", "*****45"),
        (mask_identity, "A1", "****"),
        (mask_identity, "", "****"),
        (mask_phone, "138 1234 5678", "138****5678"),
        (mask_phone, "+86 138-1234-5678", "138****5678"),
        (mask_phone, "12345", "****"),
    ],
)
def test_a_mask_shows_the_ends_alone(mask: object, text: str, masked: str) -> None:
    assert callable(mask)
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"客户{IDENTITY}，电话13812345678。", "客户1101************2X，电话138****5678。"),
        ("call +86 138-1234-5678", "call 138****5678"),
        ("contract 2018110105194912310021 of 2018", "contract 2018110105194912310021 of 2018"),
        ("nothing here", "nothing here"),
    ],
)
def test_numbers_of_people_are_masked_in_free_text(text: str, kept: str) -> None:
    assert redact(text) == kept


async def test_a_data_key_opens_under_its_own_wrapping_key_alone(bank: World) -> None:
    development = bytes.fromhex(DEVELOPMENT_KEY)
    async with bank.database.transaction(bank.people["officer"]) as conn:
        first = await Personal.load(conn, Keys(development, development))
        again = await Personal.load(conn, Keys(development, development))
        row = uuid4()
        assert again.open("identity_cipher", row, first.seal("identity_cipher", row, IDENTITY), first.epoch) == IDENTITY
        with pytest.raises(WrongKey, match="LOANFILE_DATA_KEY"):
            await Personal.load(conn, Keys(os.urandom(32), development))


def test_no_key_is_shown() -> None:
    assert "k" * 8 not in repr(PERSONAL) + repr(Keys(b"k" * 32, b"k" * 32))
    assert Keys.of(Settings(database_url="postgresql://x", data_key="ab" * 32)).wrapping == bytes.fromhex("ab" * 32)


async def test_holidays_are_loaded_once(bank: World) -> None:
    async with bank.database.transaction(bank.people["officer"]) as conn:
        await load_holidays(conn)
        assert await load_holidays(conn) == 0
    assert await bank.sql("select count(*) from holidays where source = 'chinesecalendar'") == len(known_days())
    assert await bank.sql("select name from holidays where day = '2024-10-01' and not is_working") == "国庆节"
    assert await bank.sql("select is_working from holidays where day = '2024-09-29'")
