// Reads and computes Bicep expressions. The grammar's own trees put members
// behind operators (a ?? b.c becomes (a ?? b).c), so this reads them again, by
// Bicep's precedence.
import { unescaped } from './grammar.mjs'

const operators = { '??': 1, '||': 2, '&&': 3, '==': 4, '!=': 4 }
const compute = {
  '??': (a, b) => a() ?? b(),
  '||': (a, b) => a() || b(),
  '&&': (a, b) => a() && b(),
  '==': (a, b) => JSON.stringify(a()) === JSON.stringify(b()),
  '!=': (a, b) => JSON.stringify(a()) !== JSON.stringify(b()),
}

// expression returns a function that computes text with the names in a Map.
export function expression(text, functions) {
  const r = new Reader(text, functions)
  const value = r.ternary()
  if (r.skip() < text.length) throw new Error(`not understood: ${text.slice(r.at, r.at + 40)}`)
  return value
}

function member(object, key, safe) {
  if (object !== null && object !== undefined && Object.hasOwn(object, key)) return object[key]
  if (safe) return null
  throw new Error(`there is no ${key}`)
}

class Reader {
  constructor(text, functions) {
    Object.assign(this, { text, functions, at: 0 })
  }

  skip() {
    this.at += this.text.slice(this.at).match(/^(\s|\/\/[^\n]*)*/)[0].length
    return this.at
  }

  take(pattern) {
    this.skip()
    const found = this.text.slice(this.at).match(pattern)
    if (found) this.at += found[0].length
    return found?.[0]
  }

  want(pattern) {
    const found = this.take(pattern)
    if (found === undefined) throw new Error(`want ${pattern} at: ${this.text.slice(this.at, this.at + 40)}`)
    return found
  }

  ternary() {
    const condition = this.binary(1)
    if (!this.take(/^\?(?!\?)/)) return condition
    const yes = this.ternary()
    this.want(/^:/)
    const no = this.ternary()
    return (scope) => (condition(scope) ? yes(scope) : no(scope))
  }

  binary(least) {
    let left = this.unary()
    for (;;) {
      this.skip()
      const operator = this.text.slice(this.at).match(/^(\?\?|\|\||&&|==|!=)/)?.[0]
      if (!operator || operators[operator] < least) return left
      this.at += operator.length
      const [a, b] = [left, this.binary(operators[operator] + 1)]
      left = (scope) => compute[operator](() => a(scope), () => b(scope))
    }
  }

  unary() {
    if (!this.take(/^!(?!=)/)) return this.postfix()
    const value = this.unary()
    return (scope) => !value(scope)
  }

  postfix() {
    let value = this.primary()
    for (;;) {
      const object = value
      const dot = this.take(/^\.\??/)
      if (dot) {
        const key = this.want(/^\w+/)
        value = (scope) => member(object(scope), key, dot === '.?')
        continue
      }
      // An index stands on the same line; another line begins another item.
      const bracket = this.text.slice(this.at).match(/^\[\??/)?.[0]
      if (!bracket) return value
      this.at += bracket.length
      const key = this.ternary()
      this.want(/^\]/)
      value = (scope) => member(object(scope), key(scope), bracket === '[?')
    }
  }

  primary() {
    this.skip()
    const rest = this.text.slice(this.at)
    if (rest.startsWith("'")) return this.string()
    if (this.take(/^\{/)) return this.object()
    if (this.take(/^\[/)) return this.array()
    if (this.take(/^\(/)) {
      const value = this.ternary()
      this.want(/^\)/)
      return value
    }
    const number = this.take(/^-?\d+/)
    if (number) return () => Number(number)
    const name = this.want(/^[A-Za-z_]\w*/)
    if (this.take(/^=>/)) {
      const body = this.ternary()
      return (scope) => (x) => body(new Map([...scope, [name, x]]))
    }
    if (this.take(/^\(/)) return this.call(name)
    if (name === 'true' || name === 'false') return () => name === 'true'
    if (name === 'null') return () => null
    return (scope) => {
      if (!scope.has(name)) throw new Error(`${name} is not known`)
      return scope.get(name)
    }
  }

  call(name) {
    const given = []
    while (!this.take(/^\)/)) {
      given.push(this.ternary())
      this.take(/^,/)
    }
    const call = this.functions[name]
    return (scope) => {
      if (!call) throw new Error(`${name} is not known`)
      return call(...given.map((g) => g(scope)))
    }
  }

  object() {
    const entries = []
    while (!this.take(/^\}/)) {
      this.skip()
      const key = this.text[this.at] === "'" ? this.string() : ((k) => () => k)(this.want(/^\w+/))
      this.want(/^:/)
      entries.push([key, this.ternary()])
      this.take(/^,/)
    }
    return (scope) => Object.fromEntries(entries.map(([k, v]) => [k(scope), v(scope)]))
  }

  array() {
    const all = []
    while (!this.take(/^\]/)) {
      all.push(this.ternary())
      this.take(/^,/)
    }
    return (scope) => all.map((v) => v(scope))
  }

  string() {
    const parts = []
    this.at++
    while (this.text[this.at] !== "'") {
      if (this.text.startsWith('${', this.at)) {
        this.at += 2
        parts.push(this.ternary())
        this.want(/^\}/)
        continue
      }
      const plain = this.text.slice(this.at).match(/^(\\.|\$(?!\{)|[^'\\$])+/)
      if (!plain) throw new Error('a string has no end')
      this.at += plain[0].length
      parts.push(() => unescaped(plain[0]))
    }
    this.at++
    return (scope) => parts.map((p) => p(scope)).join('')
  }
}
