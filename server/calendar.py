"""Holidays and swapped working days, from chinesecalendar; a year that it does not know counts Monday to Friday."""

from datetime import date

from chinese_calendar import constants
from sqlalchemy import ARRAY, Boolean, Date, Text, bindparam, column, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert

from storage.database import Connection
from storage.tables import holidays

SOURCE = "chinesecalendar"
CHINESE: dict[str, str] = {holiday.value: holiday.chinese for holiday in constants.Holiday}


def _load() -> Insert:
    days = (
        func.unnest(
            bindparam("days", type_=ARRAY(Date), required=True),
            bindparam("working", type_=ARRAY(Boolean), required=True),
            bindparam("names", type_=ARRAY(Text), required=True),
        )
        .table_valued(column("day", Date), column("is_working", Boolean), column("name", Text), name="days")
        .render_derived()
    )
    chosen = select(days.c.day, days.c.is_working, days.c.name, literal(SOURCE))
    return insert(holidays).from_select(["day", "is_working", "name", "source"], chosen).on_conflict_do_nothing()


LOAD = _load()


def known_days() -> list[tuple[date, bool, str]]:
    """Every day that differs from Monday to Friday: (day, whether it is worked, name)."""
    off = [(day, False, _name(name)) for day, name in constants.holidays.items()]
    swapped = [(day, True, f"{_name(name)}调休") for day, name in constants.workdays.items()]
    return sorted(off + swapped)


async def load_holidays(conn: Connection) -> int:
    """Adds the rows that are missing; answers how many. A row that the bank has set stays as it is."""
    days = known_days()
    return await conn.run(LOAD, days=[d for d, _, _ in days], working=[w for _, w, _ in days], names=[n for _, _, n in days])


def _name(name: object) -> str:
    text = str(getattr(name, "value", name))
    return CHINESE.get(text, text)
