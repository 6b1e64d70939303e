import graphql from "@graphql-eslint/eslint-plugin";

export default [
  {
    files: ["schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      "@graphql-eslint/no-typename-prefix": "off", // `scanVersion` stands beside `version`; `ticketNo` is the bank's word
      "@graphql-eslint/strict-id-in-types": "off", // values (money, payloads, edges) have no id
      // An entry of a history is a snapshot, which is no node.
      "@graphql-eslint/relay-edge-types": ["error", { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }], // a history is read forward alone
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          rootField: true,
          ignoredSelectors: ["[parent.kind=DirectiveDefinition]", "DirectiveDefinition[name.value=oneOf]"], // told by their directive
        },
      ],
    },
  },
];
