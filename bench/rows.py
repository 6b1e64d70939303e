"""How the rows of the bank that is measured are made; whatever changes here makes another bank.

A million loans in three branches; a fifth of them have a whole file: 2 contracts, a car, 1.5 certificates, 3 records, an
envelope, papers, checkouts. Rows are made in SQL as the superuser with triggers off, so what triggers keep (visible_to)
is filled here, and what they check (references) is checked at the end.
"""

import os
from typing import Any

import asyncpg
from rich.progress import Progress

LOANS = max(1, round(int(os.environ.get("BENCH_LOANS", "1000000")) / 20_000)) * 20_000  # so that a customer's loans share a unit
FILES = LOANS // 5
CHUNK = 50_000
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红梅鑫宇浩然子轩雨欣梓涵一诺思远晓东海燕"

# Account: role, unit. The officer's branch has ten units below it and nine tenths of all loans; the newcomer's has 100 loans.
PEOPLE = {
    "officer": ("LOAN_OFFICER", 1),
    "teller": ("LOAN_OFFICER", 11),
    "newcomer": ("LOAN_OFFICER", 3),
    "compliance": ("COMPLIANCE", 0),
}

# Ids rise with n, as those of an import do; `unit` is the owner of loan n, `keeper` the branch whose vault has its papers.
FUNCTIONS = f"""
create function pg_temp.i(kind int, n bigint) returns uuid language sql immutable as $$
  select (lpad(to_hex(1704067200000 + n), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid $$;
create function pg_temp.unit_no(n bigint) returns int language sql immutable as $$
  select case when n % 10000 = 0 then 3 when n % 100 < 90 then 11 + (n % 10)::int else 21 + (n % 2)::int end $$;
create function pg_temp.keeper_no(n bigint) returns int language sql immutable as $$
  select case when n % 10000 = 0 then 3 when n % 100 < 90 then 1 else 2 end $$;
create function pg_temp.unit(n bigint) returns uuid language sql immutable as $$ select pg_temp.i(1, pg_temp.unit_no(n)) $$;
create function pg_temp.keeper(n bigint) returns uuid language sql immutable as $$ select pg_temp.i(1, pg_temp.keeper_no(n)) $$;
create function pg_temp.seen(n bigint) returns uuid[] language sql immutable as $$
  select case when n % 10000 = 0 then array[pg_temp.unit(n)] else array[pg_temp.keeper(n), pg_temp.unit(n)] end $$;
create function pg_temp.officer(n bigint) returns uuid language sql immutable as $$ select pg_temp.i(2, 100 + pg_temp.unit_no(n)) $$;
create function pg_temp.at(n bigint) returns timestamptz language sql immutable as $$
  select timestamptz '2024-01-02 09:00+08' + make_interval(mins => (n % 500000)::int) $$;
create function pg_temp.who(n bigint) returns text language sql immutable as $$
  select substr('{SURNAMES}', 1 + (n * 7919 % {len(SURNAMES)})::int, 1) || substr('{GIVEN}', 1 + (n * 104729 % {len(GIVEN)})::int, 1)
      || substr('{GIVEN}', 1 + (n * 1299709 / 7 % {len(GIVEN)})::int, 1) $$;
create function pg_temp.told(n bigint, m bigint) returns bytea language sql immutable as $$
  select convert_to('loanfile event 1', 'UTF8') || '\\x00'::bytea
      || convert_to('{{"detail":{{"from":"AWAITED","to":"FILED"}},"n":' || n || ',"seq":' || m || '}}', 'UTF8') $$;
create function pg_temp.link(n bigint, m bigint) returns bytea language plpgsql immutable as $$ declare made bytea := ''; begin
  for i in 1 .. m loop made := sha256(made || pg_temp.told(n, i)); end loop;
  return made;
end $$;
"""

UNITS = """
insert into org_units (id, code, name, level, parent_id, has_vault) values
  (pg_temp.i(1, 0), 'HO', '总行', 'HEAD_OFFICE', null, false), (pg_temp.i(1, 1), 'B1', '城东分行', 'BRANCH', pg_temp.i(1, 0), true),
  (pg_temp.i(1, 2), 'B2', '城西分行', 'BRANCH', pg_temp.i(1, 0), true), (pg_temp.i(1, 3), 'B3', '新区分行', 'BRANCH', pg_temp.i(1, 0), true);
insert into org_units (id, code, name, level, parent_id)
select pg_temp.i(1, n), 'S' || n, '第' || n || '支行', 'SUB_BRANCH', pg_temp.i(1, case when n < 21 then 1 else 2 end) from generate_series(11, 22) n;
insert into staff (id, staff_no, username, name, org_id)
select pg_temp.i(2, 100 + n), 'E' || n, 'staff-' || n, pg_temp.who(n), pg_temp.i(1, n) from generate_series(0, 22) n where n < 4 or n > 10;
insert into staff_roles (staff_id, role) select id, 'LOAN_OFFICER' from staff;
insert into storage_locations (id, org_id, kind, code, vault_id)
select pg_temp.i(3, n), pg_temp.i(1, n), 'VAULT', 'V' || n, pg_temp.i(3, n) from generate_series(1, 3) n;
insert into storage_locations (id, org_id, kind, code, parent_id, vault_id)
select pg_temp.i(3, 10 + n), pg_temp.i(1, n), 'CABINET', 'K' || n, pg_temp.i(3, n), pg_temp.i(3, n) from generate_series(1, 3) n;
insert into dealers (id, code, name, unified_credit_code)
select pg_temp.i(4, n), 'D' || n, pg_temp.who(n) || '汽车销售', '9111010500000' || 1000 + n from generate_series(1, 200) n;
insert into loan_products (id, code, name) select pg_temp.i(5, n), 'P' || n, '汽车贷款 ' || n from generate_series(1, 10) n;
"""

# Table: how many n, how many rows of each, and the select. $1 and $2 are the first and the last n of a part.
OF_LOANS = {
    "parties": "select pg_temp.i(6, n), sha256(('p' || n)::bytea) from ns where n <= %(half)s",
    "customers": """select pg_temp.i(7, n), pg_temp.unit(n), pg_temp.i(6, n), pg_temp.who(n), '北京市朝阳区', sha256(('p' || n)::bytea),
        sha256(('c' || n)::bytea), '110105********' || lpad((n %% 10000)::text, 4, '0'), sha256(('t' || n)::bytea), sha256(('u' || n)::bytea),
        '138****' || lpad((n * 7 %% 10000)::text, 4, '0'), '北京市朝阳区****', pg_temp.at(n), pg_temp.at(n) from ns where n <= %(half)s""",
    "loans": """select pg_temp.i(8, n), pg_temp.unit(n), 'QC' || lpad(n::text, 10, '0'), pg_temp.i(7, (n - 1) %% %(half)s + 1),
        pg_temp.i(5, 1 + n %% 10), pg_temp.officer(n), case when n %% 3 = 0 then pg_temp.i(4, 1 + n %% 200) end, 50000 + n * 37 %% 400000,
        12 * (1 + n %% 5), 3.85 + (n %% 200) / 100.0, 1000 + n %% 9000, date '2021-01-01' + (n %% 1500)::int,
        date '2021-01-01' + (n %% 1500)::int + (360 * (1 + n %% 5))::int, case n %% 7 when 0 then 'SETTLED' else 'ACTIVE' end,
        case n %% 41 when 0 then 'SUBSTANDARD' else 'PASS' end, pg_temp.at(n), pg_temp.at(n) from ns""",
}
COLUMNS = {
    "parties": "id, identity_index",
    "customers": """id, org_id, party_id, name, district, identity_index, identity_cipher, identity_number_masked, phone_index, phone_cipher,
        phone_masked, address_masked, created_at, updated_at""",
    "loans": """id, org_id, number, customer_id, product_id, manager_id, dealer_id, principal_amount, term_months, annual_rate,
        instalment_amount, starts_on, matures_on, status, classification, created_at, updated_at""",
    "loan_positions": "id, org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount, days_overdue, recorded_at",
    "contracts": "id, org_id, number, kind, signed_on, amount, is_maximum_amount, created_at, updated_at",
    "loan_contracts": "id, org_id, loan_id, contract_id",
    "collateral": "id, org_id, visible_to, kind, description, vin, engine_no, plate_no, value_amount, valued_on, owner_id, created_at, updated_at",
    "loan_collateral": "id, org_id, loan_id, collateral_id, amount",
    "collateral_certificates": "id, org_id, visible_to, collateral_id, number, kind, issuer, issued_on, right_amount, created_at, updated_at",
    "storage_locations": "id, org_id, kind, code, parent_id, vault_id",
    "sealed_envelopes": "id, org_id, visible_to, barcode, seal_no, collateral_id, location_id, sealed_at, created_at, updated_at",
    "seals": "seal_no, org_id, envelope_id, applied_at",
    "archive_records": """id, org_id, visible_to, archive_no, barcode, tier, kind, title, state, primary_loan_id, custody_org_id, collateral_id,
        certificate_id, envelope_id, location_id, vault_id, custodian_id, retention_class, pages, created_at, updated_at""",
    "file_items": "id, org_id, visible_to, record_id, position, document_type, title, pages, contract_id, added_at, created_at, updated_at",
    "access_requests": """id, org_id, visible_to, kind, tier, purpose, applicant_id, reader_id, state, submitted_at, decided_at, lapses_at,
        created_at, updated_at""",
    "request_lines": "id, request_id, record_id",
    "approvals": "id, request_id, rank, approver_id, applicant_id, approved_at",
    "operations": """id, org_id, visible_to, action, tier, request_id, record_ids, required_seats, ask, state, opened_by, opened_at, expires_at,
        done_at, created_at, updated_at""",
    "operation_seats": "id, operation_id, seat, staff_id, taken_at",
    "movements": """id, org_id, visible_to, record_id, kind, request_id, holder_id, reserved_at, lapses_at, exit_operation_id, out_at, due_at,
        returned_at, returned_by, presented_to, inspection_id, entry_operation_id, closed_at, created_at, updated_at""",
    "return_inspections": """id, movement_id, record_id, operation_id, inspected_by, inspected_at, numbers_match, pages_match, seal_intact,
        no_alterations, no_damage, pages_counted, passed""",
    "scans": """id, org_id, visible_to, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,
        uploaded_by, registered_at, upload_expires_at, stored_at, object_key, object_version_id, lock_until, created_at, updated_at""",
    "inspection_reports": """id, org_id, number, kind, subject, loan_id, title, period_from, period_to, analysis, proposal, state, round,
        drafted_by, drafted_at, submitted_at, created_at, updated_at""",
    "chains": "id, kind, org_id, seq, head, last_at",
    "events": "chain_id, seq, happened_at, tag, subject_kind, subject_id, record_id, actor_id, org_id, canonical, prev_hash, hash",
    "holds": "id, org_id, kind, subject_kind, loan_id, reason, placer_id, placed_at, lifted_at, lifted_by, lift_reason, created_at, updated_at",
}
# Of ten volumes one is out and two have been; `m` numbers the parts of one loan's file.
OF_FILES = {
    "loan_positions": """select pg_temp.i(9, n * 2 + m), pg_temp.unit(n), pg_temp.i(8, n), timestamptz '2025-01-01' + make_interval(months => m::int),
        40000 + n * 37 % 400000 - m * 1000, n % 500, 0, case n % 20 when 0 then 900 else 0 end, case n % 20 when 0 then 12 else 0 end,
        pg_temp.at(n) from ns, generate_series(0, 1) m""",
    "contracts": """select pg_temp.i(10, n * 2 + m), pg_temp.unit(n), 'HT' || lpad((n * 2 + m)::text, 10, '0'), (array['LOAN', 'MORTGAGE'])[m + 1],
        date '2021-01-01' + (n % 1500)::int, 50000 + n * 37 % 400000, false, pg_temp.at(n), pg_temp.at(n) from ns, generate_series(0, 1) m""",
    "loan_contracts": "select pg_temp.i(11, n * 2 + m), pg_temp.unit(n), pg_temp.i(8, n), pg_temp.i(10, n * 2 + m) from ns, generate_series(0, 1) m",
    "collateral": """select pg_temp.i(12, n), pg_temp.unit(n), pg_temp.seen(n), 'VEHICLE', (array['大众 朗逸', '丰田 卡罗拉', '比亚迪 秦PLUS', '吉利 帝豪'])[1 + n % 4],
        'LSVA' || lpad(n::text, 13, '0'), 'EN' || n, '京A' || lpad(to_hex(n), 5, '0'), 60000 + n % 200000, date '2024-06-01', pg_temp.i(7, n),
        pg_temp.at(n), pg_temp.at(n) from ns""",
    "loan_collateral": "select pg_temp.i(13, n), pg_temp.unit(n), pg_temp.i(8, n), pg_temp.i(12, n), 50000 + n * 37 % 400000 from ns",
    "collateral_certificates": """select pg_temp.i(14, n * 2 + m), pg_temp.unit(n), pg_temp.seen(n), pg_temp.i(12, n), 'QZ' || lpad((n * 2 + m)::text, 10, '0'),
        (array['VEHICLE_TITLE', 'OTHER_RIGHT'])[m + 1], '北京市车辆管理所', date '2024-06-01' + m::int, 50000 + n * 37 % 400000, pg_temp.at(n), pg_temp.at(n)
        from ns, generate_series(0, 1 - n % 2) m""",
    "storage_locations": """select pg_temp.i(3, 1000 + n), pg_temp.keeper(n), 'SLOT', 'W' || lpad(n::text, 8, '0'), pg_temp.i(3, 10 + pg_temp.keeper_no(n)),
        pg_temp.i(3, pg_temp.keeper_no(n)) from ns""",
    "sealed_envelopes": """select pg_temp.i(15, n), pg_temp.keeper(n), pg_temp.seen(n), 'F' || lpad(n::text, 10, '0'), 'FQ' || lpad(n::text, 10, '0'),
        pg_temp.i(12, n), pg_temp.i(3, 1000 + n), pg_temp.at(n), pg_temp.at(n), pg_temp.at(n) from ns""",
    "seals": "select 'FQ' || lpad(n::text, 10, '0'), pg_temp.keeper(n), pg_temp.i(15, n), pg_temp.at(n) from ns",
    "archive_records": """select pg_temp.i(16, n * 3 + m), pg_temp.unit(n), pg_temp.seen(n), 'DA' || lpad((n * 3 + m)::text, 10, '0'),
        'TM' || lpad((n * 3 + m)::text, 10, '0'), case when m < 2 then 'FIRST' else 'SECOND' end,
        case when m = 0 or m = 1 and n % 2 = 0 then 'CERTIFICATE' when m = 1 then 'INSURANCE_POLICY' end, (array['机动车登记证书', '他项权证', '信贷档案'])[m + 1],
        case when m < 2 then 'IN_VAULT' when n % 10 = 0 then 'CHECKED_OUT' else 'FILED' end, pg_temp.i(8, n), pg_temp.keeper(n),
        case when m < 2 then pg_temp.i(12, n) end, case when m = 0 or m = 1 and n % 2 = 0 then pg_temp.i(14, n * 2 + m) end,
        case when m < 2 then pg_temp.i(15, n) end, case when m = 2 then pg_temp.i(3, 10 + pg_temp.keeper_no(n)) end,
        case when m < 2 then pg_temp.i(3, pg_temp.keeper_no(n)) end, case when m = 2 then pg_temp.officer(n) end,
        case when m = 2 then 'FIVE_YEARS' end, 1 + n % 40, pg_temp.at(n), pg_temp.at(n) from ns, generate_series(0, 2) m""",
    "file_items": """select pg_temp.i(17, n * 3 + m), pg_temp.unit(n), pg_temp.seen(n), pg_temp.i(16, n * 3 + 2), m + 1,
        (array['APPLICATION', 'IDENTITY', 'CONTRACT'])[m + 1], (array['借款申请书', '身份证复印件', '借款合同'])[m + 1], 1 + n % 9,
        case when m = 2 then pg_temp.i(10, n * 2) end, pg_temp.at(n), pg_temp.at(n), pg_temp.at(n) from ns, generate_series(0, 2) m""",
    "access_requests": """select pg_temp.i(18, n), pg_temp.unit(n), pg_temp.seen(n), 'CHECKOUT', 'SECOND', 'AUDIT', pg_temp.officer(n), pg_temp.officer(n),
        'FULFILLED', pg_temp.at(n), pg_temp.at(n) + interval '1 hour', pg_temp.at(n) + interval '5 days', pg_temp.at(n), pg_temp.at(n) from ns where n % 10 < 3""",
    "request_lines": "select pg_temp.i(19, n), pg_temp.i(18, n), pg_temp.i(16, n * 3 + 2) from ns where n % 10 < 3",
    "approvals": """select pg_temp.i(20, n), pg_temp.i(18, n), 'CREDIT_DEPT_HEAD', pg_temp.i(2, 100 + pg_temp.keeper_no(n)), pg_temp.officer(n),
        pg_temp.at(n) + interval '1 hour' from ns where n % 10 < 3 and n % 10000 > 0""",
    "operations": """select pg_temp.i(21, n * 2 + m), pg_temp.unit(n), pg_temp.seen(n), (array['CHECK_OUT', 'ACCEPT_RETURN'])[m + 1], 'SECOND',
        case when m = 0 then pg_temp.i(18, n) end, array[pg_temp.i(16, n * 3 + 2)], array['ARCHIVIST'], '{}', 'DONE', pg_temp.officer(n),
        pg_temp.at(n) + make_interval(hours => 2 + 48 * m::int), pg_temp.at(n) + interval '7 days', pg_temp.at(n) + make_interval(hours => 2 + 48 * m::int),
        pg_temp.at(n), pg_temp.at(n) from ns, generate_series(0, case n % 10 when 0 then 0 else 1 end) m where n % 10 < 3""",
    "operation_seats": """select pg_temp.i(22, n * 2 + m), pg_temp.i(21, n * 2 + m), 'ARCHIVIST', pg_temp.officer(n), pg_temp.at(n) + interval '2 hours'
        from ns, generate_series(0, case n % 10 when 0 then 0 else 1 end) m where n % 10 < 3""",
    "movements": """select pg_temp.i(23, n), pg_temp.unit(n), pg_temp.seen(n), pg_temp.i(16, n * 3 + 2), 'CHECKOUT', pg_temp.i(18, n), pg_temp.officer(n),
        pg_temp.at(n) + interval '1 hour', pg_temp.at(n) + interval '5 days', pg_temp.i(21, n * 2), pg_temp.at(n) + interval '2 hours',
        case when over then pg_temp.at(n) + interval '9 days' else timestamptz '2025-06-01' + make_interval(days => (n % 5000)::int) end,
        case when over then pg_temp.at(n) + interval '2 days' end, case when over then pg_temp.officer(n) end, case when over then pg_temp.officer(n) end,
        case when over then pg_temp.i(24, n) end, case when over then pg_temp.i(21, n * 2 + 1) end, case when over then pg_temp.at(n) + interval '3 days' end,
        pg_temp.at(n), pg_temp.at(n) from ns, lateral (select n % 10 > 0 as over) o where n % 10 < 3""",
    "return_inspections": """select pg_temp.i(24, n), pg_temp.i(23, n), pg_temp.i(16, n * 3 + 2), pg_temp.i(21, n * 2 + 1), pg_temp.officer(n),
        pg_temp.at(n) + interval '2 days', true, true, true, true, true, 1 + n % 40, true from ns where n % 10 in (1, 2)""",
    "scans": """select pg_temp.i(25, n), pg_temp.unit(n), pg_temp.seen(n), 'RECORD', pg_temp.i(16, n * 3 + 2), pg_temp.i(16, n * 3 + 2), 1, '信贷档案',
        'application/pdf', sha256(('s' || n)::bytea), 100000 + n, 1 + n % 40, 'STORED', pg_temp.officer(n), pg_temp.at(n), pg_temp.at(n) + interval '1 hour',
        pg_temp.at(n), 'bench/' || n, 'v' || n, pg_temp.at(n) + interval '5 years', pg_temp.at(n), pg_temp.at(n) from ns where n % 4 = 0""",
    "inspection_reports": """select pg_temp.i(26, n), pg_temp.unit(n), 'JC' || lpad(n::text, 10, '0'), 'BORROWER_TRACKING', 'BORROWER', pg_temp.i(8, n), '贷后检查',
        date '2024-01-01', date '2024-03-31', '经营正常', '维持现状', 'SUBMITTED', 1, pg_temp.officer(n), pg_temp.at(n), pg_temp.at(n), pg_temp.at(n), pg_temp.at(n)
        from ns where n % 10 = 5""",
    "holds": """select pg_temp.i(27, n), pg_temp.unit(n), 'LEGAL', 'LOAN', pg_temp.i(8, n), '诉讼', pg_temp.officer(n), pg_temp.at(n),
        case when gone then pg_temp.at(n) + interval '9 days' end, case when gone then pg_temp.i(2, 100 + pg_temp.keeper_no(n)) end,
        case when gone then '结案' end, pg_temp.at(n), pg_temp.at(n) from ns, lateral (select n % 200 = 7 as gone) o where n % 100 = 7""",
    "chains": """select pg_temp.i(8, n), 'LOAN', pg_temp.unit(n), 3, pg_temp.link(n, 3), pg_temp.at(n) + interval '3 minutes' from ns""",
    "events": """select pg_temp.i(8, n), m, pg_temp.at(n) + make_interval(mins => m::int), 'record:register:done', 'record', pg_temp.i(16, n * 3 + m - 1),
        pg_temp.i(16, n * 3 + m - 1), pg_temp.officer(n), pg_temp.unit(n), pg_temp.told(n, m), pg_temp.link(n, m - 1), pg_temp.link(n, m)
        from ns, generate_series(1, 3) m""",
}  # fmt: skip
LOADED_BESIDE = ("search_terms", "barcodes")  # filled by the product's own function
INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made from pg_index i
where indrelid = any ($1::text[]::regclass[]) and not exists (select from pg_constraint c where c.conindid = i.indexrelid) order by 1"""
REFERENCES = """
select conname, format('select count(*) from %s c where c.%I is not null and not exists (select from %s p where p.%I = c.%I)',
  conrelid::regclass, a.attname, confrelid::regclass, b.attname, a.attname) as question
from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
where contype = 'f' and array_length(conkey, 1) = 1 and conrelid = any ($1::text[]::regclass[]) order by 1"""


async def build(root: "asyncpg.Connection[Any]", bar: Progress) -> None:
    """Fills the empty tables of a migrated database."""
    for name, value in {"session_replication_role": "replica", "synchronous_commit": "off", "maintenance_work_mem": "512MB"}.items():
        await root.execute(f"set {name} = '{value}'")
    await root.execute(FUNCTIONS)
    await root.execute(UNITS)
    for n, (account, (role, unit)) in enumerate(PEOPLE.items()):
        added = await root.fetchval(
            f"insert into staff (id, staff_no, username, name, org_id) values (pg_temp.i(2, {n}), $1, $1, pg_temp.who({n}), pg_temp.i(1, {unit})) returning id",
            account,
        )
        await root.execute("insert into staff_roles (staff_id, role) values ($1, $2)", added, role)
    tables = [*OF_LOANS, *OF_FILES, *LOADED_BESIDE]
    indexes = await root.fetch(INDEXES, tables)
    for index in indexes:
        await root.execute(f"drop index {index['name']}")
    await _fill(root, bar)
    task = bar.add_task("search terms", total=None)
    found = await root.fetchval("select index_everything()")
    bar.update(task, total=found, completed=found)
    task = bar.add_task("indexes", total=len(indexes))
    for index in indexes:
        await root.execute(index["made"])
        bar.advance(task)
    questions = await root.fetch(REFERENCES, tables)
    task = bar.add_task("references", total=len(questions))
    for name, question in questions:
        if wrong := await root.fetchval(question):
            raise RuntimeError(f"the bank is wrong: {wrong} rows break {name}")
        bar.advance(task)
    task = bar.add_task("vacuum", total=None)
    await root.execute("vacuum (analyze, freeze)")
    bar.update(task, total=1, completed=1)


async def _fill(root: "asyncpg.Connection[Any]", bar: Progress) -> None:
    for selects, last in ((OF_LOANS, LOANS), (OF_FILES, FILES)):
        task = bar.add_task("loans" if selects is OF_LOANS else "files", total=last * len(selects))
        for name, select in selects.items():
            text = select % {"half": LOANS // 2} if selects is OF_LOANS else select
            sql = f"with ns as (select n from generate_series($1::bigint, $2::bigint) n) insert into {name} ({COLUMNS[name]}) {text}"
            for first in range(1, last + 1, CHUNK):
                end = min(last, first + CHUNK - 1)
                bar.update(task, description=name)
                await root.execute(sql, first, end)
                bar.advance(task, end - first + 1)
