import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config.ts'
import type { LedgerProof } from '../src/features/ledger/contract.ts'
import { createLedgerChecks, createLedgerModels, faultOfProof, publicKeyOfSeed } from '../src/features/ledger/index.ts'
import { proof as proofSchema } from '../src/features/ledger/schema.ts'
import { createIdempotency } from '../src/platform/idempotency.ts'
import { createKeys, loadOrMakeSecret } from '../src/platform/keys.ts'
import { createLogger } from '../src/platform/logger.ts'
import { connectDatabase } from '../src/platform/mongo.ts'
import { createOutbox } from '../src/platform/outbox.ts'
import { wall } from '../src/platform/system-clock.ts'
import { createUnitOfWork } from '../src/platform/unit-of-work.ts'
import { openStore } from './open-store.ts'

const usage = `npm run verify-ledger                              re-adds the whole ledger
npm run verify-ledger -- --proof=FILE [--key=KEY]  checks one proof; KEY as GET /api/v1/ledger/keys tells it
                                                   (without one: the key of this installation's secret)`

const { values } = readArguments()
process.exit(values.proof === undefined ? await verifyLedger() : verifyProof(values.proof, values.key))

/** Checks one proof with nothing but a public key. Exit code 0: it holds; 1: it does not, and why; 2: it is no proof. */
function verifyProof(file: string, given: string | undefined): number {
  const proof = readProof(file)
  if (!proof) return 2
  const key = given ?? ownKey()
  const fault = faultOfProof(proof, key)
  if (fault) {
    print(`REFUSED: ${fault}.`)
    return 1
  }
  const { entry, batch, chain, root } = proof
  print(`The proof holds, under the public key ${key}${given === undefined ? ' (of this installation)' : ''}.`)
  print(`Entry ${entry.entry_id} of ${entry.at}: ${entry.reason}, ${entry.currency}`)
  for (const { account, side, amount } of entry.postings) print(`  ${side.padEnd(6)} ${String(amount).padStart(12)}  ${account.name ?? `somebody (${account.commitment.slice(0, 12)}…)`}`)
  print(`is number ${proof.index + 1} of ${batch.count} in batch ${batch.n}, ${chain.length} batches before root ${root.n}, signed ${root.signed_at}.`)
  return 0
}

/**
 * Re-adds everything from the first entry: every entry, balance, batch, root and signature. It runs
 * beside a server or without one. Exit code 0: everything adds up; 1: it does not, and how.
 */
async function verifyLedger(): Promise<number> {
  const config = loadConfig()
  const store = await openStore(config, createLogger('warn'))
  const database = await connectDatabase(store.uri, 'ovation')
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
  await store.close()
  return faults === 0 ? 0 : 1
}

function readProof(file: string): LedgerProof | undefined {
  try {
    const { value, error } = proofSchema.validate(JSON.parse(readFileSync(file, 'utf8')), { convert: false })
    if (!error) return value as LedgerProof
    print(`${file} is no proof: ${error.details[0]?.path.join('.') ?? ''} ${error.details[0]?.type ?? ''}`)
  } catch (error) {
    print(`${file} can't be read: ${error instanceof Error ? error.message : 'unknown'}`)
  }
  return undefined
}

function ownKey(): string {
  const config = loadConfig()
  return publicKeyOfSeed(createKeys(config.SECRET ?? loadOrMakeSecret(resolve(config.DATA_DIR))).key('ledger-root'))
}

function readArguments() {
  try {
    return parseArgs({ options: { proof: { type: 'string' }, key: { type: 'string' } } })
  } catch (error) {
    print(`${error instanceof Error ? error.message : ''}\n\n${usage}`)
    process.exit(2)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
