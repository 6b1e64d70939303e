/** Show a loan file: everything about one loan in one question, which is one SQL statement. */
import type { Client } from "./client.js";
import { LoanFileDocument, type LoanFileQuery } from "./generated/graphql.js";

export type LoanFile = NonNullable<LoanFileQuery["loan"]>;

/** The file of a loan; null when there is none that the caller may see. */
export async function loanFile(client: Client, number: string): Promise<LoanFile | null> {
  return (await client.ask(LoanFileDocument, { number })).loan ?? null;
}

/** A few lines for a terminal. */
export function told(file: LoanFile): string[] {
  const lines = [`${file.number} ${file.status} ${file.principal.amount} ${file.principal.currencyCode} ${file.customer?.name ?? "—"}`];
  for (const { node } of file.archiveRecords.edges) {
    const out = node.openCheckout;
    const where = out ? `${node.state}, ${out.holder?.name ?? "—"}${out.isOverdue ? ", overdue" : ""}` : node.state;
    const within = node.__typename === "FirstTierRecord" ? (node.envelope?.sealNo ?? "") : `${node.items.length} papers`;
    lines.push(`  ${node.barcode} ${node.title} (${where}) ${within}`);
  }
  return lines;
}
