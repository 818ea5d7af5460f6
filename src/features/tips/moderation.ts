import { maskWords } from '../../kernel/words.ts'
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

const link = /(?:\p{L}[\p{L}\p{N}+.-]{0,20}:\/\/|www\.)\S+|[\p{L}\p{N}][\p{L}\p{N}-]{0,62}(?:\.[\p{L}\p{N}-]{1,63}){0,5}\.\p{L}{2,24}(?![\p{L}\p{N}])(?::\d+)?(?:\/\S*)?/giu
