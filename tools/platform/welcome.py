"""What `lienthong up` adds for people: the demo's agencies entered, and where to begin."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.certificates import place
from tools.certificates.authorities import look
from tools.certificates.files import read
from tools.demo.cast import ACCOUNTS, PASSWORD, agency
from tools.demo.client import Client
from tools.demo.seed import seed
from tools.platform.handle import Platform

OPERATOR = "ubndtinh_quantri"
FIRST = "ubndtinh_vanthu"


def enter_agencies(platform: Platform) -> None:
    """Enter the demo's agencies and people through the public API; again changes nothing."""
    here = platform.installation
    operator = Client(here.url, here.issuer_url, OPERATOR, PASSWORD, run="welcome")
    certificates = here.folder / "pki" / "certificates"
    seed(operator, certificates)
    _enter_authorities(operator, place.of(here.environment(place.ROLE)), certificates)


def _enter_authorities(operator: Client, here: place.Place, certificates: Path) -> None:
    """Enter the authorities, whose certificates expire as well."""
    samples = [
        one for path in sorted(certificates.glob("*.pem")) for one in read(path).certificates
    ]
    for one in look(here.asker, here.tsa_urls, samples).authorities:
        body = {"kind": one.kind, "pem": one.pem}
        operator.post("/v1/certificates", body, step=one.certificate.sha256.hex())


def show(platform: Platform, console: Console) -> None:
    """Print the base URL, the accounts and a first call."""
    here = platform.installation
    accounts = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("account", "agency", "position"):
        accounts.add_column(title)
    for person in ACCOUNTS:
        accounts.add_row(person.key, agency(person.agency).name, person.title)
    console.print()
    console.print(accounts)
    lines = (
        f"\nAll accounts have the password {PASSWORD}; they exist on this machine alone.",
        f"Base URL  {here.url}",
        f"Log in    {here.issuer_url}/token",
        "\nA first call, as the clerk of the province:",
        f"  TOKEN=$(curl -s -d grant_type=password -d username={FIRST} -d password={PASSWORD} \\",
        f'    {here.issuer_url}/token | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')',
        f'  curl -H "Authorization: Bearer $TOKEN" {here.url}/v1/agencies',
        "\nStop with: lienthong down",
    )
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
