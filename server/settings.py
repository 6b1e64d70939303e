"""Settings from the environment, each with its meaning; a wrong one stops the start with one clear line."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.terms import Role

PREFIX = "LOANFILE_"
DEVELOPMENT_KEY = "0" * 64


class Environment(StrEnum):
    """Development has the embedded issuer and default keys; production refuses both."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Behind(StrEnum):
    """What custody does while the history is not anchored in time: an alarm is raised either way."""

    ALARM = "alarm"
    REFUSE = "refuse"


class SettingsError(RuntimeError):
    """One line for the person who started the program."""


DEMO_LOANS_MIN = 160  # enough for each state of custody in two branches


class Settings(BaseSettings):
    """All of them; the field's name in capitals with the prefix LOANFILE_ is the variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    env: Annotated[Environment, Field(description="`development` or `production`.")] = Environment.DEVELOPMENT
    home: Annotated[Path, Field(description="Folder of the embedded servers and their data.")] = Path(".loanfile")
    host: Annotated[str, Field(description="Address to serve on.")] = "127.0.0.1"
    port: Annotated[int, Field(description="Port to serve on.", ge=0, le=65535)] = 8000
    database_url: Annotated[str | None, Field(description="PostgreSQL as the role `loanfile_app`; unset: the embedded one.")] = None
    reader_database_url: Annotated[
        str | None, Field(description="The same database as `loanfile_reader`, for reads; unset: as `loanfile_app`.")
    ] = None
    migration_database_url: Annotated[str | None, Field(description="The same database as `loanfile_migrate`, for migrations.")] = None
    s3_endpoint: Annotated[str | None, Field(description="Address of the object store; unset: the embedded one.")] = None
    s3_access_key: Annotated[str, Field(description="Access key of the object store.")] = ""
    s3_secret_key: Annotated[SecretStr, Field(description="Secret key of the object store.")] = SecretStr("")
    s3_region: Annotated[str, Field(description="Region of the object store.")] = "us-east-1"
    s3_locked_bucket: Annotated[str, Field(description="Bucket with object lock; made by an administrator.")] = "loanfile"
    s3_staging_bucket: Annotated[str, Field(description="Bucket for uploads under way, pictures of pages and exports.")] = (
        "loanfile-staging"
    )
    s3_encryption: Annotated[
        str,
        Field(
            description="What a PUT asks of the store: `none`, `AES256`, or `aws:kms` and the id of a key.",
            pattern=r"^(none|AES256|aws:kms( \S+)?)$",
        ),
    ] = "none"
    s3_second_endpoint: Annotated[
        str | None, Field(description="A second object store, best elsewhere, for a copy of each scan that heals the first; unset: none.")
    ] = None
    s3_second_access_key: Annotated[str, Field(description="Access key of the second store.")] = ""
    s3_second_secret_key: Annotated[SecretStr, Field(description="Secret key of the second store.")] = SecretStr("")
    s3_second_region: Annotated[str, Field(description="Region of the second store.")] = "us-east-1"
    s3_second_locked_bucket: Annotated[str, Field(description="Bucket with object lock of the second store.")] = "loanfile"
    fixity_bytes: Annotated[int, Field(description="Stored bytes that are hashed again each hour.", ge=1 << 20)] = 1 << 30
    data_key: Annotated[SecretStr, Field(description="64 hex digits; wraps the data keys of personal data.")] = SecretStr(DEVELOPMENT_KEY)
    previous_data_key: Annotated[
        SecretStr | None, Field(description="The key before, while `loanfile rotate-keys` closes with the new one.")
    ] = None
    blind_index_key: Annotated[SecretStr, Field(description="64 hex digits; key of the blind indexes.")] = SecretStr(DEVELOPMENT_KEY)
    cursor_secret: Annotated[SecretStr, Field(description="64 hex digits; signs the cursors of pages.")] = SecretStr(DEVELOPMENT_KEY)
    ledger_database_url: Annotated[
        str | None,
        Field(description="The same database as `loanfile_ledger`, for the sealer of the history; unset: this process seals nothing."),
    ] = None
    ledger_origin: Annotated[
        str, Field(description="Name of this bank's ledger in its checkpoints, e.g. `bank.example/loanfile`.", pattern=r"^[^\s+]+$")
    ] = "loanfile"
    ledger_key: Annotated[
        SecretStr,
        Field(description="64 hex digits, or a file of them: the Ed25519 key that signs checkpoints and exports; the jobs alone need it."),
    ] = SecretStr(DEVELOPMENT_KEY)
    receipt_key: Annotated[SecretStr, Field(description="64 hex digits, or a file of them: the Ed25519 key that signs receipts.")] = (
        SecretStr(DEVELOPMENT_KEY)
    )
    s3_checkpoint_bucket: Annotated[str, Field(description="Bucket with object lock for signed checkpoints.")] = "loanfile-checkpoints"
    s3_checkpoint_access_key: Annotated[str, Field(description="Access key for that bucket; unset: the one of the object store.")] = ""
    s3_checkpoint_secret_key: Annotated[SecretStr, Field(description="Its secret key.")] = SecretStr("")
    checkpoint_years: Annotated[int, Field(description="How long a checkpoint is locked, in years.", ge=1, le=100)] = 30
    export_hours: Annotated[int, Field(description="How long a finished export is kept in the object store, in hours.", ge=1, le=720)] = 72
    anchoring_seconds_max: Annotated[int, Field(description="How long a change may wait for its checkpoint, in seconds.", ge=10)] = 300
    anchoring: Annotated[
        Behind, Field(description="What happens when one waits longer: `alarm`, or `refuse`, which also refuses custody mutations.")
    ] = Behind.ALARM
    graphiql: Annotated[bool | None, Field(description="Whether the GraphiQL page is served; unset: in development alone.")] = None
    oidc_issuer: Annotated[str | None, Field(description="Address of an OIDC issuer; unset: the embedded one, for development alone.")] = (
        None
    )
    oidc_claim: Annotated[str, Field(description="Claim of its tokens that holds the account.", min_length=1)] = "sub"
    token_issuer: Annotated[str, Field(description="Issuer that tokens must name.")] = "loanfile-embedded"  # noqa: S105  # a name
    token_audience: Annotated[str, Field(description="Audience that tokens must name.")] = "loanfile"  # noqa: S105  # a name
    token_hours: Annotated[int, Field(description="Life of a token of the embedded issuer, in hours.", ge=1, le=24)] = 12
    clamd: Annotated[
        str | None,
        Field(
            description="Virus scanner that speaks clamd's protocol: the path of its socket, or HOST:PORT; its StreamMaxLength is 256M at least; unset: scans are not checked for viruses.",
            pattern=r"^(/.+|.+:[0-9]{1,5})$",
        ),
    ] = None
    json_bytes_max: Annotated[int, Field(description="Largest JSON body, in bytes.", ge=1024)] = 256 * 1024
    upload_bytes_max: Annotated[int, Field(description="Largest multipart body, in bytes.", ge=1024)] = 16 * 1024 * 1024
    writers_max: Annotated[int, Field(description="Connections for transactions, per process.", ge=1, le=100)] = 12
    readers_max: Annotated[int, Field(description="Connections for compiled reads, per process.", ge=1, le=100)] = 8
    cost_max: Annotated[
        int, Field(description="Largest cost of one operation; each field counts, times the sizes of its lists.", ge=100)
    ] = 100_000
    cost_bucket: Annotated[int, Field(description="Cost that one person may ask of one process at once.", ge=100)] = 2_000_000
    cost_per_second: Annotated[int, Field(description="Cost that comes back to that person each second.", ge=1)] = 200_000
    trusted_documents: Annotated[
        Path | None, Field(description="A JSON file of SHA-256 to document; in production nothing else is answered.")
    ] = None
    adhoc_roles: Annotated[frozenset[Role], Field(description="Roles that may send other documents in production, as JSON.")] = frozenset()
    cors_origins: Annotated[frozenset[str], Field(description="Origins of pages that may call this server, as JSON.")] = frozenset()
    statement_seconds_max: Annotated[float, Field(description="Longest statement, in seconds.", gt=0)] = 15.0
    worker: Annotated[bool, Field(description="Whether this process runs the background jobs too; `loanfile worker` runs them alone.")] = (
        True
    )
    log_level: Annotated[str, Field(description="debug, info, warning or error.", pattern="^(debug|info|warning|error)$")] = "info"
    demo_loans: Annotated[int, Field(description="Size of the demo bank on the first start, 160 to 20000; 0: none.", ge=0, le=20000)] = 2000
    failpoint: Annotated[str, Field(description="For drills: where to lose an answer, e.g. `after_commit:0.05`.")] = ""

    @field_validator("ledger_key", "receipt_key")
    @classmethod
    def _read(cls, given: SecretStr) -> SecretStr:
        """A key may stand in a file."""
        value = given.get_secret_value()
        try:
            return given if _is_key(value) else SecretStr(Path(value).read_text("ascii").strip())
        except (OSError, ValueError):
            raise ValueError("must be 64 hex digits, or a file that holds them") from None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in ("data_key", "blind_index_key", "cursor_secret", "ledger_key", "receipt_key"):
            value = getattr(self, name).get_secret_value()
            if not _is_key(value):
                raise ValueError(f"{PREFIX}{name.upper()} must be 64 hex digits")
            idle = name == "ledger_key" and self.ledger_database_url is None
            if self.env is Environment.PRODUCTION and value == DEVELOPMENT_KEY and not idle:
                raise ValueError(f"{PREFIX}{name.upper()} must be set in production")
        if 0 < self.demo_loans < DEMO_LOANS_MIN:
            raise ValueError(f"LOANFILE_DEMO_LOANS: a demo bank has at least {DEMO_LOANS_MIN} loans, or none")
        if self.env is Environment.PRODUCTION and self.failpoint:
            raise ValueError(f"{PREFIX}FAILPOINT is refused in production")
        if self.env is Environment.PRODUCTION and self.worker and not self.ledger_database_url:
            raise ValueError(f"{PREFIX}LEDGER_DATABASE_URL must be set in production where the jobs run: nothing would be sealed")
        if self.env is Environment.PRODUCTION and self.graphiql:
            raise ValueError(f"{PREFIX}GRAPHIQL is refused in production")
        if self.env is Environment.PRODUCTION and not (self.oidc_issuer or "").startswith("https://"):
            raise ValueError(f"{PREFIX}OIDC_ISSUER must be an https address in production: the embedded issuer does not run there")
        if self.s3_endpoint and not (self.s3_access_key and self.s3_secret_key.get_secret_value()):
            raise ValueError(f"{PREFIX}S3_ACCESS_KEY and {PREFIX}S3_SECRET_KEY must be set with {PREFIX}S3_ENDPOINT")
        if self.s3_second_endpoint and not (self.s3_second_access_key and self.s3_second_secret_key.get_secret_value()):
            raise ValueError(f"{PREFIX}S3_SECOND_ACCESS_KEY and {PREFIX}S3_SECOND_SECRET_KEY must be set with {PREFIX}S3_SECOND_ENDPOINT")
        if self.s3_second_endpoint and (self.s3_second_endpoint, self.s3_second_locked_bucket) == (self.s3_endpoint, self.s3_locked_bucket):
            raise ValueError(f"{PREFIX}S3_SECOND_LOCKED_BUCKET must be another bucket than {PREFIX}S3_LOCKED_BUCKET")
        return self

    @property
    def issuer(self) -> str:
        """What the `iss` of a token must be."""
        return self.oidc_issuer or self.token_issuer

    @property
    def production(self) -> bool:
        """Whether the defaults for development are refused."""
        return self.env is Environment.PRODUCTION


def _is_key(value: str) -> bool:
    return len(value) == 64 and all(c in "0123456789abcdef" for c in value.lower())


def load(**overrides: object) -> Settings:
    """From the environment; SettingsError names the variable that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        told = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{PREFIX}{where.upper()}: {told}" if where else told) from None


def table() -> str:
    """The settings as a Markdown table for the README."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        shown = "a development key" if default == DEVELOPMENT_KEY else "" if default in (None, "") else f"`{default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)
