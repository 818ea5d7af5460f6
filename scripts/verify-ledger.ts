import { join, resolve } from 'node:path'
import { loadConfig } from '../src/config.ts'
import { startEmbeddedStore } from '../src/embedded-mongo/launcher.ts'
import { createLedgerChecks, createLedgerModels } from '../src/features/ledger/index.ts'
import { createIdempotency } from '../src/platform/idempotency.ts'
import { createLogger } from '../src/platform/logger.ts'
import { connectDatabase } from '../src/platform/mongo.ts'
import { createOutbox } from '../src/platform/outbox.ts'
import { wall } from '../src/platform/system-clock.ts'
import { createUnitOfWork } from '../src/platform/unit-of-work.ts'

/**
 * Re-adds the whole ledger from its first entry: every entry, every balance, every batch, root and hash. Run it with the server stopped
 * (the embedded store has one master), or against MONGODB_URI at any time. Exit code 0: everything adds up; 1: it does not, and how.
 */
const config = loadConfig()
const log = createLogger('warn')
const store = config.MONGODB_URI ? undefined : await startEmbeddedStore({ dir: join(resolve(config.DATA_DIR), 'store'), log, onFatal: () => process.exit(70) })
const database = await connectDatabase(config.MONGODB_URI ?? (store?.uri as string), 'ovation')
const db = database.connection
const unitOfWork = createUnitOfWork({ connection: db, outbox: createOutbox({ connection: db, wall }), idempotency: createIdempotency({ connection: db, wall }), wall, onCommitted: () => {} })
const models = createLedgerModels(db)
let faults = 0
for (const check of createLedgerChecks({ models, unitOfWork, wall })) {
  const started = performance.now()
  const found = await check.run({ full: true })
  faults += found.length
  print(`${found.length === 0 ? 'ok  ' : 'FAIL'} ${check.name.padEnd(28)} ${Math.round(performance.now() - started)} ms`)
  for (const { subject, detail } of found) print(`     ${subject ?? ''} ${detail}`)
}
const [entries, batches, waiting] = await Promise.all([models.Entries.countDocuments({}), models.Batches.countDocuments({}), models.Unsealed.countDocuments({})])
print(`${entries} entries in ${batches} batches, ${waiting} waiting to be sealed`)
print(faults === 0 ? 'The ledger adds up.' : `${faults} fault${faults === 1 ? '' : 's'}: stop payouts and restore or investigate before going on.`)
await database.close()
await store?.stop()
process.exit(faults === 0 ? 0 : 1)

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
