/**
 * What a creator is found by. A name is findable from the beginning of each of its words ("Ana Mwila" by `an`, `ana mw` and `mwi`), and so
 * is a handle. Of each such phrase the prefixes of certain lengths are stored as rows of their own; a term is looked up by the longest of
 * them that it has and compared in full. So one term is one key of an index, whatever is asked, and a long term is a rare key.
 */
export interface Findable {
  name: string
  handle: string
  tags: readonly string[]
  category?: string | null
}

/** What is looked for: all that is given must hold. */
export interface Wanted {
  term: string
  tag: string | undefined
  category: string | undefined
}

const prefixLengths = [1, 2, 3, 4, 6, 8, 12, 16, 24]
const maxPhrases = 16
/** the row that everybody has: a search for nothing in particular */
export const everybody = ''

/** All the keys under which rows of this creator stand. */
export function keysOf(creator: Findable): string[] {
  const prefixes = phrasesOf(creator).flatMap((phrase) => {
    const characters = Array.from(phrase)
    return prefixLengths.filter((length) => length <= characters.length).map((length) => characters.slice(0, length).join(''))
  })
  return [...new Set([everybody, ...prefixes, ...creator.tags.map(tagKey), ...(creator.category ? [categoryKey(creator.category)] : [])])]
}

/** The one key that every creator whom this search can find has. */
export function keyFor({ term, tag, category }: Wanted): string {
  const characters = Array.from(term)
  const longest = prefixLengths.findLast((length) => length <= characters.length)
  if (longest !== undefined) return characters.slice(0, longest).join('')
  if (tag !== undefined) return tagKey(tag)
  return category === undefined ? everybody : categoryKey(category)
}

export function isFoundBy(creator: Findable, { term, tag, category }: Wanted): boolean {
  if (category !== undefined && creator.category !== category) return false
  if (tag !== undefined && !creator.tags.includes(tag)) return false
  return term === '' || phrasesOf(creator).some((phrase) => phrase.startsWith(term))
}

/** What was typed, as it is compared: taken literally, but for case, runs of spaces and the @ of a handle. */
export function termOf(typed: string): string {
  return fold(typed).replace(/^@/, '')
}

function phrasesOf({ name, handle }: Findable): string[] {
  const folded = fold(name)
  return [...new Set([folded, handle, ...tails(folded), ...tails(handle)])].slice(0, maxPhrases)
}

/** From each beginning of a word to the end: behind a space whatever it is, elsewhere a letter or digit behind something that is none. */
function tails(text: string): string[] {
  return [...text.matchAll(/(?<= )\S|(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}]/gu)].slice(0, maxPhrases).map(({ index }) => text.slice(index))
}

export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
}

// No folded text begins with a space, so a tag can't be taken for a term; and no tag has a second one, as a category has.
export function tagKey(tag: string): string {
  return ` ${tag}`
}

export function categoryKey(category: string): string {
  return `  ${category}`
}
