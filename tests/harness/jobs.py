"""The background jobs of one bank: in the name of a service that sees its branches alone."""

from server.jobs import Jobs
from storage.objects import ObjectStore, StoreAddress
from storage.terms import Role
from tests.harness.world import World

NOWHERE = ObjectStore(StoreAddress("http://127.0.0.1:9", "none", "none", "none", "none"))  # for jobs that ask it nothing


async def jobs_of(bank: World, objects: ObjectStore | None = None) -> Jobs:
    if "jobs" not in bank.people:
        await bank.hire("jobs", {Role.SYSTEM}, bank.branches["A"].id, tuple(b.id for b in bank.branches.values()))
        await bank.sql("update staff set kind = 'SERVICE' where id = $1", bank.people["jobs"].staff_id)
    return Jobs(bank.desk, bank.people["jobs"], objects or NOWHERE)
