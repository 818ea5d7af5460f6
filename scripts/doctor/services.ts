import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import type { Config } from '../../src/config.ts'
import { newId } from '../../src/kernel/ids.ts'
import { migrations as known } from '../../src/migrations/index.ts'
import { createFailpoints } from '../../src/platform/failpoint.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMigrations } from '../../src/platform/migrations.ts'
import { connectDatabase } from '../../src/platform/mongo.ts'
import { wall } from '../../src/platform/system-clock.ts'
import { openStore, type OpenStore } from '../open-store.ts'
import { bad, type Finding, ok, reasonOf, warn } from './finding.ts'
import { lookAt } from './look.ts'

const patienceMs = 4_000

/** Opens the store, tries a transaction and reads the version. `at` is the clock of the machine it runs on. */
export async function checkStore(config: Config): Promise<{ findings: Finding[]; at?: Date }> {
  if (!config.MONGODB_URI && !existsSync(join(resolve(config.DATA_DIR), 'store'))) return { findings: [await checkNewStore(config)] }
  const quiet = createLogger('silent')
  const place = config.MONGODB_URI ? 'MongoDB' : 'embedded store'
  let store: OpenStore
  try {
    store = await openStore(config, quiet)
  } catch (error) {
    return { findings: [bad('store', reasonOf(error), 'do what it says; docs/retention.md tells which files belong to it')] }
  }
  const client = new MongoClient(store.uri, { serverSelectionTimeoutMS: patienceMs })
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    const { version } = await client.db('admin').command({ buildInfo: 1 })
    if (typeof hello['setName'] !== 'string')
      return { findings: [bad('store', `${place} ${String(version)} is no replica set, so it has no transactions`, 'start it with --replSet rs0 and run rs.initiate() once')], at: hello['localTime'] as Date }
    await probe(client)
    const isRunning = store.shared && !config.MONGODB_URI
    const findings = [ok('store', `${place} ${String(version)}, replica set ${hello['setName']}: a transaction went through${isRunning ? ', beside a server that runs' : ''}`), await checkVersion(store.uri)]
    return { findings, ...(config.MONGODB_URI ? { at: hello['localTime'] as Date } : {}) }
  } catch (error) {
    return { findings: [bad('store', `${place}: ${reasonOf(error)}`, config.MONGODB_URI ? 'check MONGODB_URI: host, user, password, replicaSet, firewall' : 'start again; if it stays, restore a backup')] }
  } finally {
    await client.close()
    await store.close()
  }
}

export async function checkRedis({ REDIS_URL, NODE_ENV }: Config): Promise<Finding> {
  if (!REDIS_URL) return ok('redis', 'not set: right for one process, several need it')
  const client = new Redis(REDIS_URL, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null, connectTimeout: patienceMs, enableOfflineQueue: false })
  client.on('error', () => {})
  const { hostname, password } = new URL(REDIS_URL)
  try {
    await client.connect()
    await client.ping()
    const isNear = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
    if (password === '' && !isNear) {
      const remedy = 'whoever reaches it can tell people anything: give it a password, and REDIS_URL too'
      return NODE_ENV === 'production' ? bad('redis', `${hostname} asks for no password`, remedy) : warn('redis', `${hostname} asks for no password`, remedy)
    }
    return ok('redis', `${hostname} answers`)
  } catch (error) {
    return warn('redis', `${hostname}: ${reasonOf(error)}`, 'the server starts without it, but each process then tells its own sockets only: check REDIS_URL and that it runs')
  } finally {
    client.disconnect()
  }
}

/** Whether people and payment companies reach this server where it says it is. */
export async function checkPublicUrl({ PUBLIC_URL, NODE_ENV }: Config): Promise<{ finding: Finding; at?: Date }> {
  if (!PUBLIC_URL) {
    const isFine = NODE_ENV !== 'production'
    return { finding: isFine ? ok('public url', 'not set: this machine only') : bad('public url', 'not set', 'set PUBLIC_URL: overlay addresses and checkouts would lead to HOST:PORT') }
  }
  const seen = await lookAt(`${PUBLIC_URL}/healthz`)
  const at = seen.date ? { at: seen.date } : {}
  if (seen.ours) return { finding: ok('public url', `${PUBLIC_URL} leads here`), ...at }
  const what = seen.trouble ?? `answers ${seen.status}, but not as this server would`
  return { finding: warn('public url', `${PUBLIC_URL}: ${what}`, 'start the server and the proxy before it, or correct PUBLIC_URL; the samples are in deploy/'), ...at }
}

/** The companies that are asked about payments. */
export function checkProviders({ PAYMENT_PROVIDERS, NODE_ENV }: Config): Finding[] {
  return PAYMENT_PROVIDERS.map((name) =>
    NODE_ENV === 'production' ? warn(`payments: ${name}`, 'the built-in company: no real money moves', 'set PAYMENT_PROVIDERS to a real one') : ok(`payments: ${name}`, 'built in, reached through this server'),
  )
}

// There is none yet, and looking must not make one: whether it runs on this machine shows elsewhere as well.
async function checkNewStore(config: Config): Promise<Finding> {
  const dir = mkdtempSync(join(tmpdir(), 'ovation-doctor-'))
  try {
    const store = await openStore({ ...config, DATA_DIR: dir }, createLogger('silent'))
    await store.close()
    return ok('store', 'embedded, and it runs here; made at the first start')
  } catch (error) {
    return bad('store', `the embedded store does not run here: ${reasonOf(error)}`, 'npm ci; if it stays, set MONGODB_URI to a replica set')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// Nothing is left of it: it is taken back.
async function probe(client: MongoClient): Promise<void> {
  const session = client.startSession()
  try {
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } })
    await client.db('ovation').collection<{ _id: string }>('health').updateOne({ _id: 'doctor' }, { $set: { at: new Date() } }, { upsert: true, session })
    await session.abortTransaction()
  } finally {
    await session.endSession()
  }
}

async function checkVersion(uri: string): Promise<Finding> {
  const database = await connectDatabase(uri, 'ovation')
  try {
    const owner = newId('prc')
    const { version, known: latest, lock } = await createMigrations({ connection: database.connection, migrations: known, owner, wall, failpoints: createFailpoints(undefined), log: createLogger('silent') }).status()
    if (version > latest) return bad('database', `version ${version}, this release knows ${latest}`, 'start the release that wrote it, or a newer one')
    if (lock) return warn('database', `version ${version}, being migrated by ${lock.owner} until ${lock.until}`, 'wait; if its process is gone: npm run migrate -- unlock')
    return ok('database', version === 0 ? 'new: made at the first start' : version === latest ? `version ${version}` : `version ${version}; the next start brings it to ${latest}`)
  } finally {
    await database.close()
  }
}
