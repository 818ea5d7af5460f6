/**
 * Words that somebody does not want to read, found in what others write. They are literal, nothing in them is a pattern, and they are found
 * whatever their case, accents or width and whatever invisible stands between their letters; whole words only, except in scripts without spaces.
 */
export function hasWord(text: string, words: readonly string[]): boolean {
  const folded = fold(text)
  return words.some((word) => find(folded, word)[Symbol.iterator]().next().done !== true)
}

/** They become stars, as many as there were visible characters. */
export function maskWords(text: string, words: readonly string[]): string {
  const folded = fold(text)
  const masked = new Set<number>()
  for (const word of words) for (const { from, to } of find(folded, word)) for (let at = from; at <= to; at++) masked.add(at)
  return Array.from(text, (point, at) => (masked.has(at) && !space.test(point) ? '*' : point)).join('')
}

interface Folded {
  text: string
  /** of each code unit, which code point of the original it came from */
  origins: number[]
}

function* find({ text, origins }: Folded, word: string): Generator<{ from: number; to: number }> {
  const wanted = fold(word).text.trim()
  if (wanted === '') return
  for (let start = text.indexOf(wanted); start >= 0; start = text.indexOf(wanted, start + 1)) {
    const end = start + wanted.length
    if (!standsAlone(pointBefore(text, start), Array.from(wanted)[0]) || !standsAlone(pointAt(text, end), Array.from(wanted).at(-1))) continue
    yield { from: origins[start] ?? 0, to: origins[end - 1] ?? 0 }
  }
}

// Upper and then lower case brings ß, ς and their like to one form; NFKD brings wide and styled letters to plain ones and sets their accents
// apart. What is drawn as nothing (zero-width spaces) is left out, or it would hide a word from us and not from the reader; so is all of a
// space but its first character.
function fold(original: string): Folded {
  let text = ''
  const origins: number[] = []
  for (const [origin, point] of Array.from(original).entries()) {
    const plain = invisible.test(point) ? '' : foldPoint(point)
    if (plain === ' ' && text.endsWith(' ')) continue
    text += plain
    for (let unit = 0; unit < plain.length; unit++) origins.push(origin)
  }
  return { text, origins }
}

function foldPoint(point: string): string {
  if (space.test(point)) return ' '
  if (plainAscii.test(point)) return point.toLowerCase()
  return point.normalize('NFKD').replaceAll(accents, '').normalize('NFKC').toUpperCase().toLowerCase()
}

/** A word ends where no letter or digit goes on; scripts without spaces have no such ends. */
function standsAlone(neighbour: string | undefined, edge: string | undefined): boolean {
  if (neighbour === undefined || edge === undefined) return true
  return !wordPart.test(neighbour) || !wordPart.test(edge) || unspaced.test(edge)
}

function pointAt(text: string, at: number): string | undefined {
  const point = text.codePointAt(at)
  return point === undefined ? undefined : String.fromCodePoint(point)
}

function pointBefore(text: string, at: number): string | undefined {
  return Array.from(text.slice(Math.max(0, at - 2), at)).at(-1)
}

const plainAscii = /^[\u0021-\u007e]$/
const space = /^\s$/u
const invisible = /^\p{Default_Ignorable_Code_Point}$/u
// Of scripts whose letters can do without them: in others a mark is a vowel.
const accents = /[\u0300-\u036f]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]/g
const wordPart = /^[\p{L}\p{N}\p{M}_]$/u
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u
