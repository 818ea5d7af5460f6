import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect } from 'chai'

const root = resolve(import.meta.dirname, '../../src')
const order = ['accounts', 'profiles', 'ledger', 'payments', 'memberships', 'media', 'tips', 'overlays', 'messaging', 'presence', 'announcements', 'calls', 'content', 'live-events', 'payouts', 'notifications', 'webhooks', 'analytics', 'reports', 'admin']
const floors = ['kernel', 'platform', 'features', 'app.ts', 'main.ts']

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

describe('the shape of the house', () => {
  const files = walk(root).filter((file) => file.endsWith('.ts'))
  const imports = files.flatMap(importsOf)

  it('lets arrows point down only: kernel ← platform ← features ← app ← main', () => {
    expect(imports.filter(({ from, to }) => floorOf(from) >= 0 && floorOf(to) > floorOf(from))).to.deep.equal([])
  })

  it('lets a feature import another only through its index, its schema or its contract, and only leftwards', () => {
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const [here, there] = [featureOf(from), featureOf(to)]
      if (!here || !there || here === there) return false
      if (to.endsWith('contract.ts') && typeOnly) return false
      return order.indexOf(there) >= order.indexOf(here) || !/\/(index|schema)\.ts$/.test(to)
    })
    expect(wrong).to.deep.equal([])
  })

  it('keeps the embedded store to itself', () => {
    expect(imports.filter(({ from, to }) => from.startsWith('embedded-mongo/') && !to.startsWith('embedded-mongo/'))).to.deep.equal([])
    expect(imports.filter(({ from, to }) => to.startsWith('embedded-mongo/') && !from.startsWith('embedded-mongo/') && from !== 'main.ts')).to.deep.equal([])
  })

  it('keeps the sandbox provider a second party', () => {
    const shared = imports.filter(({ from, to }) => from.startsWith('sandbox-provider/') && to.startsWith('features/'))
    const reached = imports.filter(({ from, to }) => to.startsWith('sandbox-provider/') && !from.startsWith('sandbox-provider/') && from !== 'app.ts')
    expect([...shared, ...reached]).to.deep.equal([])
  })

  it('keeps the server out of the pages: what they run is the client, the contracts, the kernel’s words and one pure rule', () => {
    const entries = files.map((file) => relative(root, file)).filter((file) => /^(web|client)\//.test(file))
    const reached = new Set(entries)
    for (const file of reached) for (const { to } of imports.filter(({ from, typeOnly }) => from === file && !typeOnly)) reached.add(to)
    expect([...reached].filter((file) => !/^(web\/|client\/|kernel\/|features\/(catalogue|[^/]+\/contract|overlays\/template)\.ts$)/.test(file))).to.deep.equal([])
    const packages = [...reached].flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/^(?:import|export)\s+(?!type\b)[^'"]*?from '([^.'][^']*)'/gms)].map((match) => match[1]))
    expect(packages.filter((name) => !/^(socket\.io-client|uplot|uqr|(htm|preact)(\/\w+)?)$/.test(name as string))).to.deep.equal([])
    expect(packages).to.include('socket.io-client')
  })

  it('reads the environment, the clock and randomness in their named files only', () => {
    const own = files.filter((file) => !/^(embedded-mongo|web|client)\//.test(relative(root, file)))
    const uses = (pattern: RegExp, allowed: RegExp) => own.filter((file) => pattern.test(readFileSync(file, 'utf8'))).map((file) => relative(root, file)).filter((file) => !allowed.test(file))
    expect(uses(/process\.env/, /^config\.ts$/)).to.deep.equal([])
    expect(uses(/Date\.now\(\)|new Date\(\)/, /^platform\/system-clock\.ts$/)).to.deep.equal([])
    expect(uses(/Math\.random|randomBytes|randomUUID|randomInt/, /^(kernel\/ids|platform\/vault|.*\/(tokens|passwords))\.ts$/)).to.deep.equal([])
    expect(uses(/\bfetch\(|from 'undici'/, /^$/)).to.deep.equal([])
  })

  // Opened elsewhere, its session could be taken away from it by one that ends.
  it('opens transactions of the server in one place', () => {
    const opening = files.map((file) => relative(root, file)).filter((file) => !/^(embedded-mongo|sandbox-provider)\//.test(file) && /\.transaction\(|[wW]ithTransaction\(|startSession\(|withSession\(/.test(readFileSync(join(root, file), 'utf8')))
    expect(opening).to.deep.equal(['platform/transactions.ts'])
  })

  function importsOf(file: string): Import[] {
    const text = readFileSync(file, 'utf8')
    return [...text.matchAll(/^(import|export)\s+(type\s+)?[^'"]*?from '(\.[^']+)'/gms)].map((match) => ({
      from: relative(root, file),
      to: relative(root, resolve(dirname(file), match[3] as string)),
      typeOnly: match[2] !== undefined || /import \{ (type [^,}]+,? ?)+\}/.test(match[0]),
    }))
  }

  function floorOf(file: string): number {
    return floors.indexOf(file.split('/')[0] as string)
  }

  function featureOf(file: string): string | undefined {
    const [top, feature] = file.split('/')
    return top === 'features' && feature !== 'catalogue.ts' ? feature : undefined
  }
})

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
}
