// What a Relay page needs of a schema: nodes that are fetched again by id, connections that are paged both ways, mutations
// that name their payload, subscriptions. The compiler refuses each of these when the schema breaks a convention.
import { graphql } from "relay-runtime";

export const records = graphql`
  fragment LoanPage_records on Loan
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "LoanPageRecordsQuery") {
    archiveRecords(first: $count, after: $cursor) @connection(key: "LoanPage_archiveRecords") {
      edges {
        node {
          __typename
          ...LoanPage_record
        }
      }
    }
  }
`;

export const record = graphql`
  fragment LoanPage_record on ArchiveRecord @refetchable(queryName: "LoanPageRecordQuery") {
    archiveNo
    state
    openCheckout { dueAt holder { name } }
    ... on FirstTierRecord { kind envelope { sealNo } }
    ... on SecondTierRecord { items { title } }
  }
`;

export const loans = graphql`
  fragment LoanPage_loans on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }, where: { type: "LoanWhere" })
  @refetchable(queryName: "LoanPageLoansQuery") {
    loans(first: $count, after: $cursor, where: $where) @connection(key: "LoanPage_loans", filters: ["where"]) {
      edges { node { id number } }
    }
  }
`;

export const page = graphql`
  query LoanPageQuery($number: String!, $where: LoanWhere) {
    loan(by: { number: $number }) {
      number
      principal { amount currencyCode }
      ...LoanPage_records
    }
    ...LoanPage_loans @arguments(where: $where)
  }
`;

export const checkOut = graphql`
  mutation LoanPageCheckOutMutation($input: CheckOutInput!) {
    checkOut(input: $input) {
      __typename
      ... on CheckOutPayload { records { id state } }
      ... on Problem { code message }
    }
  }
`;

export const events = graphql`
  subscription LoanPageSubscription($after: String) {
    custodyEventRecorded(after: $after) { cursor event { id tag record { id state } } }
  }
`;
