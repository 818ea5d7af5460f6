import type { PersonalData } from '../../kernel/feature.ts'
import type { OverlayModels } from './model.ts'
import { presentOverlay } from './present.ts'

const erasedName = 'Deleted user'
const maxRows = 1_000

/** A creator's overlays, and what alerts show of whoever tipped. */
export function createOverlayPersonal({ Overlays, Alerts }: OverlayModels): PersonalData {
  return {
    name: 'overlays',
    async read(userId) {
      const rows = await Overlays.find({ creator_id: userId }).limit(maxRows).lean()
      return rows.map((row) => presentOverlay(row, 0))
    },
    async erase(userId) {
      await Alerts.updateMany({ sender_id: userId }, { $set: { message: '' } })
      await Alerts.updateMany({ sender_id: userId, name: { $type: 'string' } }, { $set: { name: erasedName } })
      const own = await Overlays.find({ creator_id: userId }, { _id: 1 }).limit(maxRows).lean()
      await Alerts.deleteMany({ overlay_id: { $in: own.map((row) => row._id) } })
      await Overlays.deleteMany({ creator_id: userId })
    },
  }
}
