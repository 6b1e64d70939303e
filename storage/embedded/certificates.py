"""One authority and one certificate per home for the gRPC ports of weed: without it any local process deletes locked objects."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PARTS = ("master", "volume", "filer", "s3", "admin", "worker", "client", "msg_broker", "mq")


def grpc_section(folder: Path) -> str:
    """The [grpc] part of security.toml; makes the certificate on the first start."""
    if not (folder / "tls.key").exists():
        _make(folder)
    pair = f'cert = "{folder}/tls.crt"\nkey = "{folder}/tls.key"\n'
    return f'[grpc]\nca = "{folder}/ca.crt"\n' + "".join(f"[grpc.{part}]\n{pair}" for part in PARTS)


def _make(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def begin(name: str, issuer: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer))
        return (
            x509.CertificateBuilder(by, subject, public, x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=2))
            .not_valid_after(now + dt.timedelta(days=36500))
        )

    authority = "loanfile embedded authority"
    ca = begin(authority, authority, ca_key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    leaf = (
        begin("loanfile", authority, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    )
    pem = ser.Encoding.PEM
    write_private(folder / "ca.crt", ca.sign(ca_key, hashes.SHA256()).public_bytes(pem).decode())
    write_private(folder / "tls.crt", leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem).decode())
    write_private(folder / "tls.key", key.private_bytes(pem, ser.PrivateFormat.PKCS8, ser.NoEncryption()).decode())


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner reads."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
