import Joi from 'joi'
import { cursor, id, instant, limit, page, text } from '../../kernel/schema.ts'
import type { PageQuery } from '../../kernel/page.ts'
import type { Announcement, AnnouncementConsent, CreateAnnouncement } from './contract.ts'

const words = text(2_000)
const count = Joi.number().integer().min(0)
const audience = Joi.string<Announcement['audience']>().valid('all', 'followers', 'members', 'list')

export const createAnnouncement = Joi.object<CreateAnnouncement, true>({
  audience: audience.required(),
  user_ids: Joi.array<string[]>().items(id).min(1).max(500).unique(),
  tier_rank: Joi.number().integer().min(0).max(1_000),
  text: words.pattern(/\S/u).example('Tonight at eight, a new song!').required(),
})
export const listQuery = Joi.object<PageQuery, true>({ limit, cursor })
export const announcementId = Joi.object<{ announcement_id: string }, true>({ announcement_id: id.required() })
export const announcement = Joi.object<Announcement, true>({
  announcement_id: id.required(),
  version: Joi.number().integer().min(1).required(),
  audience: audience.required(),
  text: words.required(),
  status: Joi.string<Announcement['status']>().valid('queued', 'sending', 'done', 'cancelled').required(),
  total: count.required(),
  sent: count.required(),
  skipped: count.required(),
  failed: count.required(),
  created_at: instant.required(),
  finished_at: instant.allow(null).required(),
})
export const announcementPage = page(announcement)
export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })
export const consent = Joi.object<AnnouncementConsent, true>({ creator_id: id.required(), receives: Joi.boolean().required() })
