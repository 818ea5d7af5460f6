import { Int32 } from 'bson'
import { mongoError } from '../../errors.ts'
import { compareStrings, isNumeric, regexOf } from '../compare.ts'
import { isRegex } from '../predicates.ts'
import { compileRegex } from '../regex.ts'
import { typeName } from '../show.ts'
import { textOf } from './conversions.ts'
import { type Builder, fixed, integerArgument, isNullish, named, stringArgument, variadic } from './operator.ts'

export const stringOperators: { readonly [name: string]: Builder } = {
  $concat: variadic(0, Number.POSITIVE_INFINITY, (values) => {
    let text = ''
    for (const value of values) {
      if (isNullish(value)) return null
      if (typeof value !== 'string') throw mongoError('Location16702', `$concat only supports strings, not ${typeName(value)}`)
      text += value
    }
    return text
  }),
  // Only ASCII letters change, as in MongoDB.
  $toLower: fixed(1, (value) => coerced('$toLower', value).replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  $toUpper: fixed(1, (value) => coerced('$toUpper', value).replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  $strcasecmp: fixed(2, (a, b) => {
    const [x, y] = [a, b].map((value) => coerced('$strcasecmp', value).replace(/[a-z]/g, (letter) => letter.toUpperCase())) as [string, string]
    return new Int32(Math.sign(compareStrings(x, y)))
  }),
  $strLenCP: fixed(1, (value) => new Int32([...stringOf('$strLenCP', value, 'Location34471')].length)),
  $strLenBytes: fixed(1, (value) => new Int32(Buffer.byteLength(stringOf('$strLenBytes', value, 'Location34473')))),
  $substr: fixed(3, substrBytes),
  $substrBytes: fixed(3, substrBytes),
  $substrCP: fixed(3, (value, start, length) => {
    const from = index('$substrCP', start)
    const count = index('$substrCP', length)
    return [...coerced('$substrCP', value)].slice(from, from + count).join('')
  }),
  $indexOfCP: variadic(2, 4, ([text, part, start, end]) => {
    if (isNullish(text)) return null
    const points = [...stringOf('$indexOfCP', text, 'Location40093')]
    const wanted = [...stringOf('$indexOfCP', part, 'Location40094')]
    return new Int32(indexOf(points, wanted, start, end))
  }),
  $indexOfBytes: variadic(2, 4, ([text, part, start, end]) => {
    if (isNullish(text)) return null
    const bytes = [...Buffer.from(stringOf('$indexOfBytes', text, 'Location40091'))]
    return new Int32(indexOf(bytes, [...Buffer.from(stringOf('$indexOfBytes', part, 'Location40092'))], start, end))
  }),
  $split: fixed(2, (text, separator) => {
    if (isNullish(text) || isNullish(separator)) return null
    const by = stringOf('$split', separator, 'Location40086')
    if (by === '') throw mongoError('Location40087', '$split requires a non-empty separator')
    return stringOf('$split', text, 'Location40085').split(by)
  }),
  $trim: trimming(true, true),
  $ltrim: trimming(true, false),
  $rtrim: trimming(false, true),
  $replaceOne: replacing('$replaceOne', (input, find, replacement) => {
    const at = input.indexOf(find)
    return at < 0 ? input : input.slice(0, at) + replacement + input.slice(at + find.length)
  }),
  $replaceAll: replacing('$replaceAll', (input, find, replacement) => (find === '' ? [replacement, ...[...input].map((point) => point + replacement)].join('') : input.split(find).join(replacement))),
  $regexMatch: matching('$regexMatch', (text, regex) => regex.test(text), false),
  $regexFind: matching('$regexFind', (text, regex) => finding(regex.exec(text), text), null),
  $regexFindAll: matching('$regexFindAll', (text, regex) => [...text.matchAll(new RegExp(regex.source, `${regex.flags}g`))].map((match) => finding(match, text)), []),
}

function coerced(name: string, value: unknown): string {
  if (isNullish(value)) return ''
  const text = typeof value === 'string' ? value : isNumeric(value) || value instanceof Date ? textOf(value) : undefined
  if (text === undefined) throw mongoError('Location16007', `can't convert from BSON type ${typeName(value)} to String in ${name}`)
  return text
}

function stringOf(name: string, value: unknown, code: `Location${number}`): string {
  if (typeof value !== 'string') throw mongoError(code, `${name} requires a string argument, found: ${typeName(value)}`)
  return value
}

function index(name: string, value: unknown): number {
  const number = integerArgument(value, `an index of ${name}`)
  if (number < 0) throw mongoError('Location34455', `${name}: starting index must be non-negative, as must the length`)
  return number
}

function substrBytes(value: unknown, start: unknown, length: unknown): string {
  const bytes = Buffer.from(coerced('$substrBytes', value))
  const from = integerArgument(start, 'the starting index of $substrBytes')
  const count = integerArgument(length, 'the length of $substrBytes')
  if (from < 0) throw mongoError('Location50752', '$substrBytes: starting index must be non-negative')
  const to = count < 0 ? bytes.length : Math.min(bytes.length, from + count)
  if (isContinuation(bytes[from])) throw mongoError('Location28656', '$substrBytes: Invalid range, starting index is a UTF-8 continuation byte.')
  if (isContinuation(bytes[to])) throw mongoError('Location28657', '$substrBytes: Invalid range, ending index is in the middle of a UTF-8 character.')
  return bytes.subarray(from, to).toString()
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function indexOf<T>(list: readonly T[], part: readonly T[], start: unknown, end: unknown): number {
  const from = start === undefined ? 0 : index('$indexOf', start)
  const to = end === undefined ? list.length : Math.min(list.length, index('$indexOf', end))
  for (let at = from; at + part.length <= to; at += 1) if (part.every((item, offset) => list[at + offset] === item)) return at
  return -1
}

/** What counts as blank without `chars`. */
const blanks = new Set('\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a')

function trimming(left: boolean, right: boolean): Builder {
  return named(['input'], ['chars'], ({ input, chars }, given) => {
    if (isNullish(input) || (given.has('chars') && isNullish(chars))) return null
    const points = [...stringOf('$trim', input, 'Location50699')]
    const cut = given.has('chars') ? new Set(stringOf('$trim', chars, 'Location50700')) : blanks
    let [from, to] = [0, points.length]
    while (left && from < to && cut.has(points[from] as string)) from += 1
    while (right && to > from && cut.has(points[to - 1] as string)) to -= 1
    return points.slice(from, to).join('')
  })
}

function replacing(name: string, replace: (input: string, find: string, replacement: string) => string): Builder {
  return named(['input', 'find', 'replacement'], [], ({ input, find, replacement }) => {
    for (const value of [input, find, replacement]) if (!isNullish(value)) stringArgument(value, `${name} arguments`)
    if (isNullish(input) || isNullish(find) || isNullish(replacement)) return null
    return replace(input as string, find as string, replacement as string)
  })
}

function matching(name: string, find: (text: string, regex: RegExp) => unknown, none: unknown): Builder {
  return named(['input', 'regex'], ['options'], ({ input, regex, options }) => {
    if (isNullish(input) || isNullish(regex)) return none
    const text = stringOf(name, input, 'Location51104')
    if (!isRegex(regex) && typeof regex !== 'string') throw mongoError('Location51105', `${name} needs 'regex' to be of type string or regex`)
    const own = isRegex(regex) ? regexOf(regex) : { pattern: regex, options: '' }
    if (!isNullish(options) && own.options !== '') throw mongoError('Location51107', `${name}: found regex option(s) specified in both 'regex' and 'option' fields`)
    return find(text, compileRegex(own.pattern, isNullish(options) ? own.options : stringArgument(options, `${name} options`)))
  })
}

function finding(match: RegExpExecArray | null, text: string): unknown {
  if (match === null) return null
  return { match: match[0], idx: new Int32(pointCount(text.slice(0, match.index))), captures: match.slice(1).map((capture) => capture ?? null) }
}

function pointCount(text: string): number {
  return [...text].length
}
