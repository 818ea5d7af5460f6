import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import { type Storage, StorageError } from '../../platform/storage/storage.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Media, MediaAddress, MediaUsage } from './contract.ts'
import type { Addresses } from './addresses.ts'
import { bytesOf, keyOf, type MediaModels, type MediaRow, presentMedia, type Shown } from './model.ts'
import type { MediaLimits, Prepared } from './preparing.ts'

/** Of these messages, those that somebody reports and nobody has decided about. */
export type Reported = (messageIds: readonly string[]) => Promise<ReadonlySet<string>>

export interface KeepingDependencies {
  models: MediaModels
  storage: Storage
  addresses: Addresses
  limits: MediaLimits
  quotaBytes: number
  /** of what is kept anew, by person */
  pace: Limiter
  /** whether somebody may read a message now */
  mayRead: (userId: string, messageId: string) => Promise<'yes' | 'no' | 'blocked'>
  /** whether somebody decides about a message that waits and is to carry this file */
  mayDecide: (userId: string, mediaId: string) => Promise<boolean>
  reported: Reported
  /** whether somebody decides about what is reported */
  isJudge: (userId: string) => Promise<boolean>
  audit: Audit
  unitOfWork: UnitOfWork
  wall: Wall
}

export type Keeping = ReturnType<typeof createKeeping>

const retryMs = 5_000

/** The files that people sent: whose they are, how much of their space they take, what they hang on and who may read them. */
export function createKeeping({ models, storage, addresses, limits, quotaBytes, pace, mayRead, mayDecide, reported, isJudge, audit, unitOfWork, wall }: KeepingDependencies) {
  const { Assets, Usage } = models

  return Object.freeze({ keep, copy, sign, discard, usage, ensureSpace, readable, loose, attach, release })

  /** @throws AppError `quota` */
  async function keep(ctx: Context, { files, ...told }: Prepared): Promise<Media> {
    const _id = newId('med')
    const row = { ...told, _id, files: files.map(({ path: _local, ...file }) => ({ ...file, key: keyOf(_id, file.variant) })) }
    try {
      await store(ctx, row, async () => {
        for (const file of files) await storage.put(keyOf(_id, file.variant), file)
      })
    } finally {
      await Promise.all(files.map((file) => rm(file.path, { force: true })))
    }
    return presentMedia(row)
  }

  /**
   * What somebody may read, once more and theirs: it takes of their space, and stays when the other goes. Under one name there is one copy,
   * whoever asks how often.
   * @throws AppError `not-found`, `blocked`, `quota`, `rate-limited`
   */
  async function copy(ctx: Context, { media_id, name }: { media_id: string; name: string }): Promise<string> {
    const { user_id } = userOf(ctx)
    const _id = `med_${createHash('sha256').update([user_id, name, media_id].join('/')).digest('hex').slice(0, 32)}`
    if (await Assets.exists({ _id, state: { $in: ['ready', 'attached'] } })) return _id
    await pace.take(user_id)
    const source = await readable(user_id, media_id)
    await store(ctx, { ...source, _id, files: source.files.map((file) => ({ ...file, key: keyOf(_id, file.variant) })) }, async () => {
      for (const { key, variant } of source.files) await storage.copy(key, keyOf(_id, variant))
    })
    return _id
  }

  /** The row first, then the files, then the word that they are there: no file is ever without its row. */
  async function store(ctx: Context, about: Shown, fill: () => Promise<void>): Promise<void> {
    const { user_id } = userOf(ctx)
    const { _id } = about
    const now = wall.now()
    const row: MediaRow = { ...about, owner_id: user_id, state: 'storing', message_id: null, created_at: now, changed_at: now }
    const state = await unitOfWork.run(ctx, async () => {
      const { upsertedCount } = await Assets.updateOne({ _id }, { $setOnInsert: row }, { upsert: true })
      if (upsertedCount === 1) await takeSpace(user_id, bytesOf(row))
      return upsertedCount === 1 ? 'storing' : (await Assets.findById(_id, { state: 1 }).lean())?.state
    }, user_id)
    // A copy may have been begun before by somebody who did not come to its end, and another is to go first.
    if (state !== 'storing') return ensure(state === 'ready' || state === 'attached', 'retry', { retry_after_ms: retryMs })
    try {
      await fill()
    } catch (error) {
      await Assets.updateOne({ _id, state: 'storing' }, { $set: { state: 'leaving', changed_at: wall.now() } })
      if (!(error instanceof StorageError)) throw error
      ctx.log.error({ err: error }, 'a file could not be stored')
      fail('retry', { retry_after_ms: retryMs })
    }
    await Assets.updateOne({ _id, state: 'storing' }, { $set: { state: 'ready', changed_at: wall.now() } })
    ensure(await Assets.exists({ _id, state: { $in: ['ready', 'attached'] } }), 'retry', { retry_after_ms: retryMs })
  }

  /** The guard is in the filter: of uploads at the same moment, only as many pass as there is room for. */
  async function takeSpace(userId: string, bytes: number): Promise<void> {
    await Usage.updateOne({ _id: userId }, { $setOnInsert: { bytes: 0 } }, { upsert: true })
    const taken = await Usage.updateOne({ _id: userId, bytes: { $lte: quotaBytes - bytes } }, { $inc: { bytes } })
    ensure(taken.modifiedCount === 1, 'quota')
  }

  /** Before anything is read that could not be kept. @throws AppError `quota` */
  async function ensureSpace(userId: string): Promise<void> {
    ensure(!(await Usage.exists({ _id: userId, bytes: { $gte: quotaBytes } })), 'quota')
  }

  async function usage(ctx: Context): Promise<MediaUsage> {
    const row = await Usage.findById(userOf(ctx).user_id).lean()
    return { used_bytes: row?.bytes ?? 0, quota_bytes: quotaBytes, max_bytes: limits.max_bytes }
  }

  async function sign(ctx: Context, { media_id }: { media_id: string }): Promise<MediaAddress> {
    const { user_id } = userOf(ctx)
    const { row, as } = await glimpse(user_id, media_id)
    if (as === 'judge') await unitOfWork.run(ctx, (tx) => audit.record(tx, ctx, { action: 'media.inspected', subject: media_id, details: { message: row.message_id ?? '' } }))
    return addresses.sign(user_id, row)
  }

  /** @throws AppError `not-found`, `blocked` */
  async function readable(userId: string, mediaId: string): Promise<MediaRow> {
    return (await glimpse(userId, mediaId)).row
  }

  /**
   * One's own while it hangs on nothing, and for whoever decides about the message that waits with it; what hangs on a message, for whoever may
   * read that now, and for an admin as long as the message is reported, whatever became of it.
   */
  async function glimpse(userId: string, mediaId: string): Promise<{ row: MediaRow; as: 'owner' | 'reader' | 'judge' }> {
    const row = await Assets.findById(mediaId).lean()
    ensure(row && row.state !== 'storing', 'not-found')
    if (row.state === 'ready' && row.owner_id === userId) return { row, as: 'owner' }
    if (row.state === 'ready') return (await mayDecide(userId, mediaId)) ? { row, as: 'reader' } : fail('not-found')
    const answer = row.state === 'attached' && row.message_id ? await mayRead(userId, row.message_id) : 'no'
    if (answer === 'yes') return { row, as: 'reader' }
    if (row.message_id && (await isJudge(userId)) && (await reported([row.message_id])).has(row.message_id)) return { row, as: 'judge' }
    return fail(answer === 'blocked' ? 'blocked' : 'not-found')
  }

  /** What was uploaded and is not wanted. */
  async function discard(ctx: Context, { media_id }: { media_id: string }): Promise<Record<string, never>> {
    const { user_id } = userOf(ctx)
    const gone = await Assets.updateOne({ _id: media_id, owner_id: user_id, state: 'ready' }, { $set: { state: 'leaving', changed_at: wall.now() } })
    if (gone.modifiedCount === 0) {
      const row = await Assets.findOne({ _id: media_id, owner_id: user_id }).lean()
      ensure(row, 'not-found')
      ensure(row.state === 'leaving', 'stale-state', 'It hangs on a message: delete that')
    }
    return {}
  }

  /** Of these, what hangs on nothing yet, and whose it is. */
  async function loose(mediaIds: readonly string[]): Promise<Map<string, { owner_id: string; media: Media }>> {
    if (mediaIds.length === 0) return new Map()
    const rows = await Assets.find({ _id: { $in: [...new Set(mediaIds)] }, state: 'ready' }).lean()
    return new Map(rows.map((row) => [row._id, { owner_id: row.owner_id, media: presentMedia(row) }]))
  }

  /** In the transaction that stores the message; another one that wants the same conflicts here and finds it taken. */
  async function attach(_tx: Tx, { owner_id, message_id, media_ids }: { owner_id: string; message_id: string; media_ids: readonly string[] }): Promise<void> {
    const moved = await Assets.updateMany({ _id: { $in: [...media_ids] }, owner_id, state: 'ready' }, { $set: { state: 'attached', message_id, changed_at: wall.now() } })
    ensure(moved.modifiedCount === media_ids.length, 'not-found')
  }

  /** In the transaction that takes the message away: from then on nobody reads them. */
  async function release(_tx: Tx, { message_id }: { message_id: string }): Promise<void> {
    await Assets.updateMany({ message_id, state: 'attached' }, { $set: { state: 'leaving', changed_at: wall.now() } })
  }
}
