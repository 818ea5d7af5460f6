import type { Announcement } from './contract.ts'
import type { AnnouncementRow } from './model.ts'

export function presentAnnouncement(row: Omit<AnnouncementRow, 'user_ids'>): Announcement {
  const { _id, version, audience, text, status, total, sent, skipped, failed, created_at, finished_at } = row
  return { announcement_id: _id, version, audience, text, status, total, sent, skipped, failed, created_at: created_at.toISOString(), finished_at: finished_at?.toISOString() ?? null }
}
