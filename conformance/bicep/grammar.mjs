// The grammar, and how a node's parts are read.
import { readFileSync } from 'node:fs'
import Parser from 'tree-sitter'
import Bicep from 'tree-sitter-bicep'

const parser = new Parser()
parser.setLanguage(Bicep)

// parse reads a whole file.
export function parse(name) {
  const source = readFileSync(name, 'utf8')
  return { source, root: parser.parse((at) => source.slice(at, at + 4096)).rootNode }
}

// children are a node's parts without the comments.
export const children = (node) => node.namedChildren.filter((n) => n.type !== 'comment')

// keyOf is the name of an object's property.
export const keyOf = (node) => (node.type === 'string' ? node.text.slice(1, -1) : node.text)

// unquoted is the text of a string without its quotes and escapes.
export function unquoted(text) {
  if (text.startsWith("'''")) return text.slice(3, -3)
  return unescaped(text.slice(1, -1))
}

export const unescaped = (text) => text.replace(/\\(u\{([0-9a-fA-F]+)\}|.)/g, (_, one, hex) =>
  hex ? String.fromCodePoint(parseInt(hex, 16)) : { n: '\n', r: '\r', t: '\t' }[one] ?? one)
