/** One client for a page: typed documents over HTTP, subscriptions over a socket, errors by their code, retries that are safe. */
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { createClient, type Client as Socket } from "graphql-ws";

const RETRIES_MAX = 4;

/** A top-level error. Branch on `code`, which never changes with the language; show `message`; tell support `requestId`. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly requestId: string | undefined,
    readonly retryable: boolean,
  ) {
    super(message);
  }
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; requestId?: string; retryable?: boolean } }[];
}

export interface Settings {
  /** Of the endpoint, such as `http://127.0.0.1:8000/graphql`. */
  url: string;
  /** Asked for at each request, so that a fresh token can be given. */
  token: () => string | Promise<string>;
  language?: "zh-CN" | "en";
  /** Send hashes in place of documents, as a production server wants it. */
  trusted?: boolean;
}

/** Says what `graphql-ws` makes a value of: a document and the variables of it. */
function operation<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
  return { query: print(document), variables: variables as Record<string, unknown> };
}

export class Client {
  readonly #settings: Settings;
  readonly #socket: Socket;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#socket = createClient({
      url: settings.url.replace(/^http/, "ws"),
      connectionParams: async () => ({ Authorization: `Bearer ${await settings.token()}` }),
      retryAttempts: 0, // `watch` resumes from its cursor itself
    });
  }

  /**
   * The data of a query or a mutation. Throws ApiError for top-level errors; what a rule refuses is a value of the result's
   * union. Retries what the server calls retryable and what never arrived: safe, because a mutation carries its key.
   */
  async ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(document, variables);
      } catch (error) {
        const again = error instanceof ApiError ? error.retryable : error instanceof TypeError;
        if (!again || attempt === RETRIES_MAX) throw error;
        await new Promise((done) => setTimeout(done, 250 * 2 ** attempt * (0.5 + Math.random())));
      }
    }
  }

  /** What a subscription tells, until the caller stops or the socket closes. */
  subscribe<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
    return this.#socket.iterate<Data>(operation(document, variables));
  }

  close(): void {
    void this.#socket.dispose();
  }

  async #once<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const { __meta__: meta } = document as { __meta__?: { hash?: string } };
    const asked =
      this.#settings.trusted && meta?.hash ? { documentId: meta.hash, variables } : operation(document, variables);
    const response = await fetch(this.#settings.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        "accept-language": this.#settings.language ?? "zh-CN",
        authorization: `Bearer ${await this.#settings.token()}`,
      },
      body: JSON.stringify(asked),
    });
    const answer = (await response.json()) as Answer<Data>;
    const [first] = answer.errors ?? [];
    if (first) {
      const { code = "INTERNAL", requestId, retryable = false } = first.extensions ?? {};
      throw new ApiError(code, first.message, requestId, retryable);
    }
    if (!answer.data) throw new ApiError("INTERNAL", `no data in an answer of status ${response.status}`, undefined, false);
    return answer.data;
  }
}
