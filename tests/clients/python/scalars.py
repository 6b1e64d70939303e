"""How schemathesis makes values of our scalars: texts that are right, nearly right and wrong."""

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

decimals = st.decimals(allow_nan=True, allow_infinity=True).map(str) | st.sampled_from(["1e400", "-0", "0.00", "１", "1_000", ""])
schemathesis.graphql.scalar("Decimal", decimals.map(nodes.String))
schemathesis.graphql.scalar("ByteCount", (st.integers().map(str) | st.text(max_size=5)).map(nodes.String))
schemathesis.graphql.scalar("URL", st.sampled_from(["https://example.com/x", "", "javascript:1"]).map(nodes.String))
schemathesis.graphql.scalar("Upload", st.text(max_size=5).map(nodes.String))
