/** `node dist/main.js file QC2024000001` · `node dist/main.js out V000000010 2026-12-01` · `node dist/main.js watch` */
import { checkOut, said } from "./checkout.js";
import { Client } from "./client.js";
import { loanFile, told } from "./loan-file.js";
import { watch } from "./watch.js";

const client = new Client({
  url: process.env["LOANFILE_URL"] ?? "http://127.0.0.1:8000/graphql",
  token: () => process.env["LOANFILE_TOKEN"] ?? "",
  language: "en",
  trusted: process.env["LOANFILE_TRUSTED"] === "true",
});
const [task = "", first = "", second = ""] = process.argv.slice(2);

switch (task) {
  case "file": {
    const found = await loanFile(client, first);
    console.log(found ? told(found).join("\n") : `there is no loan ${first} for you to see`);
    break;
  }
  case "out":
    console.log(said(await checkOut(client, [first], second)).join("\n"));
    break;
  case "watch":
    for await (const { cursor, event } of watch(client, first || undefined)) {
      console.log(cursor, event.tag, event.record?.archiveNo ?? "", event.record?.state ?? "");
    }
    break;
  default:
    console.error("file NUMBER | out BARCODE DUE_DAY | watch [CURSOR]");
    process.exitCode = 2;
}
client.close();
