// PostGraphile 5 as its manual says: a login that owns nothing, the token verified, its claims as settings of the transaction, row-level security.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import jwt from "jsonwebtoken";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const told = JSON.parse(readFileSync(0, "utf8"));

function principal(header) {
  const [scheme, token] = (header ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer") throw new Error("A bearer token is required.");
  return jwt.verify(token, told.public_key, { algorithms: ["ES256"], issuer: told.issuer, audience: told.audience });
}

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      poolConfig: { ...told.database, max: told.connections },
      schemas: ["public"],
    }),
  ],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    context(given) {
      const claims = principal(given.node?.req.headers.authorization);
      return { pgSettings: { "app.staff": claims.staff, "app.branches": claims.branches, "app.roles": claims.roles } };
    },
  },
};

const pgl = postgraphile(preset);
const serv = pgl.createServ(grafserv);
const server = createServer();
await serv.addTo(server);
server.listen(told.port, "127.0.0.1");
