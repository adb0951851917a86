// SPDX-License-Identifier: Apache-2.0
// The syntax tree of each query by the grammar that Grafana's own editor uses: one JSON string a line in, one JSON tree a line out.
// A node is [name, from, to, children]; where the query is no LogQL the grammar puts a node called "⚠".
import { createInterface } from "node:readline";
import { parser } from "@grafana/lezer-logql";

const tree = (node) => {
  const children = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(tree(child));
  return [node.type.name, node.from, node.to, children];
};

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(tree(parser.parse(JSON.parse(line)).topNode)));
}
