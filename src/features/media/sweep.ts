import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Reported } from './keeping.ts'
import { bytesOf, mediaIdOf, type MediaModels, type MediaRow } from './model.ts'

const hourMs = 3600_000
/** sent to nobody for so long, it is not wanted */
export const looseMs = 24 * hourMs
/** as long as an upload may take at most, and far more */
const storingMs = hourMs
const pageSize = 200

export interface SweepDependencies {
  models: MediaModels
  storage: Storage
  /** where files are written while they come */
  folder: string
  reported: Reported
  unitOfWork: UnitOfWork
  wall: Wall
  context: () => Context
  log: Logger
}

export type Sweep = ReturnType<typeof createSweep>

/** Takes away what nobody can read any more. Cut off at any point, or run twice at once, it goes on from what is still there. */
export function createSweep({ models, storage, folder, reported, unitOfWork, wall, context, log }: SweepDependencies) {
  const { Assets, Usage } = models

  return Object.freeze({ run, strays, removeOf })

  /** Every few minutes. */
  async function run(): Promise<void> {
    await dismiss('ready', looseMs)
    await dismiss('storing', storingMs)
    // What an admin has yet to look at stays until then.
    await removeAll({ state: 'leaving' }, reported)
    await clearFolder()
  }

  /** Files that no row knows: a restored backup, a database of before. Young ones are left, since their row may be on its way. */
  async function strays(): Promise<void> {
    const old = wall.now().getTime() - looseMs
    for await (const page of pagesOf(storage)) {
      const candidates = page.filter((file) => file.modified_at.getTime() < old).flatMap((file) => mediaIdOf(file.key) ? [file.key] : [])
      const known = new Set((await Assets.find({ _id: { $in: candidates.map((key) => mediaIdOf(key) as string) } }, { files: 1 }).lean()).flatMap((row) => row.files.map((file) => file.key)))
      for (const key of candidates.filter((each) => !known.has(each))) {
        await storage.remove(key)
        log.warn({ key }, 'a file without a row was removed')
      }
    }
  }

  /** All of one person, at once. */
  async function removeOf(ownerId: string): Promise<void> {
    await Assets.updateMany({ owner_id: ownerId }, { $set: { state: 'leaving', name: 'gone', changed_at: wall.now() } })
    await removeAll({ state: 'leaving', owner_id: ownerId })
  }

  async function dismiss(state: 'ready' | 'storing', afterMs: number): Promise<void> {
    const now = wall.now()
    // The state is in the filter: what is sent at this moment stays.
    await Assets.updateMany({ state, changed_at: { $lt: new Date(now.getTime() - afterMs) } }, { $set: { state: 'leaving', changed_at: now } })
  }

  async function removeAll(which: { state: 'leaving'; owner_id?: string }, spare: Reported = async () => new Set()): Promise<void> {
    for (let page: MediaRow[], after = ''; (page = await Assets.find({ ...which, _id: { $gt: after } }).sort({ _id: 1 }).limit(pageSize).lean()).length > 0; after = page.at(-1)?._id ?? '') {
      const spared = await spare(page.flatMap((row) => row.message_id ?? []))
      for (const row of page.filter(({ message_id }) => message_id === null || !spared.has(message_id)))
        await removeOne(row).catch((error: unknown) => log.error({ err: error, media_id: row._id }, 'a file could not be removed; it is tried again'))
    }
  }

  // The files before the row, so that none is left without one; the space is given back with the row, so once.
  async function removeOne(row: MediaRow): Promise<void> {
    for (const { key } of row.files) await storage.remove(key)
    await unitOfWork.run(context(), async () => {
      const gone = await Assets.deleteOne({ _id: row._id, state: 'leaving' })
      if (gone.deletedCount === 1) await Usage.updateOne({ _id: row.owner_id }, { $inc: { bytes: -bytesOf(row) } })
    })
  }

  // What a process left that was killed in the middle of an upload.
  async function clearFolder(): Promise<void> {
    const old = wall.now().getTime() - storingMs
    for (const name of await readdir(folder).catch(() => [])) {
      const found = await stat(join(folder, name)).catch(() => undefined)
      if (found && found.mtimeMs < old) await rm(join(folder, name), { force: true })
    }
  }
}

async function* pagesOf(storage: Storage) {
  let page = []
  for await (const file of storage.list()) {
    page.push(file)
    if (page.length < pageSize) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
