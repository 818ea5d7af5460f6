import Joi from 'joi'
import { id, instant, nothing } from '../../kernel/schema.ts'
import type { Presence, PresenceOperations, PresenceSettings } from './contract.ts'

export { nothing }

export const maxWatched = 100

export const setPresence = Joi.object<PresenceOperations['presence:set']['input']>({ state: Joi.string<'online'>().valid('online', 'away').required() })
export const subscribe = Joi.object<{ user_ids: string[] }, true>({ user_ids: Joi.array<string[]>().items(id).max(maxWatched).unique().required() })
export const userId = Joi.object<{ user_id: string }, true>({ user_id: id.required() })
export const presence = Joi.object<Presence, true>({ user_id: id.required(), state: Joi.string<Presence['state']>().valid('online', 'away', 'offline').required(), last_seen_at: instant })
export const snapshot = Joi.object<{ data: Presence[] }, true>({ data: Joi.array<Presence[]>().items(presence).max(maxWatched).required() })
export const settings = Joi.object<PresenceSettings, true>({ hides_presence: Joi.boolean().required() })
