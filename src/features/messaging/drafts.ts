import type { Context } from '../../kernel/context.ts'
import type { HeldRow, MessageRow, Saying } from './model.ts'

/** Something that somebody wants to say. */
export interface Draft extends Saying {
  sender_id: string
  sender_name: string
  /** it waited, and is let go by somebody who keeps order, or by its time */
  waited?: { row: HeldRow; by: Context | null }
}

/** What its sender calls it: said once, however often it is sent. */
export function nameOf({ sender_id, client_msg_id }: Pick<MessageRow, 'sender_id' | 'client_msg_id'>): string {
  return `${sender_id}/${client_msg_id}`
}

/** Compared with what was sent, not with what became of it. */
export function isSame(row: MessageRow, draft: Draft): boolean {
  // What was copied may have been changed where it came from; it is the same forwarding all the same.
  if (row.forward_of !== undefined || draft.forward_of !== undefined) return row.forward_of === draft.forward_of
  const first = row.edits[0]?.text ?? row.text
  const files = (row.media ?? []).map((each) => each.media_id).join()
  return (row.deleted_at !== null || (first === draft.text && files === (draft.media_ids ?? []).join())) && row.reply_to_id === (draft.reply_to_id ?? null)
}

/** The same of what waits: whole; of a forwarding, what is forwarded. */
export function isSameContent({ content }: Pick<HeldRow, 'content'>, other: HeldRow['content']): boolean {
  if (content.forward_of !== undefined || other.forward_of !== undefined) return content.forward_of === other.forward_of
  return inOneOrder(content) === inOneOrder(other)
}

export function contentOf({ conversation_id: _place, client_msg_id: _name, sender_id: _id, sender_name: _called, waited: _row, ...content }: Draft): HeldRow['content'] {
  return content
}

function inOneOrder(content: HeldRow['content']): string {
  return JSON.stringify(Object.entries(content).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
