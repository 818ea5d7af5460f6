import type { PersonalData } from '../../kernel/feature.ts'
import type { AnnouncementModels } from './model.ts'
import { presentAnnouncement } from './present.ts'

const maxRows = 10_000

export function createAnnouncementPersonal({ Announcements, OptOuts }: AnnouncementModels): PersonalData {
  return {
    name: 'announcements',
    async read(userId) {
      const made = await Announcements.find({ creator_id: userId }).sort({ _id: -1 }).limit(maxRows).lean()
      const refused = await OptOuts.find({ user_id: userId }).limit(maxRows).lean()
      return { announcements: made.map(presentAnnouncement), not_from: refused.map((row) => row._id.split('/')[0]) }
    },
    async erase(userId) {
      await Announcements.updateMany({ creator_id: userId }, { $set: { text: '', user_ids: [] } })
      await Announcements.updateMany({ user_ids: userId, status: { $in: ['done', 'cancelled'] } }, { $pull: { user_ids: userId } })
      await OptOuts.deleteMany({ user_id: userId })
    },
  }
}
