import type { CodegenConfig } from "@graphql-codegen/cli";

// The schema: `loanfile export-schema > schema.graphql`, or the file of the release you write against.
const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "src/operations/*.graphql",
  importExtension: ".js",
  generates: {
    "./src/generated/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        // The hashes under which a production server knows these documents: persisted-documents.json goes to its operator.
        persistedDocuments: { mode: "embedHashInDocument", hashAlgorithm: "sha256" },
      },
      config: {
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { Date: "string", DateTime: "string", Decimal: "string", ByteCount: "string", URL: "string", Upload: "File" },
      },
    },
  },
};

export default config;
