import { parseArgs } from 'node:util'
import { MongoClient } from 'mongodb'
import { newToken } from '../../src/kernel/ids.ts'
import { readSettings } from '../settings.ts'
import { createDoor } from '../door.ts'
import { playPlan } from './people.ts'
import { makePlan, type Size, sizes } from './plan.ts'

/**
 * `npm run seed -- --size small|medium|large [--seed N] [--force]`: people, wallets and tips to look at. It serves on this machine only for
 * as long as it takes, beside a server that runs or without one. Exit codes: 1 the ledger does not add up, 64 wrong arguments, 78 refused.
 */
const { size, seed, force } = readArguments()
const given = readSettings()
if (given.NODE_ENV === 'production') refuse('NODE_ENV is production: invented people and their money have no place there.')
if (!given.PAYMENT_PROVIDERS.includes('sandbox')) refuse('PAYMENT_PROVIDERS does not have the sandbox, and real companies are not asked for invented money.')
// On this machine only, and each invented guest from an address of his own: the limits stay as they are.
const config = readSettings({ HOST: '127.0.0.1', PORT: '0', TRUSTED_PROXIES: '127.0.0.1' })
const started = performance.now()
// Only now: whoever is refused above need not wait until the server is loaded.
const { openApp } = await import('../open-app.ts')
const { app, store, close } = await openApp(config)
const people = await countPeople(store.uri)
if (people > 0 && !force) {
  await close()
  refuse(`There are ${people} people in this database already. Use --force to add to them, or another DATA_DIR.`)
}
const { port, admin } = await app.start()
const door = createDoor(`http://127.0.0.1:${port}`)
const plan = makePlan({ size, seed, from: people })
const password = newToken().slice(0, 16)
print(`Seeding ${size} (seed ${seed}): ${plan.creators.length} creators, ${plan.fans.length} fans, ${sizes[size].tips} tips`)
let violations: Awaited<ReturnType<typeof app.check>>
try {
  await playPlan({ door, plan, password, currency: config.DEFAULT_CURRENCY, settled: app.dispatcher.whenIdle })
  violations = await app.check(true)
} finally {
  door.close()
  await close()
}
for (const { check, detail, subject } of violations) print(`  ${check}: ${subject ?? ''} ${detail}`)
print(violations.length === 0 ? `  The ledger adds up. All done in ${((performance.now() - started) / 1_000).toFixed(1)} s.` : '  The ledger does not add up.')
printLogins()
process.exit(violations.length === 0 ? 0 : 1)

function printLogins(): void {
  const url = given.PUBLIC_URL ?? `http://${given.HOST}:${given.PORT}`
  print('')
  print(`  Sign in at ${url}/ with one of these and the password ${password}`)
  for (const { email, full_name } of plan.creators.slice(0, 2)) print(`    creator  ${email}  (${full_name})`)
  for (const { email, full_name } of plan.fans.slice(0, 2)) print(`    fan      ${email}  (${full_name})`)
  if (admin) print(`    admin    ${admin.email}${admin.made_password ? `  password ${admin.made_password}  (shown this once)` : '  (password as set)'}`)
  print('')
  print(`  Next: ${store.shared ? 'open the page; npm start, if no server runs' : 'npm start'}`)
}

async function countPeople(uri: string): Promise<number> {
  const client = new MongoClient(uri)
  try {
    return await client.db('ovation').collection('users').countDocuments({ role: { $ne: 'admin' } })
  } finally {
    await client.close()
  }
}

function readArguments(): { size: Size; seed: number; force: boolean } {
  try {
    const { values } = parseArgs({ options: { size: { type: 'string', default: 'small' }, seed: { type: 'string', default: '1' }, force: { type: 'boolean', default: false } } })
    const number = Number(values.seed)
    if (!Object.hasOwn(sizes, values.size)) throw new Error(`--size must be one of ${Object.keys(sizes).join(', ')}`)
    if (!Number.isSafeInteger(number) || number < 0) throw new Error('--seed must be a whole number')
    return { size: values.size as Size, seed: number, force: values.force }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\nUsage: npm run seed -- --size small|medium|large [--seed N] [--force]\n`)
    return process.exit(64)
  }
}

function refuse(reason: string): never {
  process.stderr.write(`Nothing was seeded. ${reason}\n`)
  process.exit(78)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
