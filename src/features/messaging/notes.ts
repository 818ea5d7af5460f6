import type { Tx } from '../../kernel/events.ts'
import type { AccountService } from '../accounts/index.ts'
import type { SystemNote } from './contract.ts'
import { peopleIn } from './lines.ts'
import type { Placing } from './placing.ts'
import { hearersOf, presentMessage } from './present.ts'

export type Notes = ReturnType<typeof createNotes>

/** What happened to a group or a room, told in its own place among what was said. In the transaction that made it happen. */
export function createNotes({ placing, accounts }: { placing: Placing; accounts: Pick<AccountService, 'namesOf'> }) {
  return Object.freeze({ note })

  async function note(tx: Tx, conversationId: string, what: Omit<SystemNote, 'subject_ids'> & { subject_ids?: string[] }): Promise<void> {
    const { conversation, row } = await placing.append(conversationId, { type: 'system', sender_id: what.actor_id, system: { subject_ids: [], ...what } })
    const names = await accounts.namesOf(peopleIn(row))
    await tx.publish('messages.created', { ...hearersOf(conversation), messages: [presentMessage(row, names)], mentioned: [] })
  }
}
