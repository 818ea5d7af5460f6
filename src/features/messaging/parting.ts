import type { Tx } from '../../kernel/events.ts'
import type { Relations } from '../profiles/index.ts'
import type { ConversationRow } from './model.ts'

export type Parting = ReturnType<typeof createParting>

/**
 * What a block does to a conversation: between two it ends it, and nobody speaks in the room of a creator across one. A group is neither's
 * place; there both stay.
 */
export function createParting(relations: Relations) {
  return Object.freeze({ at, claim })

  /** Who of them is parted, as it is just now. */
  async function at({ type, member_ids, creator_id }: ConversationRow, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (type === 'group') return nobody
    const keeper = type === 'room' ? creator_id : member_ids?.[0]
    const others = type === 'room' ? userIds : (member_ids ?? []).slice(1)
    if (!keeper || others.length === 0) return nobody
    const parted = [...(await relations.among(keeper, others))].filter(([, each]) => each.blocked).map(([id]) => id)
    return new Set(type === 'direct' && parted.length > 0 ? member_ids : parted)
  }

  /** The same, held for this transaction between two people: a block that comes meanwhile is before it or after it, never beside it. */
  async function claim(tx: Tx, conversation: ConversationRow, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const [by, whom] = conversation.type === 'direct' ? (conversation.member_ids ?? []) : []
    if (by && whom) await relations.takeTurn(tx, { by, whom })
    return at(conversation, userIds)
  }
}

const nobody: ReadonlySet<string> = new Set()
