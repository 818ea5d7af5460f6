import { rm } from 'node:fs/promises'
import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { type Storage, StorageError } from '../../platform/storage/storage.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Media, MediaAddress, MediaUsage } from './contract.ts'
import type { Addresses } from './addresses.ts'
import { bytesOf, keyOf, type MediaModels, type MediaRow, presentMedia } from './model.ts'
import type { MediaLimits, Prepared } from './preparing.ts'

/** Whether somebody may read a message now. */
export type Readers = (userId: string, messageId: string) => Promise<'yes' | 'no' | 'blocked'>

export interface KeepingDependencies {
  models: MediaModels
  storage: Storage
  addresses: Addresses
  limits: MediaLimits
  quotaBytes: number
  readers: Readers
  unitOfWork: UnitOfWork
  wall: Wall
}

export type Keeping = ReturnType<typeof createKeeping>

const retryMs = 5_000

/** The files that people sent: whose they are, how much of their space they take, what they hang on and who may read them. */
export function createKeeping({ models, storage, addresses, limits, quotaBytes, readers, unitOfWork, wall }: KeepingDependencies) {
  const { Assets, Usage } = models

  return Object.freeze({ keep, sign, discard, usage, ensureSpace, readable, loose, attach, release })

  /** The row first, then the files, then the word that they are there: no file is ever without its row. @throws AppError `quota` */
  async function keep(ctx: Context, { files, ...told }: Prepared): Promise<Media> {
    const { user_id } = userOf(ctx)
    const _id = newId('med')
    const now = wall.now()
    const row: MediaRow = { _id, owner_id: user_id, ...told, state: 'storing', message_id: null, files: files.map(({ path: _local, ...file }) => ({ ...file, key: keyOf(_id, file.variant) })), created_at: now, changed_at: now }
    await unitOfWork.run(ctx, async (tx) => {
      await takeSpace(user_id, bytesOf(row))
      tx.insert(Assets, [row])
    }, user_id)
    try {
      for (const file of files) await storage.put(keyOf(_id, file.variant), file)
    } catch (error) {
      await Assets.updateOne({ _id, state: 'storing' }, { $set: { state: 'leaving', changed_at: wall.now() } })
      if (!(error instanceof StorageError)) throw error
      ctx.log.error({ err: error }, 'a file could not be stored')
      fail('retry', { retry_after_ms: retryMs })
    } finally {
      await Promise.all(files.map((file) => rm(file.path, { force: true })))
    }
    const stored = await Assets.updateOne({ _id, state: 'storing' }, { $set: { state: 'ready', changed_at: wall.now() } })
    ensure(stored.modifiedCount === 1, 'retry', { retry_after_ms: retryMs })
    return presentMedia(row)
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
    return addresses.sign(user_id, await readable(user_id, media_id))
  }

  /** One's own while it hangs on nothing; what hangs on a message, for whoever may read that now. @throws AppError `not-found`, `blocked` */
  async function readable(userId: string, mediaId: string): Promise<MediaRow> {
    const row = await Assets.findById(mediaId).lean()
    ensure(row && (row.state === 'ready' || row.state === 'attached'), 'not-found')
    if (row.state === 'ready') ensure(row.owner_id === userId, 'not-found')
    else {
      const answer = row.message_id ? await readers(userId, row.message_id) : 'no'
      ensure(answer !== 'blocked', 'blocked')
      ensure(answer === 'yes', 'not-found')
    }
    return row
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
