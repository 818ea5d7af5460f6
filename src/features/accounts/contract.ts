import type { Role } from '../../kernel/context.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

export interface User {
  id: string
  email: string
  full_name: string
  role: Role
  email_verified: boolean
  /** when the account will be erased, if that was asked for */
  deletion_due_at: string | null
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

/** One place where somebody is signed in. */
export interface SignInSession {
  session_id: string
  /** browser and system, as the browser tells them */
  device: string
  address: string
  created_at: string
  last_used_at: string
  /** the one that asks */
  current: boolean
}

export interface ResetPassword {
  email: string
  code: string
  password: string
}

/** For so long this sign-in may do what moves money out, or changes where it goes. */
export interface SteppedUp {
  until: string
}

export type UserStatus = 'active' | 'suspended' | 'erased'

/** A user as an admin sees them. */
export interface AdminUser extends User {
  status: UserStatus
  suspended_reason: string | null
}

export interface UserQuery extends PageQuery {
  /** the beginning of the name or of the email address */
  q?: string
  role?: Role
  status?: UserStatus
}

export interface DeletionState {
  deletion_due_at: string | null
}

type Nothing = Record<string, never>

export interface AccountOperations {
  'account:register': { input: Register; output: SignedIn }
  'account:login': { input: { email: string; password: string }; output: SignedIn }
  'account:refresh': { input: { refresh_token: string }; output: TokenPair }
  'account:logout': { input: { refresh_token: string }; output: Nothing }
  'account:me': { input: Nothing; output: { user: User } }
  'account:verify-email': { input: { email: string; code: string }; output: Nothing }
  'account:resend-verification': { input: Nothing; output: Nothing }
  'account:forgot-password': { input: { email: string }; output: Nothing }
  'account:reset-password': { input: ResetPassword; output: Nothing }
  'account:change-password': { input: { current_password: string; password: string }; output: Nothing }
  'account:step-up': { input: { password: string }; output: SteppedUp }
  'account:export': { input: Nothing; output: Record<string, unknown> }
  'account:delete': { input: { password: string }; output: DeletionState }
  'account:undelete': { input: Nothing; output: DeletionState }
  'session:list': { input: PageQuery; output: Page<SignInSession> }
  'session:revoke': { input: { session_id: string }; output: Nothing }
  'session:revoke-others': { input: Nothing; output: { ended: number } }
  'session:refresh-token': { input: { token: string }; output: { expires_in_ms: number } }
  'user:list': { input: UserQuery; output: Page<AdminUser> }
  'user:suspend': { input: { user_id: string; reason: string }; output: AdminUser }
  'user:restore': { input: { user_id: string }; output: AdminUser }
  'user:set-role': { input: { user_id: string; role: Role }; output: AdminUser }
}

export const accountRoutes = {
  'account:register': { route: 'POST /api/v1/auth/register', door: 'http' },
  'account:login': { route: 'POST /api/v1/auth/login', door: 'http' },
  'account:refresh': { route: 'POST /api/v1/auth/refresh', door: 'http' },
  'account:logout': { route: 'POST /api/v1/auth/logout', door: 'http' },
  'account:me': 'GET /api/v1/auth/me',
  'account:verify-email': { route: 'POST /api/v1/auth/verify-email', door: 'http' },
  'account:resend-verification': 'POST /api/v1/auth/verify-email/resend',
  'account:forgot-password': { route: 'POST /api/v1/auth/forgot-password', door: 'http' },
  'account:reset-password': { route: 'POST /api/v1/auth/reset-password', door: 'http' },
  'account:change-password': 'POST /api/v1/auth/change-password',
  'account:step-up': 'POST /api/v1/auth/step-up',
  'account:export': { route: 'GET /api/v1/auth/export', door: 'http' },
  'account:delete': 'POST /api/v1/auth/delete',
  'account:undelete': 'POST /api/v1/auth/delete/undo',
  'session:list': 'GET /api/v1/auth/sessions',
  'session:revoke': 'DELETE /api/v1/auth/sessions/:session_id',
  'session:revoke-others': 'POST /api/v1/auth/sessions/revoke-others',
  'session:refresh-token': 'socket-only',
  'user:list': 'GET /api/v1/admin/users',
  'user:suspend': 'POST /api/v1/admin/users/:user_id/suspend',
  'user:restore': 'POST /api/v1/admin/users/:user_id/restore',
  'user:set-role': 'POST /api/v1/admin/users/:user_id/role',
} as const satisfies Routes<AccountOperations>

export interface AccountFacts {
  'session:ready': { user_id: string; session_id: string; server_time: string }
  /** about a minute before the access token ends: fetch a new one and give it to `session:refresh-token` */
  'session:expiring': { in_ms: number }
  'session:revoked': { reason: string }
  /** facts may not have come for a while: ask for what you follow since the last step you have */
  'session:resync': Nothing
  'server:draining': { reconnect_in_ms: number }
}
