import type { Role } from '../../kernel/context.ts'
import type { Routes } from '../../kernel/operation.ts'

export interface User {
  id: string
  email: string
  full_name: string
  role: Role
  created_at: string
}

export interface Register {
  email: string
  password: string
  full_name: string
  role: 'fan' | 'creator'
}

export interface SignedIn {
  access_token: string
  refresh_token: string
  user: User
}

export interface TokenPair {
  access_token: string
  refresh_token: string
}

export interface AccountOperations {
  'account:register': { input: Register; output: SignedIn }
  'account:login': { input: { email: string; password: string }; output: SignedIn }
  'account:refresh': { input: { refresh_token: string }; output: TokenPair }
  'account:logout': { input: { refresh_token: string }; output: Record<string, never> }
  'account:me': { input: Record<string, never>; output: { user: User } }
}

export const accountRoutes = {
  'account:register': 'POST /api/v1/auth/register',
  'account:login': 'POST /api/v1/auth/login',
  'account:refresh': 'POST /api/v1/auth/refresh',
  'account:logout': 'POST /api/v1/auth/logout',
  'account:me': 'GET /api/v1/auth/me',
} as const satisfies Routes<AccountOperations>

export interface AccountFacts {
  'session:ready': { user_id: string; session_id: string; server_time: string }
  'session:revoked': { reason: string }
  'server:draining': { reconnect_in_ms: number }
}
