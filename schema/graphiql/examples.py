"""The three operations that the page opens with."""

from pathlib import Path

FOLDER = Path(__file__).with_name("operations")
VARIABLES = {
    "loan_file": '{\n  "number": "QC2024000001"\n}',
    "checkout": '{\n  "input": {\n    "requestId": "request_…",\n    "barcodes": [],\n    "idempotencyKey": "my-first-checkout"\n  }\n}',
    "contract_history": '{\n  "number": "HT2024000001"\n}',
}
EXAMPLES = [{"query": (FOLDER / f"{name}.graphql").read_text("utf-8"), "variables": variables} for name, variables in VARIABLES.items()]
