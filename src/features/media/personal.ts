import type { PersonalData } from '../../kernel/feature.ts'
import { type MediaModels, presentMedia } from './model.ts'
import type { Sweep } from './sweep.ts'

const maxRows = 10_000

/** The files that somebody sent. Who is erased leaves none of them. */
export function createMediaPersonal({ Assets, Usage }: MediaModels, sweep: Pick<Sweep, 'removeOf'>): PersonalData {
  return {
    name: 'media',
    async read(userId) {
      const rows = await Assets.find({ owner_id: userId, state: { $in: ['ready', 'attached'] } }).sort({ _id: -1 }).limit(maxRows).lean()
      return rows.map((row) => ({ ...presentMedia(row), message_id: row.message_id, created_at: row.created_at.toISOString() }))
    },
    async erase(userId) {
      await sweep.removeOf(userId)
      await Usage.deleteOne({ _id: userId, bytes: 0 })
    },
  }
}
