drop view certificate_versions, collateral_plates;
