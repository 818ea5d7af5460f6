import { exponentOf, isCurrency } from '../../kernel/currency.ts'
import type { AnnouncedTip } from '../tips/contract.ts'
import type { Message, SystemNote } from './contract.ts'
import type { MessageRow } from './model.ts'

type Names = ReadonlyMap<string, string>

/** A message with what its tip says now; null for what the audience does not see (any more). */
export type ToldRow = MessageRow & { told?: AnnouncedTip | null }

/** Whose names are needed to show it. */
export function peopleIn({ sender_id, system }: Pick<MessageRow, 'sender_id' | 'system'>): string[] {
  return system ? [sender_id, system.actor_id, ...system.subject_ids] : [sender_id]
}

/** Nothing is left of a line whose tip the audience does not see. */
export function isWithheld({ tip, told }: ToldRow): boolean {
  return tip !== undefined && !told
}

/** What it says, in words for whoever does not know its type. Of people and tips only ids are stored, so what is shown follows the account and the moderation. */
export function presentLine(row: ToldRow, names: Names): Pick<Message, 'text' | 'system' | 'tip'> {
  if (row.system) return { text: sentenceOf(row.system, names), system: systemOf(row.system) }
  if (row.tip && row.told) return { text: tipText(row.told), tip: { ...row.tip, name: row.told.name, text: row.told.message } }
  return { text: row.text }
}

function systemOf({ kind, actor_id, subject_ids, title }: SystemNote): SystemNote {
  return { kind, actor_id, subject_ids, ...(title === undefined ? {} : { title }) }
}

function sentenceOf({ kind, actor_id, subject_ids, title = '' }: SystemNote, names: Names): string {
  const who = nameOf(actor_id, names)
  const whom = listed(subject_ids.map((each) => nameOf(each, names)))
  switch (kind) {
    case 'created':
      return `${who} made this group`
    case 'added':
      return `${who} added ${whom}`
    case 'invited':
      return `${who} invited ${whom}`
    case 'joined':
      return `${who} joined`
    case 'left':
      return `${who} left`
    case 'removed':
      return `${who} removed ${whom}`
    case 'admin':
      return `${who} made ${whom} an admin`
    case 'member':
      return `${who} made ${whom} a member`
    case 'owner':
      return `${whom} keeps this group now`
    case 'renamed':
      return `${who} named it “${title}”`
    case 'settings':
      return `${who} changed the settings`
  }
}

const maxNamed = 5

function listed(names: string[]): string {
  const more = names.length - maxNamed
  if (more > 1) return `${names.slice(0, maxNamed).join(', ')} and ${more} more`
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function nameOf(userId: string, names: Names): string {
  return names.get(userId) ?? 'Somebody'
}

function tipText({ amount, currency, name, message }: AnnouncedTip): string {
  const exponent = isCurrency(currency) ? exponentOf(currency) : 2
  const digits = String(amount).padStart(exponent + 1, '0')
  const shown = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
  return `${name ?? 'Somebody'} tipped ${currency} ${shown}${message === '' ? '' : `: ${message}`}`
}
