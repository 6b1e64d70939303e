/** Hand out what an approved request names, and say why when a rule refuses. */
import { randomUUID } from "node:crypto";
import type { Client } from "./client.js";
import { CheckOutDocument, type CheckOutMutation } from "./generated/graphql.js";

export type CheckOutAnswer = CheckOutMutation["checkOut"];

/**
 * One intended act has one key: make it when the button is pressed, send the same one at each retry, and the papers are handed
 * out once.
 */
export function checkOut(client: Client, barcodes: string[], dueOn: string, key: string = randomUUID()): Promise<CheckOutAnswer> {
  return client.ask(CheckOutDocument, { input: { barcodes, dueOn, idempotencyKey: key } }).then((data) => data.checkOut);
}

/** What the person at the desk reads. */
export function said(answer: CheckOutAnswer): string[] {
  switch (answer.__typename) {
    case "CheckOutPayload":
      return answer.operation?.state === "PENDING"
        ? [`waits for ${answer.operation.openSeats.join(", ")}`]
        : answer.records.map((record) => `${record.archiveNo} is ${record.state}`);
    case "CustodyViolation":
      return answer.violations.map((broken) => `${broken.rule} ${broken.code}: ${broken.message} ${broken.remedy}`);
    case "InvalidInput":
      return answer.problems.map((problem) => `${problem.path.join(".")}: ${problem.message}`);
    default:
      return [`${answer.code}: ${answer.message}`];
  }
}
