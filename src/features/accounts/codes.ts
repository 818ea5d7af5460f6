import type { Wall } from '../../kernel/clock.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newToken } from '../../kernel/ids.ts'
import type { AccountModels, UserRow } from './model.ts'
import { hashToken } from './tokens.ts'

const goodForMs = 10 * 60_000
const maxFailures = 5

export type CodePurpose = 'verify-email' | 'reset-password'
/** whose code it is */
export type Holder = Pick<UserRow, '_id' | 'email_key'>
export type Codes = ReturnType<typeof createCodes>

/** Codes that are sent by mail. They are stored hashed; a new one replaces the one before. */
export function createCodes({ models, wall }: { models: AccountModels; wall: Wall }) {
  const { Codes } = models

  return Object.freeze({ issue, spend, fail: countFailure })

  /** @returns the code, to be mailed and kept nowhere else */
  async function issue(_tx: Tx, purpose: CodePurpose, user: Holder): Promise<string> {
    const code = newToken()
    const set = { code_hash: hashToken(code), email_key: user.email_key, failures: 0, expires_at: new Date(wall.now().getTime() + goodForMs) }
    await Codes.updateOne({ _id: idOf(purpose, user._id) }, { $set: set, $unset: { used_at: 1 } }, { upsert: true })
    return code
  }

  /**
   * Uses a code up, with whatever it permits in the same transaction. The filter lets one of two through.
   * @throws AppError `validation` with the word `wrong`, `used`, `expired` or `too-many-tries`
   */
  async function spend(_tx: Tx, purpose: CodePurpose, user: Holder, code: string): Promise<void> {
    const _id = idOf(purpose, user._id)
    const now = wall.now()
    const code_hash = hashToken(code)
    const spent = await Codes.updateOne(
      { _id, code_hash, email_key: user.email_key, used_at: { $exists: false }, failures: { $lt: maxFailures }, expires_at: { $gt: now } },
      { $set: { used_at: now } },
    )
    if (spent.modifiedCount === 1) return
    const row = await Codes.findById(_id).lean()
    if (row && row.failures >= maxFailures) refuse('too-many-tries', 'was tried too often: ask for a new one')
    if (!row || row.code_hash !== code_hash || row.email_key !== user.email_key) refuse('wrong', 'is not the one that was sent')
    refuse(row.used_at ? 'used' : 'expired', row.used_at ? 'was used already' : 'is older than ten minutes: ask for a new one')
  }

  /** Outside the transaction that was refused: a wrong try counts although nothing else is written. */
  async function countFailure(purpose: CodePurpose, user: Holder): Promise<void> {
    await Codes.updateOne({ _id: idOf(purpose, user._id) }, { $inc: { failures: 1 } })
  }
}

export function refuse(code: string, detail: string): never {
  return fail('validation', { errors: [{ path: 'code', code, detail }] })
}

function idOf(purpose: CodePurpose, userId: string): string {
  return `${purpose}:${userId}`
}
