import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Mails } from '../../platform/mail.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type CodePurpose, type Codes, type Holder, refuse } from './codes.ts'
import type { ResetPassword, SteppedUp } from './contract.ts'
import { codeLetter, passwordChangedLetter } from './letters.ts'
import type { AccountModels, UserRow } from './model.ts'
import type { Passwords } from './passwords.ts'
import type { SessionDesk } from './session-desk.ts'
import { emailKey, userOf } from './user.ts'

type Nothing = Record<string, never>

/** how long a password counts as just given */
const steppedUpMs = 5 * 60_000

export type Credentials = ReturnType<typeof createCredentials>

/** Proving whose address it is, and choosing another password. */
export function createCredentials({
  models,
  unitOfWork,
  passwords,
  codes,
  desk,
  mails,
  audit,
  requests,
  publicUrl,
  context,
  wall,
}: {
  models: AccountModels
  unitOfWork: UnitOfWork
  passwords: Passwords
  codes: Codes
  desk: SessionDesk
  mails: Mails
  audit: Audit
  /** how often one address of mail, or of the network, may cause a mail */
  requests: Limiter
  publicUrl: () => string
  context: () => Context
  wall: Wall
}) {
  const { Users, Sessions } = models

  return Object.freeze({ sendCode, resendVerification, verifyEmail, forgotPassword, sendResetCode, resetPassword, changePassword, ensurePassword, stepUp, ensureSteppedUp })

  async function sendCode(tx: Tx, purpose: CodePurpose, user: UserRow): Promise<void> {
    await mails.send(tx, codeLetter(purpose, user, await codes.issue(tx, purpose, user), publicUrl()))
  }

  async function resendVerification(ctx: Context): Promise<Nothing> {
    const user = await Users.findById(userOf(ctx).user_id).lean()
    ensure(user, 'session-revoked')
    ensure(!user.email_verified_at, 'stale-state', 'This email address is confirmed already')
    await requests.take(`mail:${user.email_key}`)
    await unitOfWork.run(ctx, (tx) => sendCode(tx, 'verify-email', user))
    return {}
  }

  async function verifyEmail(ctx: Context, { email, code }: { email: string; code: string }): Promise<Nothing> {
    await withCode(ctx, 'verify-email', email, code, async (tx, user) => {
      await Users.updateOne({ _id: user._id }, { $set: { email_verified_at: wall.now() } })
      await audit.record(tx, ctx, { action: 'email.verified', subject: user._id })
    })
    return {}
  }

  /** Answers the same, after the same work, whether anybody has this address: the mail is written afterwards. */
  async function forgotPassword(ctx: Context, { email }: { email: string }): Promise<Nothing> {
    await requests.take(`address:${ctx.address}`)
    await requests.take(`mail:${emailKey(email)}`)
    const user = await holderOf(email)
    await unitOfWork.run(ctx, async (tx) => {
      await audit.record(tx, ctx, { action: 'password.reset-asked', subject: user?._id ?? 'unknown' })
      await tx.publish('password.forgotten', { user_id: user?._id ?? null })
    })
    return {}
  }

  /** Told twice, it sends two mails, of which the newer holds. */
  async function sendResetCode(userId: string): Promise<void> {
    await unitOfWork.run(context(), async (tx) => {
      const user = await Users.findOne({ _id: userId, erased_at: { $exists: false } }).lean()
      if (user) await sendCode(tx, 'reset-password', user)
    })
  }

  async function resetPassword(ctx: Context, { email, code, password }: ResetPassword): Promise<Nothing> {
    const password_hash = await passwords.hash(password)
    await withCode(ctx, 'reset-password', email, code, async (tx, user) => {
      // Whoever can read this mailbox has just shown so.
      await Users.updateOne({ _id: user._id }, { $set: { email_verified_at: user.email_verified_at ?? wall.now() } })
      await setPassword(tx, ctx, user, password_hash, 'password.reset')
    })
    return {}
  }

  async function changePassword(ctx: Context, { current_password, password }: { current_password: string; password: string }): Promise<Nothing> {
    const user = await ensurePassword(ctx, 'current_password', current_password)
    const password_hash = await passwords.hash(password)
    await unitOfWork.run(ctx, (tx) => setPassword(tx, ctx, user, password_hash, 'password.changed'))
    return {}
  }

  /** Asked once more of somebody who is signed in. @param path the field it came in */
  async function ensurePassword(ctx: Context, path: string, password: string): Promise<UserRow> {
    const { user_id } = userOf(ctx)
    await requests.take(`password:${user_id}`)
    const user = await Users.findById(user_id).lean()
    ensure(user, 'session-revoked')
    ensure(await passwords.verify(user.password_hash, password), 'validation', { errors: [{ path, code: 'wrong', detail: 'is not your present password' }] })
    return user
  }

  /** For this sign-in alone. @throws AppError `validation` for a wrong password */
  async function stepUp(ctx: Context, { password }: { password: string }): Promise<SteppedUp> {
    await ensurePassword(ctx, 'password', password)
    const { session_id } = userOf(ctx)
    const at = wall.now()
    await unitOfWork.run(ctx, async (tx) => {
      await Sessions.updateOne({ _id: session_id }, { $set: { confirmed_at: at } })
      await audit.record(tx, ctx, { action: 'session.stepped-up', subject: session_id })
    })
    return { until: new Date(at.getTime() + steppedUpMs).toISOString() }
  }

  /** A stolen token, or a screen that was left open, moves no money: the password was given in this sign-in a moment ago. @throws AppError `step-up-required` */
  async function ensureSteppedUp(ctx: Context): Promise<void> {
    const session = await Sessions.findById(userOf(ctx).session_id, { created_at: 1, confirmed_at: 1 }).lean()
    const last = Math.max(session?.created_at.getTime() ?? 0, session?.confirmed_at?.getTime() ?? 0)
    ensure(wall.now().getTime() - last <= steppedUpMs, 'step-up-required')
  }

  // Every other sign-in ends with the old password. Access tokens of before are void in any case; the sign-in that changed it refreshes its own.
  async function setPassword(tx: Tx, ctx: Context, user: UserRow, password_hash: string, action: string): Promise<void> {
    await Users.updateOne({ _id: user._id }, { $set: { password_hash }, $inc: { epoch: 1 } })
    await desk.endAll(tx, user._id, action, ctx.actor.kind === 'user' ? ctx.actor.session_id : undefined)
    await audit.record(tx, ctx, { action, subject: user._id })
    await mails.send(tx, passwordChangedLetter(user))
  }

  async function withCode(ctx: Context, purpose: CodePurpose, email: string, code: string, work: (tx: Tx, user: UserRow) => Promise<void>): Promise<void> {
    await requests.take(`code:${ctx.address}`)
    const user = await holderOf(email)
    // Whoever has no account is refused as late as whoever has one.
    const holder: Holder = user ?? { _id: 'nobody', email_key: emailKey(email) }
    try {
      await unitOfWork.run(ctx, async (tx) => {
        await codes.spend(tx, purpose, holder, code)
        await work(tx, user ?? refuse('wrong', 'is not the one that was sent'))
      })
    } catch (error) {
      if (error instanceof AppError && error.code === 'validation') await codes.fail(purpose, holder)
      throw error
    }
  }

  function holderOf(email: string): Promise<UserRow | null> {
    return Users.findOne({ email_key: emailKey(email), erased_at: { $exists: false } }).lean()
  }
}
