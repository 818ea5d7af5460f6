import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Db } from 'mongodb'
import { startEmbeddedStore } from '../../support/built.ts'
import type { CollectionData } from './format.ts'
import { settings } from './settings.ts'

/** The server that the cases run against, and a client of the runner's own for what no case shall notice. */
export interface Deployment {
  uri: string
  admin: MongoClient
  /** Names of the fail points that the running case has set. */
  failPoints: Set<string>
  close(): Promise<void>
}

/** Connects to `settings.uri`, or starts an embedded store in a temporary folder that `close` removes. */
export async function openDeployment(): Promise<Deployment> {
  return settings.uri ? connect(settings.uri, async () => {}) : startStore()
}

async function startStore(): Promise<Deployment> {
  const dir = await mkdtemp(join(tmpdir(), 'store-'))
  const removeFolder = () => rm(dir, { recursive: true, force: true })
  try {
    const store = await startEmbeddedStore({ dir })
    return await connect(store.uri, () => store.stop().then(removeFolder))
  } catch (error) {
    await removeFolder()
    throw error
  }
}

async function connect(uri: string, stop: () => Promise<void>): Promise<Deployment> {
  const admin = await MongoClient.connect(uri, { serverSelectionTimeoutMS: 5_000, w: 'majority' })
  return Object.freeze({ uri, admin, failPoints: new Set<string>(), close })

  async function close(): Promise<void> {
    await admin.close()
    await stop()
  }
}

/** Puts the collections of a file into the state that its cases start from. */
export async function setUp({ admin }: Deployment, data: CollectionData[]): Promise<void> {
  for (const { databaseName, collectionName, createOptions, documents } of data) {
    const database = admin.db(databaseName)
    await database.dropCollection(collectionName)
    if (createOptions || documents.length === 0) await database.createCollection(collectionName, createOptions)
    if (documents.length > 0) await database.collection(collectionName).insertMany(documents)
  }
}

export async function turnOffFailPoints({ admin, failPoints }: Deployment): Promise<void> {
  for (const name of failPoints) await admin.db('admin').command({ configureFailPoint: name, mode: 'off' })
  failPoints.clear()
}

/** A transaction whose abort never arrived would hold its locks until the server's own limit. */
export async function endTransactions({ admin }: Deployment): Promise<void> {
  await admin.db('admin').command({ killAllSessions: [] })
}

export async function collectionExists(database: Db, name: string): Promise<boolean> {
  return (await database.listCollections({ name }).toArray()).length > 0
}

/** False too when there is no such collection. */
export async function indexExists(database: Db, collection: string, name: string): Promise<boolean> {
  const indexes = (await collectionExists(database, collection)) ? await database.collection(collection).indexes() : []
  return indexes.some((index) => index.name === name)
}
