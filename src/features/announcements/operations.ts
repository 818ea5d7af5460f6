import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { announcementRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { AnnouncementService } from './service.ts'

export function announcementOperations(announcements: AnnouncementService): AnyOperation[] {
  return [
    operation({
      name: 'announcement:create',
      summary: 'Tell all your followers, or a list of people who know you, each in their own conversation with you',
      ...announcementRoutes['announcement:create'],
      audience: 'creator',
      status: 201,
      errors: ['not-found'],
      input: schema.createAnnouncement,
      output: schema.announcement,
      handle: announcements.create,
    }),
    operation({
      name: 'announcement:list',
      summary: 'What you announced, newest first, and how far it is',
      route: announcementRoutes['announcement:list'],
      audience: 'creator',
      errors: ['cursor'],
      input: schema.listQuery,
      output: schema.announcementPage,
      handle: announcements.list,
    }),
    operation({
      name: 'announcement:read',
      summary: 'How far one of your announcements is',
      route: announcementRoutes['announcement:read'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.announcementId,
      output: schema.announcement,
      handle: announcements.read,
    }),
    operation({
      name: 'announcement:cancel',
      summary: 'Tell nobody further; whoever was told keeps it',
      route: announcementRoutes['announcement:cancel'],
      audience: 'creator',
      errors: ['not-found', 'stale-state'],
      input: schema.announcementId,
      output: schema.announcement,
      handle: announcements.cancel,
    }),
    operation({
      name: 'announcement-consent:read',
      summary: 'Whether you get a creator’s announcements',
      route: announcementRoutes['announcement-consent:read'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.consent,
      handle: announcements.consent,
    }),
    operation({
      name: 'announcement-consent:update',
      summary: 'Get a creator’s announcements or not, whether you follow them or not',
      route: announcementRoutes['announcement-consent:update'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.consent,
      output: schema.consent,
      handle: announcements.setConsent,
    }),
  ]
}

export const announcementFacts: AnyFact[] = [fact({ name: 'announcement:updated', summary: 'One of your announcements has come further, or is over', namespace: '/', room: 'user', data: schema.announcement })]
