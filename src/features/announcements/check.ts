import type { Check, Violation } from '../../kernel/feature.ts'
import type { AnnouncementModels } from './model.ts'

const maxReported = 100

/** Nobody is counted twice: what came of it is never more than it was for, and all of it when it is over. */
export function createAnnouncementChecks({ Announcements }: AnnouncementModels): Check[] {
  return [{ name: 'announcements.counted', run: counted }]

  async function counted(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const row of Announcements.find({}, { user_ids: 0, text: 0 }).lean().cursor()) {
      if (found.length >= maxReported) break
      const told = row.sent + row.skipped + row.failed
      if (told > row.total) found.push({ check: 'announcements.counted', subject: row._id, detail: `was for ${row.total}, and counts ${told}` })
    }
    return found
  }
}
