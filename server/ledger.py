"""The ledger as the settings name it: its keys, its bucket, and who seals it."""

from typing import Any

from server.compliance.notes import Key
from server.compliance.sealing import Sealer
from server.settings import Settings
from storage.objects import CheckpointBucket, StoreAddress


def sealer_of(settings: Settings) -> Sealer | None:
    """The sealer of this process; None where the settings name no login for it."""
    if not settings.ledger_database_url:
        return None
    return Sealer(settings.ledger_database_url, checkpoints_of(settings), ledger_key(settings), settings.checkpoint_years)


def ledger_key(settings: Settings) -> Key:
    """What signs checkpoints."""
    return Key(settings.ledger_origin, bytes.fromhex(settings.ledger_key.get_secret_value()))


def checkpoints_of(settings: Settings) -> CheckpointBucket:
    """The bucket of checkpoints, with its own keys where it has some."""
    own, bucket = settings.s3_checkpoint_access_key, settings.s3_checkpoint_bucket
    secret = settings.s3_checkpoint_secret_key if own else settings.s3_secret_key
    key = own or settings.s3_access_key
    address = StoreAddress(
        settings.s3_endpoint or "", key, secret.get_secret_value(), bucket, "", settings.s3_region, settings.s3_encryption
    )
    return CheckpointBucket.at(address, bucket)


def jobs_of(settings: Settings) -> dict[str, Any]:
    """What the jobs are told of the settings; where nothing is sealed nothing is signed."""
    signer = ledger_key(settings) if settings.ledger_database_url else None
    return {"fixity_bytes": settings.fixity_bytes, "clamd": settings.clamd, "signer": signer, "export_hours": settings.export_hours}
