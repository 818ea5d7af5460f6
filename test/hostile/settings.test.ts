import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../..', import.meta.url))
const goodSecret = 'Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa'

describe('E1: a start with bad settings', () => {
  const rows: [string, Record<string, string>, string[]][] = [
    ['a secret of 31 characters', { SECRET: goodSecret.slice(1) }, ['SECRET']],
    ['a secret out of an example', { SECRET: 'change-me-hunter2-hunter2-hunter2-hunter2' }, ['SECRET']],
    ['a secret of one letter', { SECRET: 'a'.repeat(40) }, ['SECRET']],
    ['no secret in production', { NODE_ENV: 'production', ALLOW_SANDBOX: '1' }, ['SECRET']],
    ['the sandbox in production', { NODE_ENV: 'production', SECRET: goodSecret }, ['PAYMENT_PROVIDERS']],
    ['a failpoint in production', { NODE_ENV: 'production', SECRET: goodSecret, ALLOW_SANDBOX: '1', FAILPOINT: 'tips.send.before-commit:1' }, ['FAILPOINT']],
    ['a payment company that is none', { PAYMENT_PROVIDERS: 'sandbox,hunter2' }, ['PAYMENT_PROVIDERS']],
    ['an address of the database that is none', { MONGODB_URI: 'https://hunter2:hunter2@db.example' }, ['MONGODB_URI']],
    [
      'everything wrong at once',
      { PORT: 'hunter2', HOST: '-hunter2-', PUBLIC_URL: 'ftp://hunter2', MONGODB_URI: 'hunter2', SECRET: 'hunter2', SECRET_PREVIOUS: 'hunter2', ADMIN_EMAIL: 'hunter2', ADMIN_PASSWORD: 'hunter2', PAYMENT_PROVIDERS: 'hunter2', ALLOW_SANDBOX: 'hunter2', DEFAULT_CURRENCY: 'hunter2', TIP_FEE_BPS: '5001', MEMBERSHIP_FEE_BPS: '-1', PAYOUT_MINIMUM: '0', PAYOUT_SECOND_APPROVAL: '-1', MATURATION_DAYS: '0', MATURATION_DAYS_NEW: '91', ALLOWED_ORIGINS: 'https://a.example/hunter2', TRUSTED_PROXIES: 'hunter2', METRICS_TOKEN: 'hunter2', LOG_LEVEL: 'hunter2', FAILPOINT: 'hunter2', NODE_ENV: 'hunter2' },
      ['PORT', 'HOST', 'PUBLIC_URL', 'MONGODB_URI', 'SECRET', 'SECRET_PREVIOUS', 'ADMIN_EMAIL', 'ADMIN_PASSWORD', 'PAYMENT_PROVIDERS', 'ALLOW_SANDBOX', 'DEFAULT_CURRENCY', 'TIP_FEE_BPS', 'MEMBERSHIP_FEE_BPS', 'PAYOUT_MINIMUM', 'PAYOUT_SECOND_APPROVAL', 'MATURATION_DAYS', 'MATURATION_DAYS_NEW', 'ALLOWED_ORIGINS', 'TRUSTED_PROXIES', 'METRICS_TOKEN', 'LOG_LEVEL', 'FAILPOINT', 'NODE_ENV'],
    ],
  ]
  for (const [what, settings, named] of rows)
    it(`${what}: exit code 78, every fault named, no value shown, nothing made`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'settings-'))
      const { code, output } = await start({ ...settings, DATA_DIR: dir })
      expect(code, output).to.equal(78)
      const told = output.split('\n').flatMap((line) => /^ {2}([A-Z_]+): \S/.exec(line)?.[1] ?? [])
      expect(told).to.have.members(named)
      for (const value of Object.values(settings).filter((each) => each.length > 4 && !['production', 'sandbox'].includes(each))) expect(output).not.to.include(value)
      expect(output).not.to.match(/hunter2| at .*\.ts:\d+/)
      expect(readdirSync(dir)).to.deep.equal([])
      rmSync(dir, { recursive: true })
    })
})

function start(settings: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { cwd: root, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })))
}
