import type { Routes } from '../../kernel/operation.ts'

export type PresenceState = 'online' | 'away' | 'offline'

export interface Presence {
  user_id: string
  state: PresenceState
  /** absent while they are there, and where it is not known or not told */
  last_seen_at?: string
}

export interface PresenceSettings {
  /** nobody is told whether you are there, nor are you told it of anybody */
  hides_presence: boolean
}

type Nothing = Record<string, never>

export interface PresenceOperations {
  'presence:set': { input: { state: 'online' | 'away' }; output: Nothing }
  'presence:subscribe': { input: { user_ids: string[] }; output: { data: Presence[] } }
  'presence:read': { input: { user_id: string }; output: Presence }
  'presence-settings:read': { input: Nothing; output: PresenceSettings }
  'presence-settings:update': { input: PresenceSettings; output: PresenceSettings }
}

export const presenceRoutes = {
  'presence:set': 'socket-only',
  'presence:subscribe': 'socket-only',
  'presence:read': 'GET /api/v1/users/:user_id/presence',
  'presence-settings:read': 'GET /api/v1/presence-settings',
  'presence-settings:update': 'PUT /api/v1/presence-settings',
} as const satisfies Routes<PresenceOperations>

/** Told and forgotten: whoever was away subscribes again and has it as it is. */
export interface PresenceFacts {
  'presence:changed': Presence
}
