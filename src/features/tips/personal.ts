import type { Clock } from '../../kernel/clock.ts'
import type { PersonalData } from '../../kernel/feature.ts'
import type { TipModels } from './model.ts'
import { presentGoal, presentSent, presentTip } from './present.ts'

const maxRows = 10_000
const erasedName = 'Deleted user'
const erasedTitle = 'Goal'

/** Tips that somebody sent and received, and a creator's goals and settings. Who is erased keeps no name and no words in them; the amounts stay. */
export function createTipPersonal({ Tips, StreamFans, Goals, Settings }: TipModels, clock: Clock): PersonalData {
  return {
    name: 'tips',
    async read(userId) {
      const [sent, received] = await Promise.all([Tips.find({ fan_id: userId }).limit(maxRows).lean(), Tips.find({ creator_id: userId, state: 'sent' }).limit(maxRows).lean()])
      const goals = await Goals.find({ creator_id: userId }).sort({ _id: -1 }).limit(maxRows).lean()
      const settings = await Settings.findById(userId).lean()
      const now = clock.now()
      return {
        sent: sent.map((row) => presentSent(row, '')),
        received: received.map(presentTip),
        goals: goals.map((row) => presentGoal(row, now)),
        settings: settings?.settings ?? null,
      }
    },
    async erase(userId) {
      await Tips.updateMany({ fan_id: userId }, { $set: { fan_name: erasedName, message: '' } })
      await Tips.updateMany({ fan_id: userId, shown_message: { $exists: true } }, { $set: { shown_message: '' } })
      await Tips.updateMany({ fan_id: userId, shown_name: { $type: 'string' } }, { $set: { shown_name: erasedName } })
      await Goals.updateMany({ creator_id: userId }, { $set: { title: erasedTitle } })
      await Settings.deleteOne({ _id: userId })
      await StreamFans.updateMany({ _id: new RegExp(`/${userId}$`) }, { $set: { name: erasedName } })
    },
  }
}
