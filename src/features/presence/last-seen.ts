import type { Wall } from '../../kernel/clock.ts'
import type { AccountService } from '../accounts/index.ts'
import type { PresenceModels } from './model.ts'

const chunk = 500

export type LastSeen = ReturnType<typeof createLastSeen>

/** When somebody was there last, for when they are not. It is written now and then while they are there, so that a crash costs a minute of it. */
export function createLastSeen({ models: { Rows }, accounts, wall }: { models: PresenceModels; accounts: Pick<AccountService, 'livingAmong'>; wall: Wall }) {
  return Object.freeze({ note })

  async function note(userIds: Iterable<string>): Promise<void> {
    const all = [...userIds]
    const last_seen_at = wall.now()
    for (let from = 0; from < all.length; from += chunk) {
      // Of whoever was erased meanwhile, nothing is written anew.
      const living = await accounts.livingAmong(all.slice(from, from + chunk))
      if (living.size > 0) await Rows.bulkWrite([...living].map((_id) => ({ updateOne: { filter: { _id }, update: { $max: { last_seen_at }, $setOnInsert: { hides: false } }, upsert: true } })), { ordered: false })
    }
  }
}
