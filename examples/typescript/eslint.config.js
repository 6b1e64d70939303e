import graphql from "@graphql-eslint/eslint-plugin";

const parserOptions = { graphQLConfig: { schema: "schema.graphql", documents: ["src/**/*.ts", "!src/generated/**"] } };

export default [
  { ignores: ["src/generated/", "dist/", "node_modules/"] },
  // Documents stand in the TypeScript beside the code that uses them; the processor takes them out.
  { files: ["src/**/*.ts"], processor: graphql.processor },
  {
    files: ["**/*.graphql"],
    ignores: ["schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions },
    plugins: { "@graphql-eslint": graphql },
    rules: graphql.configs["flat/operations-recommended"].rules,
  },
];
