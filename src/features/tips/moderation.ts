import type { ModerationState, TipFilter, TipSettings } from './contract.ts'

export interface Shown {
  moderation: ModerationState
  /** what the audience gets to see, once it gets to see it */
  name: string | null
  message: string
}

/** Decides what the audience sees of a tip. The creator sees all of it, and the money moves regardless. */
export function moderate({ name, message }: { name: string | null; message: string }, { moderation, filter }: Pick<TipSettings, 'moderation' | 'filter'>): Shown {
  switch (moderation) {
    case 'auto':
      return { moderation: 'shown', name, message }
    case 'manual':
      return { moderation: 'pending', name, message }
    case 'filter':
      return applyFilter({ name, message }, filter)
  }
}

export function isShown(moderation: ModerationState): boolean {
  return moderation === 'shown' || moderation === 'text_hidden' || moderation === 'masked'
}

/** The filter's words in a text become stars, as many as there were visible characters. Words are literal: nothing in them is a pattern. */
export function maskWords(text: string, words: readonly string[]): string {
  const points = Array.from(text)
  const folded = points.flatMap((point, origin) => Array.from(fold(point), (unit) => ({ unit, origin })))
  const masked = new Set<number>()
  for (const word of words) {
    const wanted = Array.from(fold(word))
    if (wanted.length === 0) continue
    for (let start = 0; start + wanted.length <= folded.length; start++) {
      if (!wanted.every((unit, n) => folded[start + n]?.unit === unit)) continue
      if (!standsAlone(folded[start - 1]?.unit, wanted[0]) || !standsAlone(folded[start + wanted.length]?.unit, wanted.at(-1))) continue
      const from = folded[start]?.origin ?? 0
      const to = folded[start + wanted.length - 1]?.origin ?? 0
      for (let at = from; at <= to; at++) masked.add(at)
    }
  }
  return points.map((point, at) => (masked.has(at) && !/\s/u.test(point) ? '*' : point)).join('')
}

/** Addresses, with or without `https://`, become `[link]`. */
export function hideLinks(text: string): string {
  return text.replaceAll(link, '[link]')
}

function applyFilter(text: { name: string | null; message: string }, { words, action, hide_links }: TipFilter): Shown {
  const unlinked = hide_links ? { name: text.name && hideLinks(text.name), message: hideLinks(text.message) } : text
  const clean = { name: unlinked.name && maskWords(unlinked.name, words), message: maskWords(unlinked.message, words) }
  const badName = clean.name !== unlinked.name
  const badWords = badName || clean.message !== unlinked.message
  if (!badWords) {
    const linked = unlinked.name !== text.name || unlinked.message !== text.message
    return { moderation: linked ? 'masked' : 'shown', ...unlinked }
  }
  switch (action) {
    case 'drop':
      return { moderation: 'dropped', ...unlinked }
    case 'hide-text':
      return { moderation: 'text_hidden', name: badName ? null : unlinked.name, message: '' }
    case 'mask':
      return { moderation: 'masked', ...clean }
  }
}

// Upper and then lower case brings ß, ς and their like to one form; NFKC brings wide and styled letters to plain ones. What is drawn as
// nothing (zero-width spaces) is left out, or it would hide a word from us and not from the reader.
function fold(text: string): string {
  return Array.from(text, (point) => (invisible.test(point) ? '' : point.normalize('NFKC').toUpperCase().toLowerCase())).join('')
}

/** A word ends where no letter or digit goes on; scripts without spaces have no such ends. */
function standsAlone(neighbour: string | undefined, edge: string | undefined): boolean {
  if (neighbour === undefined || edge === undefined) return true
  return !wordPart.test(neighbour) || !wordPart.test(edge) || unspaced.test(edge)
}

const invisible = /^\p{Default_Ignorable_Code_Point}$/u
const wordPart = /^[\p{L}\p{N}\p{M}_]$/u
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u
const link = /(?:\p{L}[\p{L}\p{N}+.-]{0,20}:\/\/|www\.)\S+|[\p{L}\p{N}][\p{L}\p{N}-]{0,62}(?:\.[\p{L}\p{N}-]{1,63}){0,5}\.\p{L}{2,24}(?![\p{L}\p{N}])(?::\d+)?(?:\/\S*)?/giu
