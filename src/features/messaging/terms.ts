/**
 * What a message is found by. Of each word the beginnings of certain lengths are stored with the message, so one search is one stretch of
 * one index; a word is looked up by the longest of them that it has and compared in full. A message of ten words has some fifteen such
 * keys, which is what finding costs those who write.
 */
const prefixLengths = [2, 4, 8]
/** a message of four thousand characters has hardly more */
const maxTerms = 512

/** All the keys under which a text stands. */
export function termsOf(text: string): string[] {
  return [...new Set(wordsOf(text).flatMap(keysOf))].slice(0, maxTerms)
}

/** What is looked for: each of these begins a word of what is found. */
export function wordsOf(text: string): string[] {
  return [...new Set(fold(text).match(word) ?? [])]
}

/** The rarest of the keys that whatever is found has; undefined where the search is too short to have one. */
export function keyFor(words: readonly string[]): string | undefined {
  const keys = words.flatMap((each) => (prefixLengths.some((length) => lengthOf(each) >= length) || alone.test(each) ? (keysOf(each).at(-1) ?? []) : []))
  return keys.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]
}

export function isFoundBy(text: string, wanted: readonly string[]): boolean {
  const words = wordsOf(text)
  return wanted.every((each) => words.some((one) => one.startsWith(each)))
}

function keysOf(each: string): string[] {
  const characters = Array.from(each)
  const keys = prefixLengths.filter((length) => length <= characters.length).map((length) => characters.slice(0, length).join(''))
  return keys.length > 0 ? keys : [each]
}

// Upper and then lower case brings ß, ς and their like to one form. Accents go, other marks are letters of their scripts.
function fold(text: string): string {
  return text.normalize('NFKD').replaceAll(/[\u0300-\u036f]/g, '').toUpperCase().toLowerCase().normalize('NFC')
}

function lengthOf(each: string): number {
  return Array.from(each).length
}

/** in scripts without spaces each character begins a word */
const alone = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const word = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu
