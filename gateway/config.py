"""In charge of: every setting, once, with type, default and meaning; the only reader of the environment.

Not in charge of: acting on them (`gateway.app`). Settings come from `GATEWAY_*` variables, from `GATEWAY_<NAME>_FILE`
for secrets kept in files, and from a TOML file named by `GATEWAY_CONFIG`. docs/settings.md is generated from here.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, get_origin

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from gateway.errors import SettingsError
from gateway.setting_values import (
    Addresses,
    Channels,
    Domain,
    Listen,
    LogLevel,
    Networks,
    Proxies,
    PublicUrl,
    read_json,
    read_value_file,
)

PREFIX = "GATEWAY_"


class Settings(BaseSettings):
    """Frozen after start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, enable_decoding=False
    )

    data_dir: Path = Field(Path("data"), description="Folder for the embedded database, blobs and the demo's mailbox.")
    database_url: str = Field("", description="SQLAlchemy address; empty means SQLite in DATA_DIR.")
    broker_url: str = Field("memory://", description="memory:// (one `gateway serve`), redis://… or amqp://…")
    blobs_url: str = Field(
        "", description="Where big raw mails and files lie: file:///folder or s3://bucket; empty means DATA_DIR/blobs."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs reply addresses and links; at least 32 characters. Empty: one is made in DATA_DIR at start.",
    )
    old_secret_keys: list[SecretStr] = Field(
        [], description="Earlier secret keys whose addresses and links still work (a JSON list)."
    )

    http_listen: Listen = Field("127.0.0.1:8000", description="Address of the web server, HOST:PORT.")
    smtp_listen: Listen = Field("127.0.0.1:8025", description="Address of the SMTP server, HOST:PORT.")
    public_url: PublicUrl = Field(
        "http://127.0.0.1:8000", description="How people reach the web server; used in links."
    )
    trusted_proxies: Proxies = Field(
        [], description="Addresses and networks whose X-Forwarded-* headers are believed (a JSON list)."
    )

    reply_domain: Domain = Field(
        "reply.example.test", description="Domain of the reply addresses; its MX must point to the SMTP server."
    )
    smtp_hostname: str = Field("", description="Name in the SMTP greeting; empty means the reply domain.")
    smtp_max_size: int = Field(36_700_160, ge=65_536, description="Largest mail accepted, bytes.")
    smtp_max_recipients: int = Field(100, ge=1, description="Recipients taken per transaction.")
    smtp_max_connections: int = Field(1000, ge=1, description="Connections at a time.")
    smtp_max_connections_per_client: int = Field(
        50, ge=1, description="Connections at a time from one address; loopback is exempt."
    )
    smtp_tls_cert: Path | None = Field(
        None, description="Certificate chain (PEM) for STARTTLS; empty means one made at start."
    )
    smtp_tls_key: Path | None = Field(None, description="Private key (PEM) of the certificate.")
    smtp_proxy_from: Networks = Field(
        [], description="Addresses and networks of load balancers that send the PROXY protocol header (a JSON list)."
    )
    trusted_relays: Addresses = Field(
        [], description="Addresses of your own mail servers whose Authentication-Results are believed (a JSON list)."
    )
    authserv_id: str = Field(
        "", description="The authserv-id that your mail servers write into Authentication-Results."
    )
    trusted_sealers: list[str] = Field(
        [], description="Domains of forwarders whose ARC seals are believed, such as google.com (a JSON list)."
    )
    trust_matching_sender: bool = Field(
        False,
        description="Believe a candidate's mail whose From and envelope sender are the known address, without proof. "
        "For the demo and closed networks only.",
    )
    dns_servers: Addresses = Field(
        [], description="Name servers for the sender checks (a JSON list); empty means the system's."
    )
    sender_mails_per_hour: int = Field(
        120,
        ge=0,
        description="Messages of one person that one thread takes in an hour. More mails or text messages are held; "
        "the candidate's page says to wait. 0: no limit.",
    )
    soft_bounces: int = Field(
        5,
        ge=0,
        description="After so many mails in `SOFT_BOUNCE_DAYS` that came back for a passing reason (mailbox full, "
        "server away), no more are sent to that address until somebody writes from it or corrects it. 0: never.",
    )
    soft_bounce_days: int = Field(30, ge=1, le=365, description="The days in which soft bounces are counted together.")
    sender_checks: bool = Field(True, description="Check SPF, DKIM and DMARC of incoming mail over DNS.")

    confirmation_days: int = Field(
        30,
        ge=0,
        description="For how many days unproven mail is let in from an address that its candidate confirmed by a link.",
    )
    mail_max_files: int = Field(50, ge=1, description="Files taken from one mail; the rest stay in the raw mail.")
    mail_max_file_bytes: int = Field(
        52_428_800, ge=1024, description="Largest file taken from a mail, bytes; a bigger one stays in the raw mail."
    )
    clamd_url: str = Field(
        "", description="Virus scanner (ClamAV): tcp://HOST:3310 or unix:///path; empty means files are not scanned."
    )
    scan_seconds: float = Field(30.0, gt=0, description="Time limit for one virus scan, seconds.")

    outbound_smtp_url: str = Field(
        "",
        description="Smarthost: smtp://user:password@host:587 (STARTTLS when offered), smtps://…, "
        "or mailbox: for the built-in mailbox.",
    )
    outbound_require_tls: bool = Field(False, description="Refuse to send when the smarthost offers no STARTTLS.")
    dkim_selector: str = Field("", description="Selector of the DKIM key for the reply domain.")
    dkim_key: SecretStr = Field(
        SecretStr(""), description="Private DKIM key (PEM, RSA or Ed25519); empty means mails are not signed here."
    )

    mail_per_domain: str = Field(
        "", description="Mails to one recipient domain, such as 20/second or 600/minute; empty: no limit."
    )

    channels: Channels = Field(
        ["email", "alimtalk", "sms"],
        description="How candidates are reached, in this order, where the workspace says nothing else (a JSON list of "
        "email, alimtalk, sms). The next is used when one fails.",
    )
    alimtalk_provider: str = Field(
        "", pattern=r"^(nhn|solapi|phone:|)$", description="nhn, solapi, or phone: for the built-in phone; empty: off."
    )
    alimtalk_templates: dict[str, str] = Field(
        {},
        description="Codes of the approved AlimTalk templates by notice (a JSON object), for example "
        '{"candidate.new_message": "NEWMSG"}; a notice with a language, "candidate.new_message/ko", comes first.',
    )
    alimtalk_sender: str = Field("", description="Sender profile: senderKey (NHN Cloud) or pfId (Solapi).")
    sms_provider: str = Field(
        "",
        pattern=r"^(nhn|solapi|twilio|phone:|)$",
        description="SMS to Korean numbers: nhn, solapi, twilio, or phone: for the built-in phone; empty: off.",
    )
    sms_abroad_provider: str = Field(
        "", pattern=r"^(nhn|solapi|twilio|phone:|)$", description="SMS to all other numbers; the same choice."
    )
    sms_sender: str = Field("", description="Sender number for Korea, registered with the provider; digits.")
    sms_refusal_number: str = Field(
        "", description="Free 080 number by which advertising is refused; without it no advertising goes by SMS."
    )
    nhn_alimtalk_app_key: str = Field("", description="NHN Cloud KakaoTalk Bizmessage: app key.")
    nhn_alimtalk_secret: SecretStr = Field(SecretStr(""), description="NHN Cloud KakaoTalk Bizmessage: secret key.")
    nhn_sms_app_key: str = Field("", description="NHN Cloud SMS: app key.")
    nhn_sms_secret: SecretStr = Field(SecretStr(""), description="NHN Cloud SMS: secret key.")
    nhn_webhook_secret: SecretStr = Field(
        SecretStr(""), description="The text typed as webhook signature in NHN's console; empty: reports are refused."
    )
    solapi_api_key: str = Field("", description="Solapi: API key.")
    solapi_api_secret: SecretStr = Field(SecretStr(""), description="Solapi: API secret.")
    solapi_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Last part of the webhook address given to Solapi; empty: reports are refused."
    )
    twilio_account_sid: str = Field("", description="Twilio: account SID (AC…).")
    twilio_auth_token: SecretStr = Field(
        SecretStr(""), description="Twilio: auth token; signs its requests too. Empty: they are refused."
    )
    twilio_webhook_key: SecretStr = Field(
        SecretStr(""), description="Twilio: shared key of webhooks signed with HMAC-SHA256, where that is switched on."
    )
    twilio_from: str = Field("", description="Twilio: own number (+…) or messaging service (MG…).")
    nhn_alimtalk_url: str = Field(
        "https://kakaotalk-bizmessage.api.nhncloudservice.com", description="Address of NHN Cloud's Bizmessage API."
    )
    nhn_sms_url: str = Field("https://sms.api.nhncloudservice.com", description="Address of NHN Cloud's SMS API.")
    solapi_url: str = Field("https://api.solapi.com", description="Address of Solapi's API.")
    twilio_url: str = Field("https://api.twilio.com", description="Address of Twilio's API.")
    provider_rate: str = Field("20/second", description="Calls to one provider, such as 20/second.")
    provider_seconds: float = Field(20.0, gt=0, description="Time limit for one call to a provider, seconds.")
    phone_messages_per_day: int = Field(
        2000,
        ge=0,
        description="AlimTalk and SMS that one workspace may send in a day, so that a fault costs little. "
        "Beyond it the next channel is used, or tomorrow. 0: no limit.",
    )
    alimtalk_minutes: int = Field(
        10, ge=1, description="An AlimTalk not confirmed after this many minutes falls back to the next channel."
    )
    sms_minutes: int = Field(
        360, ge=1, description="An SMS not confirmed after this many minutes falls back to the next channel."
    )

    webhook_private_addresses: bool = Field(
        False,
        description="Post events to endpoints without TLS and at private addresses, too: closed networks and tests.",
    )
    webhook_seconds: float = Field(10.0, gt=0, le=60, description="Time limit for one post to a webhook, seconds.")
    webhook_threads: int = Field(4, ge=1, description="Webhook endpoints that are posted to at a time.")
    api_requests_per_minute: int = Field(
        1200, ge=0, description="API requests of one key in a minute and process; more are answered 429. 0: no limit."
    )

    worker_threads: int = Field(4, ge=1, description="Threads that process mails and deliveries.")
    parser_processes: int = Field(2, ge=1, description="Separate processes that read mails.")
    parser_seconds: float = Field(20.0, gt=0, description="Time limit for reading one mail, seconds.")
    parser_memory_mb: int = Field(1024, ge=256, description="Memory limit of a parsing process, MiB.")
    sweep_seconds: float = Field(
        5.0, gt=0, description="How often the outbox and inbox are searched for forgotten work, seconds."
    )

    max_upload_bytes: int = Field(25 * 1024 * 1024, ge=1024, description="All files of one web post together, bytes.")
    max_upload_files: int = Field(10, ge=1, description="Files in one web post.")
    max_text_chars: int = Field(50_000, ge=1000, description="Characters in one message.")
    undo_seconds: int = Field(
        15,
        ge=0,
        le=60,
        description="How long a mail written in the desk can be taken back; a member may choose another.",
    )
    remind_hours: int = Field(
        24, ge=0, description="After how many hours without an answer the desk reminds of a conversation. 0: never."
    )
    session_days: int = Field(14, ge=1, description="How long a sign-in lasts.")
    retention_days: int = Field(90, ge=1, description="How long raw mails of refused and ignored entries are kept.")
    log_level: LogLevel = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field("text", pattern="^(text|json)$", description="text for people, json for machines.")
    demo: bool = Field(False, description="Demo mode: the pages under /dev; never for real data.")

    @field_validator("*", mode="before")
    @classmethod
    def _read_json(cls, value: Any, info: ValidationInfo) -> Any:
        kind = get_origin(cls.model_fields[str(info.field_name)].annotation)
        return read_json(value, kind=kind) if kind in (list, dict) else value

    @field_validator("smtp_tls_key")
    @classmethod
    def _with_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("smtp_tls_cert") is None):
            raise ValueError("set both GATEWAY_SMTP_TLS_CERT and GATEWAY_SMTP_TLS_KEY, or neither")
        return value

    @property
    def phone_channels(self) -> tuple[str, ...]:
        """The channels to phones that are set up."""
        sms = self.sms_provider or self.sms_abroad_provider
        return (*(("alimtalk",) if self.alimtalk_provider else ()), *(("sms",) if sms else ()))

    def template_code(self, notice: str, locale: str) -> str:
        """The code of the approved AlimTalk template for a notice in a language; "" when there is none."""
        return self.alimtalk_templates.get(f"{notice}/{locale}") or self.alimtalk_templates.get(notice, "")

    @property
    def database_address(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'gateway.db'}"

    @property
    def has_memory_broker(self) -> bool:
        """True if jobs are known to one process only."""
        return self.broker_url.startswith("memory:")

    @property
    def blobs_address(self) -> str:
        """The blob store's address in force."""
        return self.blobs_url or f"file://{self.data_dir.absolute() / 'blobs'}"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """Secret keys as bytes, the current one first."""
        every = [self.secret_key, *self.old_secret_keys]
        return tuple(k.get_secret_value().encode() for k in every if k.get_secret_value())

    @property
    def key(self) -> bytes:
        """The current secret key. Raises SettingsError when there is none."""
        keys = self.keys
        if not keys:
            raise SettingsError("GATEWAY_SECRET_KEY is not set: set it to at least 32 random characters.")
        return keys[0]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings, _FromFiles(settings_cls)]
        if path := os.environ.get(f"{PREFIX}CONFIG"):
            sources.append(TomlConfigSettingsSource(settings_cls, toml_file=path))
        return tuple(sources)


class _FromFiles(PydanticBaseSettingsSource):
    """`GATEWAY_<NAME>_FILE` names a file that holds the value: for secrets mounted as files."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        return (read_value_file(variable, path) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; `overrides` win. Raises SettingsError that names the variable and its fault."""
    config = os.environ.get(f"{PREFIX}CONFIG")
    if config and not Path(config).is_file():
        raise SettingsError(f"GATEWAY_CONFIG names {config}, but there is no such file.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        said = [(str(e["loc"][0]), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
        raise SettingsError("; ".join(f"{PREFIX}{name.upper()}: {words}" for name, words in said)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config}, which GATEWAY_CONFIG names, is no TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config}, which GATEWAY_CONFIG names, cannot be read: {error}") from None


def unknown_names() -> list[str]:
    """GATEWAY_* variables and names in the TOML file that no setting knows: `doctor` lists these typing mistakes."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    known |= {f"{name}_FILE" for name in known}
    found = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if config := os.environ.get(f"{PREFIX}CONFIG"):
        names = tomllib.loads(Path(config).read_text("utf-8"))
        found += [f"{name} in {config}" for name in names if name not in Settings.model_fields]
    return found
