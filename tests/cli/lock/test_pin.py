import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.pins import mismatch
from lockfile.texts import EXAMPLE

TEXT = lockfile_of(
    default={"fast": ["openai:gpt-4o-mini", "mock:echo"]}, prod={"deep": ["openai:gpt-4.1"]}
)
MINI = "openai:gpt-4o-mini → gpt-4o-mini-2024-07-18: 128,000 tokens, $0.15/$0.60 per million"


def pins() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = parse(Path("llmring.lock").read_text()).registry["pins"]
    return found


def test_every_known_model_of_every_profile_is_pinned(call: Call) -> None:
    write(TEXT)

    result = call("lock", "pin")

    assert result.code == 0
    assert result.out.startswith(MINI)
    assert list(pins()) == ["openai:gpt-4o-mini", "openai:gpt-4.1"]
    assert mismatch(parse(Path("llmring.lock").read_text())) is None
    assert "not pinned: mock:echo is not in the catalog;" in result.err
    assert result.err.endswith("llmring.lock: 2 models, pinned\n")


def test_W22_pinning_again_on_the_same_day_writes_nothing(call: Call) -> None:
    path = write(TEXT)
    call("lock", "pin")
    before = (path.read_bytes(), path.stat().st_ino)

    result = call("lock", "pin")

    assert (path.read_bytes(), path.stat().st_ino) == before
    assert "(unchanged)" in result.out
    assert result.err.endswith("llmring.lock: 2 models, nothing has changed\n")


@pytest.mark.parametrize("text", [TEXT, EXAMPLE, EXAMPLE.replace("\n", "\r\n")])
def test_S026_removing_the_pins_restores_the_file(call: Call, text: str) -> None:
    path = Path("llmring.lock")
    path.write_bytes(text.encode())
    call("lock", "pin")
    assert path.read_bytes().startswith(text.encode())

    result = call("lock", "pin", "--remove")

    assert path.read_bytes() == text.encode()
    assert result.code == 0
    assert "models, unpinned" in result.err or "model, unpinned" in result.err


def test_a_profile_renews_the_pins_of_its_own_models(call: Call) -> None:
    path = write(TEXT)
    call("lock", "pin")
    corrected = path.read_text() + "".join(
        f'\n[registry.models."{name}"]\nmax_output = 7\n'
        for name in ("openai:gpt-4o-mini", "openai:gpt-4.1")
    )
    path.write_text(corrected)

    call("lock", "pin", "--profile", "prod")

    assert pins()["openai:gpt-4.1"]["max_output"] == 7
    assert pins()["openai:gpt-4o-mini"]["max_output"] == 16_384
    assert mismatch(parse(path.read_text())) is None


def test_an_unknown_profile_is_an_error(call: Call) -> None:
    path = write(TEXT)

    result = call("lock", "pin", "--profile", "prd")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "did you mean 'prod'" in result.err
    assert path.read_text() == TEXT


def test_the_pin_of_an_unbound_model_is_removed(call: Call) -> None:
    path = write(TEXT)
    call("lock", "pin")
    path.write_text(path.read_text().replace("openai:gpt-4.1", "openai:gpt-4o", 1))

    call("lock", "pin")

    assert list(pins()) == ["openai:gpt-4o-mini", "openai:gpt-4o"]


def test_a_model_described_in_the_lockfile_can_be_pinned(call: Call) -> None:
    write(TEXT + '\n[registry.models."mock:echo"]\nprices = { input = 0.10, output = 1e-7 }\n')

    call("lock", "pin")

    assert pins()["mock:echo"]["prices"] == {"input": 0.1, "output": 0.0000001}
    assert "prices = { input = 0.1, output = 0.0000001 }" in Path("llmring.lock").read_text()


def test_json_lists_every_pin(call: Call) -> None:
    path = write(TEXT)

    plain = json.loads(call("lock", "pin", "--json").out)

    assert plain["file"] == str(path.resolve())
    assert plain["changed"] is True
    assert re.fullmatch("sha256:[0-9a-f]{64}", plain["digest"])
    assert plain["pins"]["openai:gpt-4o-mini"]["prices"]["input"] == "0.15"
    assert plain["unknown"] == ["mock:echo"]


def test_pinning_without_a_lockfile_is_an_error(call: Call) -> None:
    result = call("lock", "pin")

    assert result.code == 1
    assert "llmring lock init" in result.err
    assert not Path("llmring.lock").exists()


def test_pinning_and_binding_at_once_lose_nothing(tmp_path: Path) -> None:
    """Check that bindings and pins survive in either order."""
    import subprocess
    import sys

    path = write(TEXT)
    words = [["lock", "pin"], *(["bind", f"a{nth}", "openai:gpt-4o"] for nth in range(3))]
    started = [
        subprocess.Popen([sys.executable, "-m", "llmring", *each], stderr=subprocess.PIPE)
        for each in words
    ]
    for each in started:
        each.communicate(timeout=30)

    lockfile = parse(path.read_text())
    assert {f"a{nth}" for nth in range(3)} <= lockfile.profiles["default"].bindings.keys()
    assert "openai:gpt-4o-mini" in lockfile.registry["pins"]
    assert run("lock", "pin").code == 0
    assert mismatch(parse(file.read(path))) is None


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return a new private key, as openssl writes one."""
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "release.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.mark.parametrize("text", [TEXT, EXAMPLE, EXAMPLE.replace("\n", "\r\n")])
def test_signing_keeps_every_other_byte_and_removing_the_pins_restores_the_file(
    call: Call, key_file: Path, text: str
) -> None:
    path = Path("llmring.lock")
    path.write_bytes(text.encode())
    call("lock", "pin")
    unsigned = path.read_bytes()

    result = call("lock", "pin", "--sign", str(key_file))

    assert result.code == 0
    lines = path.read_bytes().splitlines(keepends=True)
    [signature] = [line for line in lines if line.startswith(b"signature = ")]
    assert b"".join(line for line in lines if line is not signature) == unsigned
    call("lock", "pin", "--remove")
    assert path.read_bytes() == text.encode()


def test_a_signed_lockfile_fits_the_public_key_that_the_command_prints(
    call: Call, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(TEXT)

    result = call("lock", "pin", "--sign", str(key_file))

    [public] = re.findall(r"signed; the public key is (ed25519:\S+)", result.err)
    monkeypatch.setenv("LLMRING_PUBLIC_KEY", public)
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    assert call("chat", "Hi", "--model", "mock:echo").out == "Hi\n"
    path.write_text(path.read_text().replace('"fast"', '"quick"'))
    assert "differ from those" in call("chat", "Hi", "--model", "quick").err
    call("lock", "pin")
    failed = call("chat", "Hi", "--model", "quick")
    assert failed.code == 1
    assert is_plain_error(failed.err)
    assert f"has no signature, and LLMRING_PUBLIC_KEY requires one of {public}" in failed.err
    assert "llmring lock pin --sign KEYFILE" in failed.err


def test_a_new_digest_removes_the_signature_with_a_note(call: Call, key_file: Path) -> None:
    path = write(TEXT)
    call("lock", "pin", "--sign", str(key_file))
    before = path.read_bytes()

    assert "signature" not in call("lock", "pin").err
    assert path.read_bytes() == before

    path.write_text(path.read_text().replace('"fast"', '"quick"'))
    assert "the signature was removed, as the digest has changed" in call("lock", "pin").err
    assert "signature" not in path.read_text()


def test_signing_again_writes_nothing(call: Call, key_file: Path) -> None:
    path = write(TEXT)
    call("lock", "pin", "--sign", str(key_file))
    before = (path.read_bytes(), path.stat().st_ino)

    result = call("lock", "pin", "--sign", str(key_file), "--json")

    assert (path.read_bytes(), path.stat().st_ino) == before
    found = json.loads(result.out)
    assert found["signature"] == parse(path.read_text()).registry["signature"]
    assert not found["changed"]


def test_a_key_file_that_cannot_be_used_changes_nothing(call: Call, key_file: Path) -> None:
    path = write(TEXT)
    key_file.write_text("none")
    for name, problem in (
        ("none.pem", "none.pem can't be read: No such file or directory; make a key: openssl"),
        (str(key_file), "is not a private key in PEM; name another file"),
    ):
        result = call("lock", "pin", "--sign", name)

        assert result.code == 1
        assert is_plain_error(result.err)
        assert problem in result.err
    assert path.read_text() == TEXT
