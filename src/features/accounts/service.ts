import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Mails } from '../../platform/mail.ts'
import type { FailureLimiter, Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Register, SignedIn, TokenPair, User } from './contract.ts'
import type { Credentials } from './credentials.ts'
import { deviceOf } from './device.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { lockedLetter } from './letters.ts'
import type { AccountModels, UserRow } from './model.ts'
import type { Passwords } from './passwords.ts'
import { presentUser } from './present.ts'
import type { SessionDesk } from './session-desk.ts'
import type { Sessions } from './sessions.ts'
import type { AccessTokens } from './tokens.ts'
import { emailKey, nameKey, userOf } from './user.ts'

export interface AccountDependencies {
  models: AccountModels
  unitOfWork: UnitOfWork
  passwords: Passwords
  tokens: AccessTokens
  sessions: Sessions
  gatekeeper: Gatekeeper
  desk: SessionDesk
  credentials: Credentials
  audit: Audit
  mails: Mails
  failedSignIns: { pair: FailureLimiter; account: FailureLimiter; address: FailureLimiter }
  registrations: Limiter
  context: () => Context
  clock: Clock
  wall: Wall
}

export type AccountService = ReturnType<typeof createAccountService>

export function createAccountService(deps: AccountDependencies) {
  const { models, unitOfWork, passwords, tokens, sessions, gatekeeper, desk, credentials, audit, mails, failedSignIns, registrations, context, clock, wall } = deps
  const { Users } = models

  return Object.freeze({ register, login, refresh, logout, me, actorOf: gatekeeper.actorOf, ensureAdmin, createAdmin, tellOfLock, find, namesOf, livingAmong })

  async function register(ctx: Context, input: Register): Promise<SignedIn> {
    await registrations.take(ctx.address)
    const row = newUser(input, await passwords.hash(input.password))
    await store(ctx, row, (tx) => credentials.sendCode(tx, 'verify-email', row))
    return signIn(ctx, row)
  }

  /** @throws AppError `unauthenticated` whether the address or the password is wrong; `rate-limited` after ten failures; `forbidden` when suspended */
  async function login(ctx: Context, input: { email: string; password: string }): Promise<SignedIn> {
    const account = emailKey(input.email)
    // Whoever guesses closes the account to his own address; many addresses, or many accounts, take longer.
    const guards = [
      [failedSignIns.pair, `${account}|${ctx.address}`],
      [failedSignIns.account, account],
      [failedSignIns.address, ctx.address],
    ] as const
    for (const [limiter, key] of guards) await limiter.ensureOpen(key)
    const user = await Users.findOne({ email_key: account, erased_at: { $exists: false } }).lean()
    if (!(await passwords.verify(user?.password_hash, input.password)) || !user) {
      const [failed] = await Promise.all(guards.map(([limiter, key]) => limiter.countFailure(key)))
      if (failed?.isLast) await lock(ctx, user)
      return fail('unauthenticated', 'The email address or the password is wrong')
    }
    // Told only to whoever knows the password.
    ensure(!user.suspended_at, 'forbidden', `This account is suspended${user.suspended_reason ? `: ${user.suspended_reason}` : ''}`)
    return signIn(ctx, user)
  }

  async function refresh(ctx: Context, input: { refresh_token: string }): Promise<TokenPair> {
    const rotation = await sessions.rotate(input.refresh_token)
    if (rotation.outcome === 'reused') {
      await endSession(ctx, rotation, 'refresh-token-reused')
      return fail('session-revoked')
    }
    const user = await Users.findById(rotation.user_id).lean()
    ensure(user && !user.suspended_at, 'session-revoked')
    return { access_token: tokens.issue(user, rotation.session_id, rotation.at), refresh_token: rotation.refresh_token }
  }

  /** Signing out twice is signing out. */
  async function logout(ctx: Context, input: { refresh_token: string }): Promise<Record<string, never>> {
    const actor = userOf(ctx)
    const session_id = await sessions.familyOf(input.refresh_token, actor.user_id)
    if (session_id) await endSession(ctx, { session_id, user_id: actor.user_id }, 'signed-out')
    return {}
  }

  async function endSession(ctx: Context, session: { session_id: string; user_id: string }, reason: string): Promise<void> {
    await unitOfWork.run({ ...ctx, once: undefined }, async (tx) => {
      await desk.end(tx, session, reason)
      await audit.record(tx, ctx, { action: `session.${reason}`, subject: session.session_id })
    })
  }

  async function me(ctx: Context): Promise<{ user: User }> {
    const user = await Users.findById(userOf(ctx).user_id).lean()
    ensure(user, 'session-revoked')
    return { user: presentUser(user) }
  }

  /** Makes the first admin unless there is one. Tells the password only when it was made here. */
  async function ensureAdmin(ctx: Context, email: string, chosen: string | undefined, makePassword: () => string): Promise<{ email: string; made_password?: string } | undefined> {
    if (await Users.exists({ role: 'admin' })) return undefined
    const password = chosen ?? makePassword()
    try {
      await createAdmin(ctx, { email, password, full_name: 'Administrator' })
    } catch (error) {
      // Two first starts at once: the other one made it and told its password.
      if (error instanceof AppError && error.code === 'conflict') return undefined
      throw error
    }
    return { email, ...(chosen ? {} : { made_password: password }) }
  }

  /** For whoever has the machine: no door leads here. @throws AppError `conflict` when the address is taken */
  async function createAdmin(ctx: Context, { email, password, full_name }: { email: string; password: string; full_name: string }): Promise<User> {
    const row = newUser({ email, full_name, role: 'admin' }, await passwords.hash(password))
    await store(ctx, row, async (tx) => audit.record(tx, ctx, { action: 'admin.created', subject: row._id }))
    return presentUser(row)
  }

  async function find(userId: string): Promise<UserRow | null> {
    return Users.findById(userId).lean()
  }

  /** Names by user id, for a page of people; who is gone is missing. */
  async function namesOf(userIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await Users.find({ _id: { $in: userIds } }, { full_name: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.full_name]))
  }

  /** Those who have an account and may use it. */
  async function livingAmong(userIds: readonly string[]): Promise<Set<string>> {
    const rows = await Users.find({ _id: { $in: userIds }, suspended_at: { $exists: false }, erased_at: { $exists: false } }, { _id: 1 }).lean()
    return new Set(rows.map((row) => row._id))
  }

  async function store(ctx: Context, row: UserRow, also: (tx: Tx) => Promise<void>): Promise<void> {
    try {
      await unitOfWork.run(ctx, async (tx) => {
        await Users.insertMany([row])
        await tx.publish('account.registered', { user_id: row._id, role: row.role, full_name: row.full_name })
        await also(tx)
      })
    } catch (error) {
      if ((error as { code?: unknown }).code === 11000) fail('conflict', 'This email address is registered already')
      throw error
    }
  }

  async function signIn(ctx: Context, user: UserRow): Promise<SignedIn> {
    const session = await unitOfWork.run({ ...ctx, once: undefined }, async (tx) => {
      // Written, not read: a password change or a suspension that goes on meanwhile conflicts here, and none leaves a sign-in behind.
      const still = await Users.updateOne({ _id: user._id, epoch: user.epoch }, { $set: { last_sign_in_at: wall.now() } })
      ensure(still.matchedCount === 1, 'unauthenticated', 'The account has just changed: sign in again')
      const opened = await sessions.open(user._id, { device: deviceOf(ctx.agent), address: ctx.address })
      await audit.record(tx, ctx, { action: 'session.opened', subject: user._id, details: { session_id: opened.session_id } })
      return opened
    })
    return { access_token: tokens.issue(user, session.session_id, wall.now()), refresh_token: session.refresh_token, user: presentUser(user) }
  }

  // The same work whether anybody has the address.
  async function lock(ctx: Context, user: UserRow | null): Promise<void> {
    await unitOfWork.run({ ...ctx, once: undefined }, async (tx) => {
      await audit.record(tx, ctx, { action: 'sign-in.locked', subject: user?._id ?? 'unknown' })
      await tx.publish('sign-in.locked', { user_id: user?._id ?? null, address: ctx.address })
    })
  }

  async function tellOfLock({ user_id, address }: { user_id: string; address: string }): Promise<void> {
    await unitOfWork.run(context(), async (tx) => {
      const user = await Users.findById(user_id).lean()
      if (user) await mails.send(tx, lockedLetter(user, address))
    })
  }

  function newUser({ email, full_name, role }: Pick<UserRow, 'email' | 'full_name' | 'role'>, password_hash: string): UserRow {
    return { _id: newId('usr'), email, email_key: emailKey(email), password_hash, full_name, name_key: nameKey(full_name), role, epoch: 1, created_at: clock.now() }
  }
}
