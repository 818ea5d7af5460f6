import type { Page } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

export interface Creator {
  id: string
  name: string
  bio: string
  avatar: string | null
  /** minor units of the default currency; null unless the creator shows them */
  earnings: number | null
  followers: number
}

export interface OwnCreator extends Creator {
  full_name: string
  bank_account: string | null
}

export interface UpdateCreator {
  full_name?: string
  bio?: string
  avatar_url?: string | null
  bank_account?: string | null
}

export interface ProfileOperations {
  'creator:me': { input: Record<string, never>; output: OwnCreator }
  'creator:update': { input: UpdateCreator; output: OwnCreator }
  'creator:search': { input: { q?: string; limit?: number; cursor?: string }; output: Page<Creator> }
  'creator:read': { input: { creator_id: string }; output: Creator }
}

export const profileRoutes = {
  'creator:me': 'GET /api/v1/creators/me',
  'creator:update': 'PUT /api/v1/creators/me',
  'creator:search': 'GET /api/v1/creators',
  'creator:read': 'GET /api/v1/creators/:creator_id',
} as const satisfies Routes<ProfileOperations>
