"""Settings as operators write them: a wrong one is refused in one line, with its name and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app import load_prepared_settings, prepare_settings
from gateway.config import Settings, load_settings, unknown_names
from gateway.errors import SettingsError
from gateway.store.blobs import Blobs
from gateway.store.database import make_engine

KEY = "k" * 40


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OLD_SECRET_KEYS", "old", 'write a JSON list, for example ["one", "two"]'),
        ("TRUSTED_RELAYS", "192.0.2.1", "write a JSON list"),
        ("ALIMTALK_TEMPLATES", '["a"]', "write a JSON object"),
        ("TRUSTED_PROXIES", '["proxy.example"]', "192.0.2.0/24"),
        ("SMTP_PROXY_FROM", '["*"]', "192.0.2.0/24"),
        ("TRUSTED_RELAYS", '["10.0.0.0/8"]', "write 192.0.2.1"),
        ("DNS_SERVERS", '["192.0.2.1", "resolver"]', "'resolver' is no IP address"),
        ("HTTP_LISTEN", "8000", "write HOST:PORT"),
        ("SMTP_LISTEN", "0.0.0.0:70000", "write HOST:PORT"),
        ("PUBLIC_URL", "jobs.company.example", "write https://HOST"),
        ("REPLY_DOMAIN", "https://reply.company.example/", "write reply.company.example"),
        ("SMTP_TLS_CERT", "/etc/gateway/cert.pem", "GATEWAY_SMTP_TLS_CERT and GATEWAY_SMTP_TLS_KEY, or neither"),
        ("SMTP_TLS_KEY", "/etc/gateway/key.pem", "GATEWAY_SMTP_TLS_CERT and GATEWAY_SMTP_TLS_KEY, or neither"),
        ("LOG_LEVEL", "VERBOSE", "write DEBUG, INFO, WARNING or ERROR"),
        ("CHANNELS", '["fax"]', "name at least one of email, alimtalk, sms"),
        ("SMTP_MAX_SIZE", "35MB", "valid integer"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_to_write(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"GATEWAY_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    said = str(refused.value)
    assert f"GATEWAY_{name}" in said
    assert words in said
    assert "Value error" not in said


def test_lists_may_come_from_the_environment_a_file_and_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, toml = tmp_path / "keys", tmp_path / "gateway.toml"
    keys.write_text(f'["{KEY}"]\n')
    toml.write_text('channels = ["sms"]\nreply_domain = "Reply.Company.Example."\n')
    monkeypatch.setenv("GATEWAY_OLD_SECRET_KEYS_FILE", str(keys))
    monkeypatch.setenv("GATEWAY_CONFIG", str(toml))
    monkeypatch.setenv("GATEWAY_TRUSTED_RELAYS", '["2001:DB8:0::1"]')
    settings = load_settings()
    assert [key.get_secret_value() for key in settings.old_secret_keys] == [KEY]
    assert settings.channels == ["sms"]
    assert settings.reply_domain == "reply.company.example"
    assert settings.trusted_relays == ["2001:db8::1"]  # as the SMTP server writes a peer's address


def test_an_empty_variable_is_none_so_that_a_mounted_secret_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docker-compose.yml hands over GATEWAY_SECRET_KEY empty where nobody set it."""
    secret = tmp_path / "secret"
    secret.write_text(KEY)
    monkeypatch.setenv("GATEWAY_SECRET_KEY", "")
    monkeypatch.setenv("GATEWAY_SECRET_KEY_FILE", str(secret))
    monkeypatch.setenv("GATEWAY_SMTP_MAX_SIZE", "")
    monkeypatch.setenv("GATEWAY_SMTP_TLS_CERT", "")
    settings = load_settings()
    assert settings.secret_key.get_secret_value() == KEY
    assert settings.smtp_tls_cert is None


@pytest.mark.parametrize("content", [None, "", " \n", b"\xff\xfe\xff"])
def test_a_secret_file_that_holds_nothing_is_named(
    content: str | bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a new secret key would be made, and every address that was given out would be lost."""
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("GATEWAY_SECRET_KEY_FILE", str(secret))
    with pytest.raises(SettingsError, match="GATEWAY_SECRET_KEY_FILE names"):
        load_settings()


def test_a_toml_file_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = tmp_path / "gateway.toml"
    toml.write_text("reply_domain = reply.company.example")
    monkeypatch.setenv("GATEWAY_CONFIG", str(toml))
    with pytest.raises(SettingsError, match=r"gateway\.toml, which GATEWAY_CONFIG names, is no TOML"):
        load_settings()


def test_names_that_no_setting_has_are_found_in_variables_and_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = tmp_path / "gateway.toml"
    toml.write_text('replydomain = "reply.company.example"\n')
    monkeypatch.setenv("GATEWAY_CONFIG", str(toml))
    monkeypatch.setenv("GATEWAY_PUBLIC_ADDRESS", "https://jobs.company.example")
    assert unknown_names() == ["GATEWAY_PUBLIC_ADDRESS", f"replydomain in {toml}"]


class TestTheDataFolder:
    def test_what_is_made_at_the_first_start_is_for_its_user_only(self, tmp_path: Path) -> None:
        first = prepare_settings(Settings(data_dir=tmp_path / "gateway"))
        assert (tmp_path / "gateway").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "gateway" / "secret.key").stat().st_mode & 0o777 == 0o600
        assert prepare_settings(Settings(data_dir=tmp_path / "gateway")).key == first.key

    def test_a_folder_that_cannot_be_used_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "file" / "data"))
        with pytest.raises(SettingsError, match=r"GATEWAY_DATA_DIR is .*file/data, which this user cannot use"):
            load_prepared_settings()

    def test_a_key_that_is_cut_short_is_not_taken_for_the_key(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").touch()
        with pytest.raises(SettingsError, match=r"secret\.key holds no whole secret key: bring it back"):
            prepare_settings(Settings(data_dir=tmp_path))

    def test_a_disk_that_is_full_at_the_first_start_leaves_no_empty_key(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("gateway.app.os.fsync", fail)
        with pytest.raises(SettingsError, match="No space left"):
            prepare_settings(Settings(data_dir=tmp_path))
        assert not (tmp_path / "secret.key").exists()

    @pytest.mark.parametrize("name", ["with space", "a%20b", "a#b", "a?b", "한국"])
    def test_it_may_have_any_name(self, name: str, tmp_path: Path) -> None:
        blobs = Blobs(Settings(data_dir=tmp_path / name).blobs_address)
        blobs.write("ab" * 32, b"a big mail")
        assert blobs.read("ab" * 32) == b"a big mail"


@pytest.mark.parametrize("url", ["s3:bucket", "::", "/var/blobs", "ftp://x"])
def test_a_blob_store_that_is_none_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_BLOBS_URL is no address: write"):
        Blobs(url)


def test_a_folder_for_blobs_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"GATEWAY_BLOBS_URL: the folder .* cannot be used"):
        Blobs(f"file://{tmp_path}/file/blobs")


@pytest.mark.parametrize("url", ["::nonsense::", "localhost/gateway"])
def test_a_database_address_that_is_none_is_not_repeated_for_it_may_hold_a_password(url: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_DATABASE_URL is no address: write postgresql://") as refused:
        make_engine(url)
    assert url not in str(refused.value)
