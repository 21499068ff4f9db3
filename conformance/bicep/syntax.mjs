// Prints what Bicep files declare, as JSON, for the Go tests of infra/: no
// compiler can be had here, but a grammar can. Values that are no literals are
// given as their source text: {"code": "..."}.
import { children, keyOf, parse, unquoted } from './grammar.mjs'

const code = (node) => ({ code: node.text })

function value(node) {
  switch (node.type) {
    case 'string': return children(node).some((n) => n.type === 'interpolation') ? code(node) : unquoted(node.text)
    case 'number': return Number(node.text)
    case 'boolean': return node.text === 'true'
    case 'null': return null
    case 'object': return { properties: children(node).filter((n) => n.type === 'object_property').map(property) }
    case 'array': return { items: children(node).map(value) }
    default: return code(node)
  }
}

function property(node) {
  const [key, ...rest] = children(node)
  return { key: keyOf(key), line: node.startPosition.row + 1, value: part(rest.at(-1)) }
}

// part is a value, or a loop or a condition around one.
function part(node) {
  if (node.type !== 'for_statement' && node.type !== 'if_statement') return value(node)
  return { code: node.text, parts: children(node).map((n) => ({ type: n.type, value: part(n) })) }
}

// lambdaOf are the parameters of a lambda that node begins with: the grammar
// makes (s => s).id of s => s.id.
function lambdaOf(node) {
  let first = node
  while (first && first.type !== 'lambda_expression') first = first.startIndex === first.namedChildren[0]?.startIndex ? first.namedChildren[0] : null
  return first ? children(first).slice(0, -1).flatMap((n) => n.text.match(/\w+/g)) : []
}

// names gathers what a node refers to: names that are declared elsewhere, and
// modules' outputs.
function names(node, local, found) {
  local = new Set([...local, ...lambdaOf(node)])
  switch (node.type) {
    case 'identifier':
      if (!local.has(node.text)) found.uses.push(node.text)
      return
    case 'object_property': {
      const [key, ...rest] = children(node)
      if (key.type === 'string') names(key, local, found)
      rest.forEach((n) => names(n, local, found))
      return
    }
    case 'for_statement': {
      const [loop, ...rest] = children(node)
      const inner = new Set([...local, ...loop.text.match(/\w+/g)])
      rest.forEach((n) => names(n, inner, found))
      return
    }
  }
  children(node).forEach((n) => names(n, local, found))
}

function problems(node, found = []) {
  if (node.type === 'ERROR' || node.isMissing) {
    found.push({ line: node.startPosition.row + 1, text: node.isMissing ? `missing ${node.type}` : node.text.slice(0, 60) })
  }
  node.children.forEach((n) => problems(n, found))
  return found
}

function statement(node) {
  const common = { text: node.text, line: node.startPosition.row + 1 }
  if (node.type === 'decorators') return { kind: 'decorators', ...common }
  if (!/^(parameter|variable|output|resource|module)_declaration$|^target_scope_assignment$/.test(node.type)) {
    return { kind: node.type, ...common }
  }
  const parts = children(node)
  const found = { uses: [] }
  parts.slice(1).forEach((n) => names(n, new Set(), found))
  found.outputs = [...node.text.matchAll(/(\w+)(?:\[\w+\])?\.outputs\.(\w+)/g)].map((o) => ({ module: o[1], output: o[2] }))
  return { kind: node.type.split('_')[0], name: parts[0].text, ...common, ...found, parts: parts.map((n) => ({ type: n.type, value: part(n) })) }
}

function file(name) {
  const { source, root } = parse(name)
  const statements = root.namedChildren.filter((n) => !/comment$/.test(n.type)).map(statement)
  return { name, text: source, problems: root.hasError ? problems(root) : [], statements }
}

process.stdout.write(JSON.stringify(process.argv.slice(2).map(file)))
