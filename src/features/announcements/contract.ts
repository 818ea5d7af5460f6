import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

/** `all`: who follows, and whom the creator talks with; `members`: who may see what is for members */
export type AnnouncementAudience = 'all' | 'followers' | 'members' | 'list'
export type AnnouncementStatus = 'queued' | 'sending' | 'done' | 'cancelled'

export interface Announcement {
  announcement_id: string
  version: number
  audience: AnnouncementAudience
  text: string
  status: AnnouncementStatus
  /** how many it is for; those with whom the creator talks and who don't follow are counted as it comes to them */
  total: number
  sent: number
  /** who do not want it, or can't be reached */
  skipped: number
  /** whom it did not reach for a fault of ours */
  failed: number
  created_at: string
  finished_at: string | null
}

export interface CreateAnnouncement {
  audience: AnnouncementAudience
  /** for a list: people who follow you or talk with you */
  user_ids?: string[]
  /** for members: those of tiers of this rank or above; all of them without it */
  tier_rank?: number
  text: string
}

export interface AnnouncementConsent {
  creator_id: string
  receives: boolean
}

type AnnouncementId = { announcement_id: string }

export interface AnnouncementOperations {
  'announcement:create': { input: CreateAnnouncement; output: Announcement }
  'announcement:list': { input: PageQuery; output: Page<Announcement> }
  'announcement:read': { input: AnnouncementId; output: Announcement }
  'announcement:cancel': { input: AnnouncementId; output: Announcement }
  'announcement-consent:read': { input: { creator_id: string }; output: AnnouncementConsent }
  'announcement-consent:update': { input: AnnouncementConsent; output: AnnouncementConsent }
}

export const announcementRoutes = {
  'announcement:create': { route: 'POST /api/v1/announcements', once: 'optional' },
  'announcement:list': 'GET /api/v1/announcements',
  'announcement:read': 'GET /api/v1/announcements/:announcement_id',
  'announcement:cancel': 'DELETE /api/v1/announcements/:announcement_id',
  'announcement-consent:read': 'GET /api/v1/creators/:creator_id/announcement-consent',
  'announcement-consent:update': 'PUT /api/v1/creators/:creator_id/announcement-consent',
} as const satisfies Routes<AnnouncementOperations>

export interface AnnouncementFacts {
  /** to the creator: how far it is */
  'announcement:updated': Announcement
}
