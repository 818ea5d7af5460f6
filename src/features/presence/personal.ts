import type { PersonalData } from '../../kernel/feature.ts'
import type { PresenceModels } from './model.ts'

export function createPresencePersonal({ Rows }: PresenceModels): PersonalData {
  return {
    name: 'presence',
    async read(userId) {
      const row = await Rows.findById(userId).lean()
      return { last_seen_at: row?.last_seen_at?.toISOString() ?? null, hides_presence: row?.hides ?? false }
    },
    async erase(userId) {
      await Rows.deleteOne({ _id: userId })
    },
  }
}
