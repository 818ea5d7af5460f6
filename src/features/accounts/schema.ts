import Joi from 'joi'
import type { Role } from '../../kernel/context.ts'
import { cursor, email, id, instant, limit, name, nothing, opaque, page, password, text } from '../../kernel/schema.ts'
import type { AccountFacts, AdminUser, DeletionState, Register, ResetPassword, SignedIn, SignInSession, SteppedUp, TokenPair, User, UserQuery, UserStatus } from './contract.ts'
import type { PageQuery } from '../../kernel/page.ts'

const role = Joi.string<Role>().valid('fan', 'creator', 'admin')
const userShape = {
  id: id.required(),
  email: email.required(),
  full_name: Joi.string().required(),
  role: role.required(),
  email_verified: Joi.boolean().required(),
  deletion_due_at: instant.allow(null).required(),
  created_at: instant.required(),
}
export const user = Joi.object<User, true>(userShape)

export const register = Joi.object<Register, true>({
  email: email.required(),
  password: password.required(),
  full_name: name(100).required(),
  // Nobody makes himself an admin.
  role: Joi.string<'fan' | 'creator'>().valid('fan', 'creator').required(),
})

// A sign-in takes any text as a password: what the rules are today says nothing of an old account.
export const login = Joi.object<{ email: string; password: string }, true>({
  email: Joi.string().min(1).max(254).required(),
  password: Joi.string().min(1).max(128).required(),
})
export const refreshToken = Joi.object<{ refresh_token: string }, true>({ refresh_token: opaque.required() })

export const tokenPair = Joi.object<TokenPair, true>({ access_token: opaque.required(), refresh_token: opaque.required() })
export const signedIn = Joi.object<SignedIn, true>({
  access_token: opaque.required(),
  refresh_token: opaque.required(),
  user: user.required(),
})
export const me = Joi.object<{ user: User }, true>({ user: user.required() })
export { nothing }

export const sessionReady = Joi.object<AccountFacts['session:ready'], true>({
  user_id: id.required(),
  session_id: id.required(),
  server_time: instant.required(),
})
export const sessionRevoked = Joi.object<AccountFacts['session:revoked'], true>({ reason: Joi.string().required() })
export const serverDraining = Joi.object<AccountFacts['server:draining'], true>({
  reconnect_in_ms: Joi.number().integer().min(0).required(),
})
export const sessionResync = Joi.object<AccountFacts['session:resync']>({})
export const sessionExpiring = Joi.object<AccountFacts['session:expiring'], true>({ in_ms: Joi.number().integer().min(0).required() })

const code = Joi.string().min(1).max(64)
export const verifyEmail = Joi.object<{ email: string; code: string }, true>({ email: email.required(), code: code.required() })
export const forgotPassword = Joi.object<{ email: string }, true>({ email: email.required() })
export const resetPassword = Joi.object<ResetPassword, true>({ email: email.required(), code: code.required(), password: password.required() })
export const stepUp = Joi.object<{ password: string }, true>({ password: Joi.string().min(1).max(128).required() })
export const steppedUp = Joi.object<SteppedUp, true>({ until: instant.required() })
export const changePassword = Joi.object<{ current_password: string; password: string }, true>({ current_password: Joi.string().min(1).max(128).required(), password: password.required() })
export const confirmPassword = Joi.object<{ password: string }, true>({ password: Joi.string().min(1).max(128).required() })
export const deletionState = Joi.object<DeletionState, true>({ deletion_due_at: instant.allow(null).required() })
// What every feature keeps on a person, under the feature's own name.
export const exported = Joi.object<Record<string, unknown>>().unknown(true)

export const sessionQuery = Joi.object<PageQuery, true>({ limit, cursor })
export const sessionPage = page(
  Joi.object<SignInSession, true>({
    session_id: id.required(),
    device: Joi.string().required(),
    address: Joi.string().allow('').required(),
    created_at: instant.required(),
    last_used_at: instant.required(),
    current: Joi.boolean().required(),
  }),
)
export const sessionId = Joi.object<{ session_id: string }, true>({ session_id: id.required() })
export const endedSessions = Joi.object<{ ended: number }, true>({ ended: Joi.number().integer().min(0).required() })
export const accessToken = Joi.object<{ token: string }, true>({ token: opaque.required() })
export const expiresIn = Joi.object<{ expires_in_ms: number }, true>({ expires_in_ms: Joi.number().integer().min(0).required() })

const status = Joi.string<UserStatus>().valid('active', 'suspended', 'erased')
export const userQuery = Joi.object<UserQuery, true>({ q: text(100), role, status, limit, cursor })
export const adminUser = Joi.object<AdminUser, true>({ ...userShape, status: status.required(), suspended_reason: Joi.string().allow(null).required() })
export const userPage = page(adminUser)
export const userId = Joi.object<{ user_id: string }, true>({ user_id: id.required() })
export const suspend = Joi.object<{ user_id: string; reason: string }, true>({ user_id: id.required(), reason: name(200).required() })
export const setRole = Joi.object<{ user_id: string; role: Role }, true>({ user_id: id.required(), role: role.required() })
