/** Every custody event as it becomes final, none lost and none told twice, across lost sockets and restarts of the page. */
import type { Client } from "./client.js";
import { CustodyEventsDocument, type CustodyEventsSubscription } from "./generated/graphql.js";

export type CustodyEvent = NonNullable<CustodyEventsSubscription["custodyEventRecorded"]["event"]>;

/** Goes on until the caller breaks the loop. Keep each cursor with what was made of its event; start again after the last. */
export async function* watch(client: Client, after?: string): AsyncGenerator<{ cursor: string; event: CustodyEvent }> {
  for (;;) {
    try {
      for await (const answer of client.subscribe(CustodyEventsDocument, { after: after ?? null })) {
        if (answer.errors?.length) throw new Error(answer.errors[0]?.message);
        const told = answer.data?.custodyEventRecorded;
        if (!told) continue;
        after = told.cursor;
        if (told.event) yield { cursor: told.cursor, event: told.event };
      }
    } catch (error) {
      if (!isClosing(error)) throw error;
    }
    await new Promise((done) => setTimeout(done, 1_000));
  }
}

/** 4403: the token is over, so the next attempt asks for a fresh one; 1001, 1006, 1012: the server went or the line did. */
function isClosing(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "number" && [1001, 1006, 1011, 1012, 4403].includes(code);
}
