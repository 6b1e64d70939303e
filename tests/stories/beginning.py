"""How a story begins: what the officer enters, and papers that lie in the vault."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from tests.harness.world import World
from tests.stories.asking import Asking

PERSON = {"name": "王小明", "identityKind": "RESIDENT_ID", "identityNumber": "11010519491231002X", "phone": "13812345678"}


@dataclass(frozen=True)
class Car:
    """A loan and the car that secures it, by their ids in the API."""

    loan: str
    asset: str
    vin: str
    owner: str
    vault: str

    @property
    def where(self) -> dict[str, str]:
        """What its papers are registered for."""
        return {"loanId": self.loan, "collateralId": self.asset, "vaultId": self.vault}


async def entered(bank: World, api: Asking, who: str = "officer", branch: str = "A", owner: str | None = None) -> Car:
    """A loan from core banking; the borrower, the contract and the car that secures it, as the officer enters them."""
    vin = f"LSV{uuid4().hex[:14].upper()}"
    owner = owner or (await api.does(who, "registerCustomer", "customer { id }", **PERSON))["customer"]["id"]
    loan = f"loan_{await bank.loan(branch, customer=UUID(owner.removeprefix('customer_')))}"
    contract = {"number": f"HT-{vin}", "kind": "MORTGAGE", "signedOn": str(bank.day()), "amount": "100000.00", "loanIds": [loan]}
    await api.does(who, "registerContract", "contract { id }", **contract)
    secures = [{"loanId": loan, "amount": "100000.00"}]
    asset = await api.does(
        who, "registerCollateral", "collateral { id vin }",
        kind="VEHICLE", description="大众 朗逸", vin=vin, plateNo="京A12345", ownerId=owner, secures=secures,
    )  # fmt: skip
    return Car(loan, asset["collateral"]["id"], vin, owner, f"location_{bank.branches[branch].vault}")


def read_from(vin: str, number: str, **more: Any) -> dict[str, Any]:
    """What the officer reads from a certificate."""
    given = {
        "number": number,
        "kind": "VEHICLE_TITLE",
        "issuer": "市车辆管理所",
        "issuedOn": "2024-01-05",
        "vin": vin,
        "ownerName": "王小明",
    }
    return {**given, "rightAmount": "100000.00", **more}


async def in_vault(bank: World, api: Asking, car: Car, *, receipt: bool = False, more: str = "") -> tuple[list[str], str]:
    """Its certificate, and where asked the receipt of its registration, sealed and taken in; their ids and that of the envelope."""
    tag = f"{bank.tag}{more}"
    papers: list[dict[str, Any]] = [
        {
            "archiveNo": f"YJ-{tag}-1",
            "title": "登记证书",
            "kind": "CERTIFICATE",
            "pages": 4,
            "certificate": read_from(car.vin, f"OLD{tag}"),
        },
    ]
    papers += [{"archiveNo": f"YJ-{tag}-2", "title": "抵押登记回执", "kind": "RECEIPT", "pages": 1}] if receipt else []
    made = await api.does("officer", "registerFirstTier", "records { id }", **car.where, papers=papers)
    ids = [r["id"] for r in made["records"]]
    sealing = await api.does("kay", "sealEnvelope", "operation { id }", recordIds=ids, sealNo=f"F{tag}1")
    sealed = await api.confirms(sealing["operation"]["id"], ["cody"], "records { ... on FirstTierRecord { envelope { id barcode } } }")
    envelope = sealed["records"][0]["envelope"]
    placed = [{"envelopeId": envelope["id"], "locationId": f"location_{await bank.slot()}"}]
    opened = await api.does("kay", "intakeToVault", "operation { id }", barcodes=[envelope["barcode"]], placements=placed)
    await api.confirms(opened["operation"]["id"], ["cody", "clerk"])
    return ids, envelope["id"]
