import { loadConfig } from '../src/config.ts'
import { newId } from '../src/kernel/ids.ts'
import { migrations as known } from '../src/migrations/index.ts'
import { createFailpoints } from '../src/platform/failpoint.ts'
import { createLogger } from '../src/platform/logger.ts'
import { createMigrations, SchemaRefused } from '../src/platform/migrations.ts'
import { connectDatabase } from '../src/platform/mongo.ts'
import { wall } from '../src/platform/system-clock.ts'
import { openStore } from './open-store.ts'

/**
 * `npm run migrate -- status|up|unlock`. Every start of a server does `up` by itself; this is for looking, for doing it beforehand, and for
 * taking a lock off whose holder is gone. Exit codes: 64 wrong arguments, 78 a database that this release must not touch.
 */
const [command = 'status'] = process.argv.slice(2)
if (!['status', 'up', 'unlock'].includes(command)) {
  process.stderr.write('Usage: npm run migrate -- status | up | unlock\n')
  process.exit(64)
}
const config = loadConfig()
const log = createLogger('warn')
const store = await openStore(config, log)
const database = await connectDatabase(store.uri, 'ovation')
const migrations = createMigrations({ connection: database.connection, migrations: known, owner: newId('prc'), wall, failpoints: createFailpoints(config.FAILPOINT), log })
let exitCode = 0
try {
  if (command === 'unlock') print((await migrations.unlock()) ? 'The lock is off.' : 'There was no lock.')
  if (command === 'up') print(`Ran: ${(await migrations.up({ alone: !store.shared })).ran.join(', ') || 'nothing, all was done'}`)
  await printStatus()
} catch (error) {
  if (!(error instanceof SchemaRefused)) throw error
  process.stderr.write(`Not migrated: ${error.message}\n`)
  exitCode = 78
}
await database.close()
await store.close()
process.exit(exitCode)

async function printStatus(): Promise<void> {
  const { version, known: latest, lock, migrations: rows } = await migrations.status()
  print(`The database is at version ${version}; this release knows ${latest}.`)
  print(lock ? `Locked by ${lock.owner} until ${lock.until}.` : 'Not locked.')
  for (const { number, name, state, pages, changed, finished_at } of rows) print(`${String(number).padStart(4, '0')}  ${name.padEnd(32)} ${state.padEnd(8)} ${pages} pages, ${changed} rows  ${finished_at ?? ''}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
