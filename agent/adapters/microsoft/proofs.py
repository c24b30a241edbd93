"""What the agent, and the sign-in, prove themselves to Entra ID with, as far as it says when that ends."""

from datetime import datetime
from pathlib import Path

import msgspec

from agent.adapters.microsoft.credentials import CredentialKind
from agent.model.errors import Refused

LASTING = {
    CredentialKind.MANAGED_IDENTITY: "Azure renews a managed identity by itself",
    CredentialKind.WORKLOAD_IDENTITY: "the cluster renews a workload's token by itself",
}
"""Kinds of credential that nobody has to renew."""

HINT = 3
"""Characters of a client secret that Entra ID shows. Source: `hint` of Microsoft's page on `passwordCredential`."""


class ClientSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A client secret of an app registration: only Entra ID knows when it ends. `hint` is how it begins."""

    what: str
    client_id: str
    hint: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate in a file, PEM or PKCS12."""

    what: str
    path: Path
    password: str = ""

    def ends(self) -> datetime:
        """Return when it ends.

        Raises:
            Refused: the file cannot be read, or holds no certificate.
        """
        from cryptography import x509  # noqa: PLC0415  slow
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415  slow

        try:
            body = self.path.read_bytes()
            if b"-----BEGIN" in body:
                # The first one is what the login uses; others in the file are its issuers.
                return x509.load_pem_x509_certificate(body).not_valid_after_utc
            found = pkcs12.load_pkcs12(body, self.password.encode() or None).cert
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no certificate"
            raise Refused(f"`{self.path}` cannot be read: {why.lower()}") from error
        if found is None:
            raise Refused(f"`{self.path}` cannot be read: there is no certificate in it")
        return found.certificate.not_valid_after_utc


class Lasting(msgspec.Struct, frozen=True, kw_only=True):
    """What has no end."""

    what: str
    why: str


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """What ends at a moment that nobody tells."""

    what: str
    why: str


Proof = ClientSecret | Certificate | Lasting | Unknown


def proof_of(
    kind: CredentialKind,
    *,
    client_id: str = "",
    client_secret: str = "",
    certificate_path: Path | None = None,
    certificate_password: str = "",
) -> Proof:
    """Return what the agent proves itself with."""
    match kind:
        case CredentialKind.CERTIFICATE if certificate_path is not None:
            return Certificate(
                what="the agent's certificate", path=certificate_path, password=certificate_password
            )
        case CredentialKind.CLIENT_SECRET | CredentialKind.SIMULATOR:
            return ClientSecret(
                what="the agent's client secret", client_id=client_id, hint=client_secret[:HINT]
            )
        case CredentialKind.AZURE_CLI:
            return Unknown(what="the agent's login", why="it is a person's own, by the Azure CLI")
        case _:
            return Lasting(what="the agent's identity", why=LASTING.get(kind, "it has no end"))
