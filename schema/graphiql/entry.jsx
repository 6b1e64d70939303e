// The page: a bar to sign in as a demo person, and GraphiQL below it.
import React, { useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { createClient } from "graphql-ws";
import "graphiql/style.css";
import "./page.css";

const base = new URL(".", import.meta.url);
const workers = { json: "json.worker.js", graphql: "graphql.worker.js" };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(workers[label] ?? "editor.worker.js", base)),
};

const examples = JSON.parse(document.getElementById("examples").textContent);

async function tokenFor(name) {
  const answer = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ as: name }),
  });
  return (await answer.json()).token;
}

function subscribes(params, document) {
  const operations = (document?.definitions ?? []).filter((definition) => definition.kind === "OperationDefinition");
  const asked = operations.find((one) => !params.operationName || one.name?.value === params.operationName);
  return asked?.operation === "subscription";
}

// A socket for each subscription: whoever signs in as somebody else listens as them.
function socketFor(token) {
  const url = new URL("/graphql", window.location.href.replace(/^http/, "ws")).href;
  return createClient({ url, connectionParams: { Authorization: `Bearer ${token}` }, retryAttempts: 0 });
}

function SignIn({ people, current, choose }) {
  return (
    <header className="sign-in">
      <strong>Loanfile</strong>
      <label>
        Signed in as{" "}
        <select value={current} onChange={(event) => choose(event.target.value)}>
          {people.map((person) => (
            <option key={person.username} value={person.username}>
              {person.username} · {person.name} · {person.unit}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

function Page() {
  const [people, setPeople] = useState(null);
  const [current, setCurrent] = useState("loan-officer");
  const token = useRef("");
  const [ready, setReady] = useState(false);

  async function choose(name) {
    token.current = await tokenFor(name);
    setCurrent(name);
  }

  useEffect(() => {
    (async () => {
      const answer = await fetch("/dev/people");
      if (answer.ok) {
        setPeople(await answer.json());
        await choose("loan-officer");
      }
      setReady(true);
    })();
  }, []);

  async function fetcher(params, options) {
    if (subscribes(params, options?.documentAST)) return socketFor(token.current).iterate(params);
    const signedIn = token.current ? { authorization: `Bearer ${token.current}` } : {};
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json",
        ...signedIn,
        ...(options?.headers ?? {}),
      },
      body: JSON.stringify(params),
    });
    return answer.json();
  }

  if (!ready) return null;
  return (
    <>
      {people && <SignIn people={people} current={current} choose={choose} />}
      <main>
        <GraphiQL fetcher={fetcher} defaultTabs={examples} shouldPersistHeaders={false} defaultEditorToolsVisibility="variables" />
      </main>
    </>
  );
}

createRoot(document.getElementById("graphiql")).render(<Page />);
