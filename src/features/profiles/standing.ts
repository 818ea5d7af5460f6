import type { Tx } from '../../kernel/events.ts'
import type { ProfileModels, ProfileRow, SearchRow } from './model.ts'
import { keysOf } from './search-terms.ts'

export type Standing = ReturnType<typeof createStanding>

/** Keeps a profile and the rows by which it is found of one mind: whoever changes what they share does it here, in a transaction. */
export function createStanding({ Profiles, SearchRows }: Pick<ProfileModels, 'Profiles' | 'SearchRows'>) {
  return Object.freeze({ move, index })

  /** Moves a counter. @returns the profile afterwards */
  async function move(_tx: Tx, creatorId: string, change: Partial<Record<'followers' | 'trending', number>>): Promise<ProfileRow | null> {
    const moved = await Profiles.findOneAndUpdate({ _id: creatorId }, { $inc: change }, { returnDocument: 'after' }).lean()
    await SearchRows.updateMany({ creator_id: creatorId }, { $inc: change })
    return moved
  }

  /** Writes the search rows anew. The caller has just written the profile, so two that do this at once conflict there. */
  async function index(_tx: Tx, row: ProfileRow): Promise<void> {
    const { _id: creator_id, name_key, followers, trending } = row
    const rows: SearchRow[] = (row.hidden_at ? [] : keysOf(row)).map((key) => ({ _id: `${creator_id}|${key}`, key, creator_id, name_key, followers, trending }))
    await SearchRows.deleteMany({ creator_id })
    if (rows.length > 0) await SearchRows.insertMany(rows)
  }
}
