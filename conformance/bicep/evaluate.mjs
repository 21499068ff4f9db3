// Computes the variables of a Bicep file that need nothing but its parameters
// and the plan, which is read as JSON from the standard input, and prints them
// as JSON. Parameters have their defaults, or the values that are given as JSON.
// It knows the functions that infra/ uses; uniqueString is not Azure's own.
import { readFileSync } from 'node:fs'
import { expression } from './expression.mjs'
import { parse } from './grammar.mjs'

const plan = JSON.parse(readFileSync(0, 'utf8'))
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

const functions = {
  any: (x) => x,
  concat: (...lists) => lists.flat(),
  empty: (x) => x === null || x.length === 0 || (typeof x === 'object' && Object.keys(x).length === 0),
  filter: (list, f) => list.filter((x) => f(x)),
  flatten: (list) => list.flat(),
  items: (o) => Object.keys(o).sort().map((key) => ({ key, value: o[key] })),
  join: (list, by) => list.join(by),
  loadYamlContent: () => plan,
  map: (list, f) => list.map((x) => f(x)),
  replace: (text, what, by) => text.replaceAll(what, by),
  split: (text, by) => text.split(by),
  startsWith: (text, head) => text.toLowerCase().startsWith(head.toLowerCase()),
  take: (list, n) => list.slice(0, n),
  toLower: (text) => text.toLowerCase(),
  union: (...lists) => lists.flat().filter((x, i, all) => all.findIndex((y) => same(x, y)) === i),
  uniqueString: (...all) => `unique(${all.join()})`,
}

const given = JSON.parse(process.argv[3] ?? '{}')
const values = new Map(Object.entries(given))
const unknown = {}
for (const node of parse(process.argv[2]).root.namedChildren) {
  const name = node.namedChildren[0]?.text
  const parameter = node.type === 'parameter_declaration' && node.text.includes('=') && !values.has(name)
  if (node.type !== 'variable_declaration' && !parameter) continue
  try {
    values.set(name, expression(node.text.slice(node.text.indexOf('=') + 1), functions)(values))
  } catch (e) {
    unknown[name] = e.message
  }
}
process.stdout.write(JSON.stringify({ values: Object.fromEntries(values), unknown }))
