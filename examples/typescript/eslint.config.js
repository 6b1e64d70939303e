import graphql from "@graphql-eslint/eslint-plugin";

const documents = "src/operations/*.graphql";

export default [
  { ignores: ["dist/", "src/generated/"] },
  {
    files: [documents],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql", documents } } },
    plugins: { "@graphql-eslint": graphql },
    rules: graphql.configs["flat/operations-recommended"].rules,
  },
];
