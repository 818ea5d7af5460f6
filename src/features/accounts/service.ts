import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Role } from '../../kernel/context.ts'
import { AppError, ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { FailureLimiter, Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Register, SignedIn, TokenPair, User } from './contract.ts'
import type { AccountModels, UserRow } from './model.ts'
import type { Passwords } from './passwords.ts'
import { presentUser } from './present.ts'
import type { Sessions } from './sessions.ts'
import type { AccessTokens, UserActor } from './tokens.ts'

export interface AccountDependencies {
  models: AccountModels
  unitOfWork: UnitOfWork
  passwords: Passwords
  tokens: AccessTokens
  sessions: Sessions
  failedSignIns: FailureLimiter
  registrations: Limiter
  clock: Clock
  wall: Wall
}

/** Live epochs are believed this long before the row is asked again. */
const epochCacheMs = 5_000
const epochCacheSize = 50_000

export type AccountService = ReturnType<typeof createAccountService>

export function createAccountService({ models, unitOfWork, passwords, tokens, sessions, failedSignIns, registrations, clock, wall }: AccountDependencies) {
  const { Users } = models
  const seen = new Map<string, { epoch: number; role: Role; live: boolean; until: number }>()

  return Object.freeze({ register, login, refresh, logout, me, actorOf, ensureAdmin, find })

  async function register(ctx: Context, input: Register): Promise<SignedIn> {
    await registrations.take(ctx.address)
    const password_hash = await passwords.hash(input.password)
    const row: UserRow = {
      _id: newId('usr'),
      email: input.email,
      email_key: emailKey(input.email),
      password_hash,
      full_name: input.full_name,
      role: input.role,
      epoch: 1,
      created_at: clock.now(),
    }
    return signIn(await store(ctx, row))
  }

  /** @throws AppError `unauthenticated` whether the address or the password is wrong; `rate-limited` after ten failures */
  async function login(ctx: Context, input: { email: string; password: string }): Promise<SignedIn> {
    const guards = [`account:${emailKey(input.email)}`, `address:${ctx.address}`]
    for (const guard of guards) await failedSignIns.ensureOpen(guard)
    const user = await Users.findOne({ email_key: emailKey(input.email) }).lean()
    if (!(await passwords.verify(user?.password_hash, input.password)) || !user) {
      for (const guard of guards) await failedSignIns.countFailure(guard)
      fail('unauthenticated', 'The email address or the password is wrong')
    }
    return signIn(user)
  }

  async function refresh(_ctx: Context, input: { refresh_token: string }): Promise<TokenPair> {
    const rotated = await sessions.rotate(input.refresh_token)
    const user = await Users.findById(rotated.user_id).lean()
    ensure(user, 'session-revoked')
    return { access_token: tokens.issue(user, rotated.session_id), refresh_token: rotated.refresh_token }
  }

  /** Signing out twice is signing out. */
  async function logout(ctx: Context, input: { refresh_token: string }): Promise<Record<string, never>> {
    const actor = userOf(ctx)
    const ended = await sessions.end(input.refresh_token, actor.user_id)
    if (ended) {
      seen.delete(ended)
      await unitOfWork.run({ ...ctx, once: undefined }, (tx) => tx.publish('session.ended', { session_id: ended, user_id: actor.user_id, reason: 'signed-out' }))
    }
    return {}
  }

  async function me(ctx: Context): Promise<{ user: User }> {
    const user = await Users.findById(userOf(ctx).user_id).lean()
    ensure(user, 'session-revoked')
    return { user: presentUser(user) }
  }

  /**
   * Who holds this token, now: the account must exist, the session must live and neither password nor role may have changed since.
   * @throws AppError `unauthenticated`, `token-expired`, `session-revoked`
   */
  async function actorOf(token: unknown): Promise<{ actor: UserActor; expires_at: Date }> {
    const claims = tokens.verify(token)
    const state = await stateOf(claims.sub, claims.sid)
    ensure(state.live && state.epoch === claims.epoch && state.role === claims.role, 'session-revoked')
    return { actor: { kind: 'user', user_id: claims.sub, role: claims.role, session_id: claims.sid }, expires_at: new Date(claims.exp * 1000) }
  }

  async function stateOf(userId: string, sessionId: string): Promise<{ epoch: number; role: Role; live: boolean }> {
    const now = wall.now().getTime()
    const known = seen.get(sessionId)
    if (known && known.until > now) return known
    const [user, live] = await Promise.all([Users.findById(userId, { epoch: 1, role: 1 }).lean(), sessions.isLive(sessionId)])
    const state = { epoch: user?.epoch ?? -1, role: user?.role ?? 'fan', live: live && user !== null, until: now + epochCacheMs }
    if (seen.size >= epochCacheSize) seen.clear()
    seen.set(sessionId, state)
    return state
  }

  /** Makes the first admin unless there is one. Tells the password only when it was made here. */
  async function ensureAdmin(ctx: Context, email: string, chosen: string | undefined, makePassword: () => string): Promise<{ email: string; made_password?: string } | undefined> {
    if (await Users.exists({ role: 'admin' })) return undefined
    const password = chosen ?? makePassword()
    const row: UserRow = {
      _id: newId('usr'),
      email,
      email_key: emailKey(email),
      password_hash: await passwords.hash(password),
      full_name: 'Administrator',
      role: 'admin',
      epoch: 1,
      created_at: clock.now(),
    }
    try {
      await store(ctx, row)
    } catch (error) {
      // Two first starts at once: the other one made it and told its password.
      if (error instanceof AppError && error.code === 'conflict') return undefined
      throw error
    }
    return { email, ...(chosen ? {} : { made_password: password }) }
  }

  async function find(userId: string): Promise<UserRow | null> {
    return Users.findById(userId).lean()
  }

  async function store(ctx: Context, row: UserRow): Promise<UserRow> {
    try {
      await unitOfWork.run(ctx, async (tx) => {
        await Users.insertMany([row])
        await tx.publish('account.registered', { user_id: row._id, role: row.role, full_name: row.full_name })
      })
    } catch (error) {
      if ((error as { code?: unknown }).code === 11000) fail('conflict', 'This email address is registered already')
      throw error
    }
    return row
  }

  async function signIn(user: UserRow): Promise<SignedIn> {
    const session = await sessions.open(user._id)
    return { access_token: tokens.issue(user, session.session_id), refresh_token: session.refresh_token, user: presentUser(user) }
  }
}

export function userOf(ctx: Context): UserActor {
  if (ctx.actor.kind !== 'user') return fail('unauthenticated')
  return ctx.actor
}

function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}
