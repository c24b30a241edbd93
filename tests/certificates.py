"""Certificates for this machine, signed by themselves, and how they lie in files."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ENDS = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


def a_pair(ends: datetime = ENDS) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a certificate of this machine's loopback, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGAN)
        .not_valid_after(ends)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return built.sign(key, hashes.SHA256()), key


def write_pair(folder: Path, ends: datetime = ENDS) -> tuple[Path, Path]:
    """Write a certificate and its key as PEM, and return where they lie."""
    certificate, key = a_pair(ends)
    there, beside = folder / "pages.pem", folder / "pages.key"
    there.write_bytes(certificate.public_bytes(Encoding.PEM))
    beside.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return there, beside
