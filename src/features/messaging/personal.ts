import type { Clock } from '../../kernel/clock.ts'
import type { PersonalData } from '../../kernel/feature.ts'
import type { MessagingModels } from './model.ts'
import { presentReminder } from './reminders.ts'

const maxRows = 10_000

/** What somebody said, and where. Who is erased leaves the places of their messages and none of the words. */
export function createMessagingPersonal({ Participations, Messages, Reactions, Mentions, Reminders, Settings, Held }: MessagingModels, clock: Clock): PersonalData {
  return {
    name: 'messaging',
    async read(userId) {
      const [said, seats, reminders, settings, held] = await Promise.all([
        Messages.find({ sender_id: userId, type: { $nin: ['system', 'tip'] } }).sort({ _id: -1 }).limit(maxRows).lean(),
        Participations.find({ user_id: userId }).limit(maxRows).lean(),
        Reminders.find({ user_id: userId }).sort({ _id: -1 }).limit(maxRows).lean(),
        Settings.findById(userId).lean(),
        Held.find({ sender_id: userId }).sort({ _id: -1 }).limit(maxRows).lean(),
      ])
      return {
        messages: said.map((row) => ({ message_id: row._id, conversation_id: row.conversation_id, text: row.text, created_at: row.created_at.toISOString(), edits: row.edits.map((each) => each.text) })),
        conversations: seats.map((row) => ({ conversation_id: row.conversation_id, state: row.state, role: row.role, read_seq: row.read_seq })),
        reminders: reminders.map(presentReminder),
        held: held.map((row) => ({ held_id: row._id, conversation_id: row.conversation_id, text: row.content.text, state: row.state, created_at: row.created_at.toISOString() })),
        settings: settings && { who_may_write: settings.who_may_write, reads_privately: settings.reads_privately },
      }
    },
    async erase(userId) {
      await Messages.updateMany({ sender_id: userId }, { $set: { text: '', edits: [], mentions: [], terms: [], media: [] } })
      await Messages.updateMany({ sender_id: userId, 'system.title': { $exists: true } }, { $set: { 'system.title': '' } })
      await Reminders.updateMany({ user_id: userId, state: 'open' }, { $set: { state: 'cancelled', ended_at: clock.now() }, $unset: { slot: 1 } })
      await Reminders.updateMany({ user_id: userId }, { $set: { text: '' } })
      await Reactions.deleteMany({ user_id: userId })
      await Mentions.deleteMany({ user_id: userId })
      await Held.deleteMany({ sender_id: userId })
      await Settings.deleteOne({ _id: userId })
    },
  }
}
