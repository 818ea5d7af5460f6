/** Patterns of PCRE, which MongoDB speaks, as JavaScript's: literal where both agree, rewritten where they differ, refused where they cannot. */
import { mongoError } from '../errors.ts'

/** MongoDB's bound on the length of a pattern. */
const maxPattern = 32_764

/**
 * A test for one pattern with its options (`i`, `m`, `s`, `x`, `u`). Never global or sticky, so it may be used again and again.
 * Throws BadValue for an unknown option and 51091 for a pattern that cannot be read.
 */
export function compileRegex(pattern: string, options: string): RegExp {
  for (const option of options) {
    if (!'imsxu'.includes(option)) throw mongoError('Location51108', `invalid flag in regex options: ${options}`)
  }
  if (pattern.length > maxPattern) throw mongoError('Location51091', 'Regular expression is invalid: regular expression is too large')
  if (pattern.includes('\0') || options.includes('\0')) throw mongoError('Location51107', 'Regular expression cannot contain an embedded null byte')
  const flags = { i: options.includes('i'), m: options.includes('m'), s: options.includes('s'), x: options.includes('x') }
  let source = pattern
  const leading = /^\(\?([imsx]+)\)/.exec(source)
  if (leading !== null) {
    source = source.slice(leading[0].length)
    for (const flag of leading[1] as string) flags[flag as keyof typeof flags] = true
  }
  try {
    return new RegExp(translate(source, flags), flags.i ? 'iu' : 'u')
  } catch (error) {
    if (error instanceof SyntaxError) throw mongoError('Location51091', `Regular expression is invalid: ${error.message.slice(0, 200)}`)
    throw error
  }
}

/** The text that every match starts with, when the pattern is `^` and literal characters up to its end or the first special one. */
export function literalPrefix(pattern: string, options: string): { prefix: string; whole: boolean } | undefined {
  if (/[imx]/.test(options) || pattern.includes('|') || pattern.includes('\\Q')) return undefined
  const start = pattern.startsWith('^') ? 1 : pattern.startsWith('\\A') ? 2 : 0
  if (start === 0) return undefined
  let prefix = ''
  let at = start
  let last = ''
  while (at < pattern.length) {
    const point = String.fromCodePoint(pattern.codePointAt(at) as number)
    if (point === '\\') {
      const next = pattern.charAt(at + 1)
      if (next === '' || /[0-9A-Za-z]/.test(next) || next.charCodeAt(0) > 0x7f) break
      last = next
      at += 2
    } else if (/[.^$*+?()[\]{}]/.test(point)) break
    else {
      last = point
      at += point.length
    }
    prefix += last
  }
  // A quantifier that permits none, or a repetition, makes the last character uncertain.
  if (at < pattern.length && /[*?{]/.test(pattern.charAt(at))) prefix = prefix.slice(0, -last.length)
  if (prefix === '') return undefined
  return { prefix, whole: at >= pattern.length }
}

interface Flags {
  m: boolean
  s: boolean
  x: boolean
}

const posixClasses: { readonly [name: string]: string } = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  blank: '\\t ',
  punct: '!-\\/:-@\\[-`\\{-~',
  cntrl: '\\0-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
  word: '0-9A-Z_a-z',
  print: ' -~',
  graph: '!-~',
}

const escapes: { readonly [letter: string]: string } = {
  a: '\\x07',
  e: '\\x1b',
  h: '[\\t \\u00a0]',
  s: '[\\t-\\r ]',
  S: '[^\\t-\\r ]',
  R: '(?:\\r\\n|[\\n-\\r\\u0085\\u2028\\u2029])',
  N: '[^\\n]',
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  Z: '(?=\\n?(?![\\s\\S]))',
}

const escapesInClass: { readonly [letter: string]: string } = { a: '\\x07', e: '\\x1b', h: '\\t \\u00a0', s: '\\t-\\r ', b: '\\x08' }

function translate(pattern: string, flags: Flags): string {
  let out = ''
  let at = 0
  while (at < pattern.length) {
    const point = String.fromCodePoint(pattern.codePointAt(at) as number)
    at += point.length
    if (point === '\\') {
      const [text, end] = translateEscape(pattern, at)
      out += text
      at = end
    } else if (point === '[') {
      const [text, end] = translateClass(pattern, at)
      out += text
      at = end
    } else if (point === '(') {
      const [text, end] = translateGroup(pattern, at)
      out += text
      at = end
    } else if (point === '.') out += flags.s ? '[\\s\\S]' : '[^\\n]'
    else if (point === '^') out += flags.m ? '(?<![^\\n])' : '^'
    else if (point === '$') out += flags.m ? '(?![^\\n])' : '(?=\\n?(?![\\s\\S]))'
    else if (point === '{') out += /^\{[0-9]+(,[0-9]*)?\}/.test(pattern.slice(at - 1)) ? '{' : '\\{'
    else if (point === '}') out += /\{[0-9]+(,[0-9]*)?$/.test(pattern.slice(0, at - 1)) ? '}' : '\\}'
    else if (point === ']') out += '\\]'
    else if (flags.x && /[\t-\r ]/.test(point)) continue
    else if (flags.x && point === '#') {
      const end = pattern.indexOf('\n', at)
      at = end < 0 ? pattern.length : end + 1
    } else if (point === '+' && /[*+?}]$/.test(out) && !out.endsWith('\\}') && !/\\[*+?]$/.test(out)) {
      throw mongoError('Location51091', 'Regular expression is invalid: possessive quantifiers are not supported')
    } else out += point
  }
  return out
}

function translateEscape(pattern: string, at: number): [string, number] {
  const letter = pattern.charAt(at)
  if (letter === '') throw mongoError('Location51091', 'Regular expression is invalid: \\ at end of pattern')
  if (letter === 'Q') {
    const end = pattern.indexOf('\\E', at + 1)
    const quoted = pattern.slice(at + 1, end < 0 ? undefined : end)
    return [quoted.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&'), end < 0 ? pattern.length : end + 2]
  }
  if (letter === 'E') return ['', at + 1]
  const known = escapes[letter]
  if (known !== undefined && Object.hasOwn(escapes, letter)) return [known, at + 1]
  if (letter === 'x') return hexEscape(pattern, at)
  if (/[bBdDfnrtvwWkpPc1-9]/.test(letter)) return [`\\${letter}`, at + 1]
  if (letter === '0') return octalEscape(pattern, at)
  if (/[0-9A-Za-z]/.test(letter)) throw mongoError('Location51091', `Regular expression is invalid: unrecognized character follows \\: ${letter}`)
  return [literal(pattern, at), at + String.fromCodePoint(pattern.codePointAt(at) as number).length]
}

/** PCRE lets any other character be escaped; JavaScript only the special ones. */
function literal(pattern: string, at: number): string {
  const point = String.fromCodePoint(pattern.codePointAt(at) as number)
  return /[$()*+\-./?[\\\]^{|}]/.test(point) ? (point === '-' ? '\\x2d' : `\\${point}`) : point
}

function hexEscape(pattern: string, at: number): [string, number] {
  const braced = /^x\{([0-9a-fA-F]{1,6})\}/.exec(pattern.slice(at))
  if (braced !== null) return [`\\u{${braced[1]}}`, at + braced[0].length]
  const short = /^x([0-9a-fA-F]{0,2})/.exec(pattern.slice(at)) as RegExpExecArray
  return [`\\x${(short[1] as string).padStart(2, '0')}`, at + short[0].length]
}

function octalEscape(pattern: string, at: number): [string, number] {
  const octal = /^[0-7]{1,3}/.exec(pattern.slice(at)) as RegExpExecArray
  return [`\\u{${Number.parseInt(octal[0], 8).toString(16)}}`, at + octal[0].length]
}

function translateGroup(pattern: string, at: number): [string, number] {
  if (pattern.charAt(at) !== '?') return ['(', at]
  const named = /^\?P?<([A-Za-z_][A-Za-z0-9_]*)>/.exec(pattern.slice(at))
  if (named !== null) return [`(?<${named[1]}>`, at + named[0].length]
  const plain = /^\?(?::|=|!|<=|<!)/.exec(pattern.slice(at))
  if (plain !== null) return [`(${plain[0]}`, at + plain[0].length]
  if (pattern.charAt(at + 1) === '#') {
    const end = pattern.indexOf(')', at)
    if (end < 0) throw mongoError('Location51091', 'Regular expression is invalid: missing ) after (?# comment')
    return ['', end + 1]
  }
  throw mongoError('Location51091', `Regular expression is invalid: the group (${pattern.slice(at, at + 3)} is not supported`)
}

function translateClass(pattern: string, from: number): [string, number] {
  let at = from
  let out = '['
  if (pattern.charAt(at) === '^') {
    out += '^'
    at += 1
  }
  // A bracket right at the start stands for itself.
  if (pattern.charAt(at) === ']') {
    out += '\\]'
    at += 1
  }
  while (at < pattern.length) {
    const point = String.fromCodePoint(pattern.codePointAt(at) as number)
    if (point === ']') return [`${out}]`, at + 1]
    const posix = point === '[' ? /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(at)) : null
    if (posix !== null) {
      const members = Object.hasOwn(posixClasses, posix[2] as string) ? posixClasses[posix[2] as string] : undefined
      if (members === undefined || posix[1] === '^') throw mongoError('Location51091', 'Regular expression is invalid: unknown POSIX class name')
      out += members
      at += posix[0].length
    } else if (point === '\\') {
      const [text, end] = escapeInClass(pattern, at + 1)
      out += text
      at = end
    } else {
      out += point === '[' ? '\\[' : point
      at += point.length
    }
  }
  throw mongoError('Location51091', 'Regular expression is invalid: missing terminating ] for character class')
}

function escapeInClass(pattern: string, at: number): [string, number] {
  const letter = pattern.charAt(at)
  if (letter === '') throw mongoError('Location51091', 'Regular expression is invalid: \\ at end of pattern')
  if (Object.hasOwn(escapesInClass, letter)) return [escapesInClass[letter] as string, at + 1]
  if (letter === 'x') return hexEscape(pattern, at)
  if (letter === 'S') return ['\\0-\\x08\\x0e-\\x1f!-\\u{10ffff}', at + 1]
  if (/[0-7]/.test(letter)) return octalEscape(pattern, at)
  if (/[dDfnrtvwWpP]/.test(letter)) return [`\\${letter}`, at + 1]
  if (/[0-9A-Za-z]/.test(letter)) throw mongoError('Location51091', `Regular expression is invalid: unrecognized character follows \\: ${letter}`)
  const point = String.fromCodePoint(pattern.codePointAt(at) as number)
  return [/[$()*+\-./?[\\\]^{|}]/.test(point) ? `\\${point}` : point, at + point.length]
}
