"""Credentials by their kind, from plain arguments.

azure-identity is imported where it is used: it takes a sixth of a second, which every command would pay.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.adapters.microsoft.clouds import LOOPBACK, Cloud
from agent.model.errors import Refused, Unavailable

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials import AccessToken

    from agent.adapters.microsoft.tokens import Credential

CONNECT_SECONDS = 10.0
SIMULATED_SECRET = "simulated-secret"  # noqa: S105  opens nothing but the simulator


class CredentialKind(StrEnum):
    """How the agent proves who it is; the names are those of the settings."""

    MANAGED_IDENTITY = "managedIdentity"
    WORKLOAD_IDENTITY = "workloadIdentity"
    CERTIFICATE = "certificate"
    CLIENT_SECRET = "clientSecret"  # noqa: S105  a kind, not a secret
    AZURE_CLI = "azureCli"
    SIMULATOR = "simulator"


def credential(
    kind: CredentialKind | str,
    *,
    cloud: Cloud,
    tenant_id: str,
    client_id: str = "",
    client_secret: str = "",
    certificate_path: str = "",
    certificate_password: str = "",
) -> Callable[[], "Credential"]:
    """Return what makes credentials of this kind, for this cloud's login.

    A client id is needed by all but `managedIdentity` (the machine's own identity without one),
    `workloadIdentity` (the environment's, likewise) and `azureCli`.

    Raises:
        Refused: something that this kind needs is missing; also later, by what is returned.
    """
    kind = _known(kind)
    needs = {
        CredentialKind.CERTIFICATE: {"client id": client_id, "certificate": certificate_path},
        CredentialKind.CLIENT_SECRET: {"client id": client_id, "client secret": client_secret},
        CredentialKind.SIMULATOR: {"client id": client_id},
    }
    for name, value in needs.get(kind, {}).items():
        if not value:
            raise Refused(f"credential `{kind}`: the {name} is missing: add it to the settings")
    login = urlsplit(cloud.authority).netloc
    common: dict[str, Any] = {"authority": login}
    match kind:
        case CredentialKind.MANAGED_IDENTITY:
            return lambda: _managed_identity(client_id)
        case CredentialKind.WORKLOAD_IDENTITY:
            return lambda: _workload_identity(tenant_id, client_id, common)
        case CredentialKind.CERTIFICATE:
            return lambda: _certificate(tenant_id, client_id, certificate_path, certificate_password, common)
        case CredentialKind.CLIENT_SECRET:
            return lambda: _client_secret(tenant_id, client_id, client_secret, common)
        case CredentialKind.AZURE_CLI:
            return lambda: _azure_cli(tenant_id)
        case CredentialKind.SIMULATOR:
            return lambda: SimulatorCredential(cloud, tenant_id, client_id, client_secret or SIMULATED_SECRET)


def _known(kind: str) -> CredentialKind:
    try:
        return CredentialKind(kind)
    except ValueError:
        known = ", ".join(f"`{known}`" for known in CredentialKind)
        raise Refused(f"credential `{kind}` is not known: use one of {known}") from None


def _managed_identity(client_id: str) -> "Credential":
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415  slow

    return ManagedIdentityCredential(client_id=client_id or None)


def _workload_identity(tenant_id: str, client_id: str, common: dict[str, Any]) -> "Credential":
    from azure.identity import WorkloadIdentityCredential  # noqa: PLC0415  slow

    try:
        return WorkloadIdentityCredential(tenant_id=tenant_id, client_id=client_id or None, **common)
    except ValueError as error:
        raise Refused(
            "credential `workloadIdentity`: this workload has no federated token: set AZURE_FEDERATED_TOKEN_FILE "
            "and AZURE_CLIENT_ID, as the cluster's webhook does"
        ) from error


def _certificate(
    tenant_id: str, client_id: str, path: str, password: str, common: dict[str, Any]
) -> "Credential":
    from azure.identity import CertificateCredential  # noqa: PLC0415  slow

    try:
        return CertificateCredential(tenant_id, client_id, path, password=password or None, **common)
    except (OSError, ValueError, TypeError) as error:
        raise Refused(
            f"credential `certificate`: `{path}` cannot be used: "
            "check that it is PEM or PKCS12 with its private key, and its password"
        ) from error


def _client_secret(tenant_id: str, client_id: str, secret: str, common: dict[str, Any]) -> "Credential":
    from azure.identity import ClientSecretCredential  # noqa: PLC0415  slow

    return ClientSecretCredential(tenant_id, client_id, secret, **common)


def _azure_cli(tenant_id: str) -> "Credential":
    from azure.identity import AzureCliCredential  # noqa: PLC0415  slow

    return AzureCliCredential(tenant_id=tenant_id)


class SimulatorCredential:
    """Logs in to the simulator on this machine.

    azure-identity refuses a login over plain http, rightly, and the simulator has no certificate. So this
    does the one POST of the client credentials flow itself, and refuses any host but this machine.
    """

    def __init__(
        self,
        cloud: Cloud,
        tenant_id: str,
        client_id: str,
        client_secret: str,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        if urlsplit(cloud.authority).hostname not in LOOPBACK:
            raise Refused(
                "credential `simulator`: only for the simulator on this machine: choose another kind"
            )
        self._url = f"{cloud.authority}/{tenant_id}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._transport = transport

    async def get_token(self, *scopes: str, claims: str | None = None, **_options: Any) -> "AccessToken":
        """Return a token for the scopes.

        Raises:
            Refused: the simulator does not know this client.
            Unavailable: the simulator is not there.
        """
        import httpx  # noqa: PLC0415  slow
        from azure.core.credentials import AccessToken  # noqa: PLC0415  slow

        from agent.adapters.microsoft.tokens import wall_clock  # noqa: PLC0415  slow

        form = {**self._form, "scope": " ".join(scopes)} | ({"claims": claims} if claims else {})
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=CONNECT_SECONDS, trust_env=False
            ) as http:
                answer = await http.post(self._url, data=form)
        except httpx.HTTPError as error:
            raise Unavailable(f"login: no simulator answers at `{self._url}`: start it") from error
        if 400 <= answer.status_code < 500:
            raise Refused(
                f"login: the simulator answered {answer.status_code}: check tenant, client id and secret"
            )
        try:
            body = answer.json()
            return AccessToken(body["access_token"], int(wall_clock() + float(body["expires_in"])))
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(
                f"login: the simulator answered {answer.status_code} without a token"
            ) from error
