import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { renderEnvExample } from '../../scripts/env-example.ts'
import { ConfigError, loadConfig } from '../../src/config.ts'

describe('settings', () => {
  it('are all there by default and frozen', () => {
    const config = loadConfig({})
    expect(config).to.include({ PORT: 3000, HOST: '127.0.0.1', DATA_DIR: './data', DEFAULT_CURRENCY: 'ZMW' })
    expect(Object.isFrozen(config)).to.equal(true)
  })

  it('name every fault at once and show no value', () => {
    const faults = faultsOf({ PORT: '99999999', PUBLIC_URL: 'ftp://hunter2', LOG_LEVEL: 'hunter2', SECRET: 'hunter2', MONGODB_URI: 'mysql://hunter2' })
    expect(faults.map((fault) => fault.split(':')[0])).to.have.members(['PORT', 'PUBLIC_URL', 'LOG_LEVEL', 'SECRET', 'MONGODB_URI'])
    expect(faults.join('\n')).not.to.include('hunter2').and.not.to.include('99999999')
  })

  for (const secret of ['a'.repeat(40), 'change-me-change-me-change-me-change-me', 'my-secret-my-secret-my-secret-my-secret', 'short'])
    it(`refuse ${JSON.stringify(secret.slice(0, 12))}… as a secret`, () => {
      expect(faultsOf({ SECRET: secret })[0]).to.match(/^SECRET: /)
    })

  it('demand a secret in production', () => {
    expect(faultsOf({ NODE_ENV: 'production', ALLOW_SANDBOX: '1' })).to.deep.equal(['SECRET: is required'])
  })

  it('refuse the sandbox and failpoints in production', () => {
    const SECRET = 'Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa'
    expect(faultsOf({ NODE_ENV: 'production', SECRET })[0]).to.match(/^PAYMENT_PROVIDERS: /)
    expect(faultsOf({ NODE_ENV: 'production', SECRET, ALLOW_SANDBOX: '1', FAILPOINT: 'tips.send.before-commit:1' })[0]).to.match(/^FAILPOINT: /)
    expect(loadConfig({ NODE_ENV: 'production', SECRET, ALLOW_SANDBOX: '1' }).ALLOW_SANDBOX).to.equal(true)
  })

  it('are described in .env.example as they are', () => {
    expect(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')).to.equal(renderEnvExample())
  })
})

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  throw new Error('They were accepted')
}
