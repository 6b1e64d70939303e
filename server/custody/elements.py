"""The checklist of contract elements (domain section 6): what blocks the file, and what may still be put right."""

from collections.abc import Mapping

from storage.terms import Element as E
from storage.terms import ElementGrade as G

ELEMENTS: Mapping[E, G] = {
    E.PARTIES: G.BLOCKING,  # names, identity numbers, addresses, contacts
    E.AGENT_AUTHORITY: G.BLOCKING,  # of whoever signs for another
    E.AMOUNT: G.BLOCKING,  # in figures as in words
    E.CURRENCY: G.BLOCKING,
    E.TERM: G.BLOCKING,  # and its first and last day
    E.RATE: G.BLOCKING,  # how it is adjusted, and the penalty rate
    E.PURPOSE: G.BLOCKING,
    E.REPAYMENT: G.BLOCKING,  # method, count, account
    E.PAYEE_ACCOUNT: G.BLOCKING,
    E.GUARANTEE: G.BLOCKING,  # its mode, and the numbers of loan, guarantee and mortgage on each other
    E.VEHICLE: G.BLOCKING,  # make and model, VIN, engine, price, purchase contract, invoice
    E.REGISTRATION: G.CORRECTABLE,  # authority, number and day of certificate and mortgage entry: they come after disbursement
    E.INSURANCE: G.CORRECTABLE,  # number, term not shorter than the loan's, the bank as first beneficiary
    E.LIABILITY_CLAUSES: G.BLOCKING,  # of dealer and insurer, where there are any
    E.SIGNATURES: G.BLOCKING,  # borrower, spouse or co-owner, mortgagor, guarantor
    E.BANK_SEAL: G.BLOCKING,  # and signatory
    E.SIGNING_DATE: G.BLOCKING,  # not after the day of disbursement
    E.FACE_TO_FACE: G.BLOCKING,  # the record of two people who saw the signing
    E.ALTERATIONS: G.BLOCKING,  # blanks struck through, nothing altered without confirmation
    E.SEAMS_AND_ANNEXES: G.CORRECTABLE,  # seam seals, pages, number of copies, annexes
}
BLOCKING = frozenset(element for element, grade in ELEMENTS.items() if grade is G.BLOCKING)
