// The audit of GraphQL over HTTP, with a token on each request; its results as JSON, one object for each audit.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } });
const told = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  told.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? null });
}
console.log(JSON.stringify(told));
