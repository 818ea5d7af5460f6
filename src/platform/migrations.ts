import type { ClientSession, Db } from 'mongodb'
import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { Failpoints } from './failpoint.ts'
import type { PartSource } from './health.ts'
import { rowOptions } from './mongo.ts'
import { inTransaction } from './transactions.ts'

/** One change of what is stored. Once released it is never edited: the next change is a new one. */
export interface Migration {
  /** 1, 2, 3 and so on, without a gap */
  number: number
  /** kebab-case, as in its file's name */
  name: string
  /**
   * One page of the work. All writes go through `session`: they commit together with the cursor, so that whoever is killed goes on after
   * the last page that was whole. It may run again after a conflict, so it has no other effect. Bounded: some hundred rows a page.
   */
  page(step: MigrationStep): Promise<MigrationProgress>
}

export interface MigrationStep {
  db: Db
  session: ClientSession
  /** what the page before left; undefined at first */
  cursor: string | undefined
}

export interface MigrationProgress {
  /** rows that this page changed */
  changed: number
  /** where the next page begins; absent when this was the last */
  next?: string
}

export interface MigrationStatus {
  /** of the database */
  version: number
  /** what this code knows */
  known: number
  lock?: { owner: string; until: string }
  migrations: { number: number; name: string; state: 'waiting' | 'running' | 'done'; pages: number; changed: number; finished_at?: string }[]
}

interface VersionRow {
  _id: string
  version: number
  /** rises whenever the lock changes hands: who holds an older one can't commit any more */
  fence: number
  owner?: string
  until?: Date
}

interface MigrationRow {
  _id: number
  name: string
  state: 'running' | 'done'
  cursor?: string
  pages: number
  changed: number
  started_at: Date
  finished_at?: Date
}

/** This code must not touch that database: it would misread what it does not know. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused'
}

/** Somebody else took the lock over in the meantime. */
class LockLost extends Error {
  override readonly name = 'LockLost'
}

const rowId = 'schema'
const lockMs = 30_000
const beatMs = 10_000
const lookEveryMs = 250
const tellEveryMs = 10_000

export type Migrations = ReturnType<typeof createMigrations>

/**
 * Brings the database to the version that this code knows, before anything else looks at it. One process does it under a lock that it keeps
 * alive; the others wait. A lock whose holder is gone runs out, or is taken off with `unlock`; a holder that only seemed gone can't commit
 * after that, because each page's transaction begins with a look at the lock's fence.
 */
export function createMigrations({
  connection,
  migrations,
  owner,
  wall,
  failpoints,
  log,
}: {
  connection: Connection
  migrations: readonly Migration[]
  owner: string
  wall: Wall
  failpoints: Failpoints
  log: Logger
}) {
  if (migrations.some(({ number }, index) => number !== index + 1)) throw new Error('Migrations are numbered 1, 2, 3 and so on, without a gap')
  const Version = connection.model<VersionRow>(
    'SchemaVersion',
    new Schema<VersionRow>({ _id: String, version: { type: Number, required: true }, fence: { type: Number, required: true }, owner: String, until: Date }, rowOptions<VersionRow>('schema_version')),
  )
  const Rows = connection.model<MigrationRow>(
    'SchemaMigration',
    new Schema<MigrationRow>(
      {
        _id: Number,
        name: { type: String, required: true },
        state: { type: String, enum: ['running', 'done'], required: true },
        cursor: String,
        pages: { type: Number, required: true },
        changed: { type: Number, required: true },
        started_at: { type: Date, required: true },
        finished_at: Date,
      },
      rowOptions<MigrationRow>('schema_migrations'),
    ),
  )

  return Object.freeze({ up, status, unlock, part, models: [Version, Rows] })

  /**
   * @param alone nobody else works on this store: a lock that was left behind is taken at once
   * @throws SchemaRefused when the database is newer than this code, or was migrated by another history
   */
  async function up({ alone }: { alone: boolean }): Promise<{ ran: string[] }> {
    await Version.createCollection()
    await Rows.createCollection()
    await Version.updateOne({ _id: rowId }, { $setOnInsert: { version: 0, fence: 0 } }, { upsert: true })
    let toldAt = Number.NEGATIVE_INFINITY
    for (;;) {
      const version = await ensureReadable()
      if (version === migrations.length) return { ran: [] }
      const fence = await take(alone)
      if (fence !== undefined) return { ran: await runAll(fence) }
      if (performance.now() - toldAt > tellEveryMs) {
        toldAt = performance.now()
        log.info({ version, known: migrations.length }, 'another process migrates the database; this one waits')
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  async function status(): Promise<MigrationStatus> {
    const [version, rows] = await Promise.all([Version.findById(rowId).lean(), Rows.find({}).sort({ _id: 1 }).lean()])
    const isLocked = version?.owner !== undefined && version.until !== undefined && version.until > wall.now()
    return {
      version: version?.version ?? 0,
      known: migrations.length,
      ...(isLocked ? { lock: { owner: version.owner as string, until: (version.until as Date).toISOString() } } : {}),
      migrations: migrations.map(({ number, name }) => {
        const row = rows.find(({ _id }) => _id === number)
        const finished = row?.finished_at ? { finished_at: row.finished_at.toISOString() } : {}
        return { number, name, state: row?.state ?? 'waiting', pages: row?.pages ?? 0, changed: row?.changed ?? 0, ...finished }
      }),
    }
  }

  /** Takes the lock off, whoever holds it. A holder that lives after all is fenced off: its next page does not commit. */
  async function unlock(): Promise<boolean> {
    const result = await Version.updateOne({ _id: rowId, owner: { $exists: true } }, { $unset: { owner: 1, until: 1 }, $inc: { fence: 1 } })
    return result.modifiedCount === 1
  }

  /** A process of an older release stops being ready when a newer one has migrated the database under it. */
  function part(): PartSource {
    return {
      required: true,
      async read() {
        const version = (await Version.findById(rowId).lean())?.version ?? 0
        return { ok: version === migrations.length, detail: `the database is at version ${version}, this code knows ${migrations.length}` }
      },
    }
  }

  async function ensureReadable(): Promise<number> {
    const [row, done] = await Promise.all([Version.findById(rowId).lean(), Rows.find({}).sort({ _id: 1 }).lean()])
    const version = row?.version ?? 0
    if (version > migrations.length)
      throw new SchemaRefused(`the database has schema_version ${version}, and this release knows versions up to ${migrations.length}. Start the release that wrote it, or a newer one, or restore a backup from before`)
    for (const { _id, name } of done) {
      const ours = migrations[_id - 1]?.name
      if (ours !== undefined && ours !== name) throw new SchemaRefused(`migration ${_id} of this database is “${name}”, and this release calls it “${ours}”: they are not of one history`)
    }
    return version
  }

  async function take(alone: boolean): Promise<number | undefined> {
    const now = wall.now()
    const free = alone ? {} : { $or: [{ owner: { $exists: false } }, { until: { $lte: now } }] }
    const row = await Version.findOneAndUpdate({ _id: rowId, ...free }, { $set: { owner, until: expiry() }, $inc: { fence: 1 } }, { returnDocument: 'after' }).lean()
    return row?.fence
  }

  async function runAll(fence: number): Promise<string[]> {
    const beat = setInterval(() => {
      // Lost or not is decided by the page's own look; this only keeps others away from one that takes its time.
      Version.updateOne({ _id: rowId, fence }, { $set: { until: expiry() } }).catch((error: unknown) => log.warn({ err: error }, 'the lock of the migrations could not be prolonged'))
    }, beatMs)
    const ran: string[] = []
    try {
      const from = (await Version.findById(rowId).lean())?.version ?? 0
      for (const migration of migrations.slice(from)) {
        await run(migration, fence)
        ran.push(migration.name)
      }
      return ran
    } finally {
      clearInterval(beat)
      await Version.updateOne({ _id: rowId, fence }, { $unset: { owner: 1, until: 1 } })
    }
  }

  async function run(migration: Migration, fence: number): Promise<void> {
    const { number, name } = migration
    await Rows.updateOne({ _id: number }, { $setOnInsert: { name, state: 'running', pages: 0, changed: 0, started_at: wall.now() } }, { upsert: true })
    const started = performance.now()
    let changed = 0
    for (let isLast = false; !isLast; ) {
      const progress = await commitPage(migration, fence)
      changed += progress.changed
      isLast = progress.next === undefined
      failpoints.hit('migrations.after-page')
    }
    log.info({ number, name, changed, ms: Math.round(performance.now() - started) }, 'the database was migrated')
  }

  async function commitPage({ number, page }: Migration, fence: number): Promise<MigrationProgress> {
    let progress: MigrationProgress | undefined
    await inTransaction(connection, async (session) => {
      // First of all, so that nobody can take the lock while this page is at work.
      const held = await Version.updateOne({ _id: rowId, fence }, { $set: { until: expiry() } })
      if (held.matchedCount === 0) throw new LockLost('the lock of the migrations was taken by another process')
      const row = await Rows.findById(number).lean()
      progress = await page({ db: connection.db as unknown as Db, session, cursor: row?.cursor })
      const isLast = progress.next === undefined
      await Rows.updateOne(
        { _id: number },
        { $inc: { pages: 1, changed: progress.changed }, ...(isLast ? { $set: { state: 'done', finished_at: wall.now() }, $unset: { cursor: 1 } } : { $set: { cursor: progress.next as string } }) },
      )
      if (isLast) await Version.updateOne({ _id: rowId, fence }, { $set: { version: number } })
      failpoints.hit('migrations.in-page')
    })
    return progress as MigrationProgress
  }

  function expiry(): Date {
    return new Date(wall.now().getTime() + lockMs)
  }
}
