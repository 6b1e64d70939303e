"""The root of the schema: every question a client may ask and every act it may try."""

from strawberry.schema.config import StrawberryConfig

from schema.custody import Hold
from schema.losses import Discrepancy, LossCase
from schema.mutations import Mutation
from schema.notices import Alarm
from schema.papers import Scan
from schema.queries import Query
from schema.reading.answers import ReadingSchema
from schema.records import FileItem, FirstTierRecord, SecondTierRecord
from schema.scalars import SCALARS
from schema.subscriptions import Subscription

TYPES = [FirstTierRecord, SecondTierRecord, FileItem, Scan, Hold, Discrepancy, LossCase, Alarm]  # reached through interfaces alone


def build_schema() -> ReadingSchema:
    """The one schema of the process."""
    return ReadingSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=TYPES,
        config=StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS),
    )
