import { createHash } from 'node:crypto'
import type { Wall } from '../../kernel/clock.ts'
import type { Check, Violation } from '../../kernel/feature.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { bytesOf, type FileRow, mediaIdOf, type MediaModels } from './model.ts'
import { looseMs } from './sweep.ts'

const maxReported = 100
/** without `full`, only what is younger is looked at */
const recentMs = 3600_000
/** after their time, for a sweep that is late */
const graceMs = 3600_000

/** I33: each stored file has one row, each row its files, as long and with the same bytes; and what people are said to use is what is there. */
export function createMediaChecks({ models, storage, unitOfWork, wall }: { models: MediaModels; storage: Storage; unitOfWork: UnitOfWork; wall: Wall }): Check[] {
  const { Assets, Usage } = models

  return [
    { name: 'media.files', run: ({ full }) => fileFaults(full) },
    { name: 'media.strays', run: ({ full }) => (full ? strayFaults() : Promise.resolve([])) },
    { name: 'media.usage', run: usageFaults },
  ]

  async function fileFaults(full: boolean): Promise<Violation[]> {
    const found: Violation[] = []
    const since = full ? {} : { changed_at: { $gt: new Date(wall.now().getTime() - recentMs) } }
    for await (const row of Assets.find({ state: { $in: ['ready', 'attached'] }, ...since }).lean().cursor()) {
      for (const file of row.files) {
        const detail = await faultOf(file, full)
        if (detail && (await isStillThere(row._id))) found.push({ check: 'media.files', detail: `${file.variant} ${detail}`, subject: row._id })
      }
      if (found.length >= maxReported) break
    }
    return found
  }

  async function faultOf({ key, size, sha256 }: FileRow, full: boolean): Promise<string | undefined> {
    const there = await storage.stat(key)
    if (!there) return 'is not there'
    if (there.size !== size) return `has ${there.size} bytes and should have ${size}`
    return full && (await hashOf(key)) !== sha256 ? 'has other bytes than were stored' : undefined
  }

  async function hashOf(key: string): Promise<string | undefined> {
    const bytes = await storage.read(key)
    if (!bytes) return undefined
    const hash = createHash('sha256')
    for await (const chunk of bytes as AsyncIterable<Buffer>) hash.update(chunk)
    return hash.digest('hex')
  }

  // It may have been taken away while it was looked at.
  async function isStillThere(_id: string): Promise<boolean> {
    return (await Assets.exists({ _id, state: { $in: ['ready', 'attached'] } })) !== null
  }

  async function strayFaults(): Promise<Violation[]> {
    const found: Violation[] = []
    const old = wall.now().getTime() - looseMs - graceMs
    for await (const { key, modified_at } of storage.list()) {
      const mediaId = mediaIdOf(key)
      if (!mediaId || modified_at.getTime() > old || (await Assets.exists({ _id: mediaId, 'files.key': key }))) continue
      found.push({ check: 'media.strays', detail: 'is a file without a row', subject: key })
      if (found.length >= maxReported) break
    }
    return found
  }

  async function usageFaults(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const { _id } of Usage.find({}, { _id: 1 }).lean().cursor()) {
      const detail = await unitOfWork.read(async () => {
        const row = await Usage.findById(_id).lean()
        let bytes = 0
        for (const each of await Assets.find({ owner_id: _id }, { files: 1 }).lean()) bytes += bytesOf(each)
        return row && row.bytes !== bytes ? `is said to use ${row.bytes} bytes, and uses ${bytes}` : undefined
      })
      if (detail) found.push({ check: 'media.usage', detail, subject: _id })
      if (found.length >= maxReported) break
    }
    return found
  }
}
