import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { DCLinter } from 'dclint'
import { parse } from 'yaml'

interface Service {
  build?: string
  image?: string
  user?: string
  ports?: string[]
  healthcheck?: object
  restart?: string
  environment?: Record<string, string>
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  cap_drop?: string[]
  read_only?: boolean
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8')
const text = read('docker-compose.yml')
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> }

describe('docker-compose.yml', () => {
  it('is what the Compose specification’s schema allows, without what its linter calls an error', () => {
    // The servers are built here, under a name that a registry could give them; what the load balancer opens is told by PUBLISH.
    const meant = /^no-build-and-image |PUBLISH/
    expect(errorsIn('docker-compose.yml').filter((error) => !meant.test(error))).to.deep.equal([])
  })

  it('would be found out if it were not', () => {
    expect(errorsIn('test/deploy/wrong-compose.yml').join('\n')).to.match(/^invalid-schema /m)
  })

  it('runs two servers, a replica set of three, Redis, a relay and a load balancer', () => {
    expect(Object.keys(services).toSorted()).to.deep.equal(['app-1', 'app-2', 'load-balancer', 'mongo-1', 'mongo-2', 'mongo-3', 'mongo-init', 'redis', 'turn'])
    expect(services['app-1']).to.deep.equal(services['app-2'])
  })

  it('names a version of every image, never the latest', () => {
    const images = Object.values(services).map(({ image = '' }) => image)
    expect(images.filter((image) => !/:\d[\w.-]*$/.test(image))).to.deep.equal([])
  })

  it('runs nothing as root', () => {
    const asRoot = Object.entries(services).filter(([, { user, build }]) => build === undefined && (user === undefined || /^(0|root)(:|$)/.test(user)))
    expect(asRoot.map(([name]) => name)).to.deep.equal([])
    expect(read('Dockerfile')).to.match(/^USER node$/m)
  })

  it('watches the health of all that keeps running', () => {
    const unwatched = Object.entries(services).filter(([, { restart, healthcheck, build }]) => restart !== undefined && build === undefined && !healthcheck)
    expect(unwatched.map(([name]) => name)).to.deep.equal([])
    expect(read('Dockerfile')).to.match(/^HEALTHCHECK .*healthcheck\.mjs"\]$/m)
  })

  it('opens ports at the load balancer and the relay alone', () => {
    const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined)
    expect(open.map(([name]) => name)).to.have.members(['load-balancer', 'turn'])
  })

  it('has no secret in it, and starts with none that is missing', () => {
    for (const name of ['SECRET', 'MONGO_PASSWORD', 'MONGO_ROOT_PASSWORD', 'REDIS_PASSWORD', 'ADMIN_PASSWORD', 'TURN_SECRET']) expect(text).to.include(`\${${name}:?`)
    const defaults = [...text.matchAll(/\$\{(\w*(?:SECRET|PASSWORD|KEY|TOKEN)\w*):?-([^}]+)\}/g)]
    expect(defaults.map((match) => match[0])).to.deep.equal([])
  })

  it('asks for nothing that deploy/compose.env.example does not list, and the other way round', () => {
    const asked = new Set([...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1] as string).concat('MONGO_KEY'))
    const listed = [...read('deploy/compose.env.example').matchAll(/^(\w+)=/gm)].map((match) => match[1] as string)
    expect(listed.toSorted()).to.deep.equal([...asked].toSorted())
  })

  it('gives the servers only settings that there are', async () => {
    const { settingNames } = await import('../../src/config.ts')
    const unknown = Object.keys(services['app-1']?.environment ?? {}).filter((name) => !(settingNames() as string[]).includes(name))
    expect(unknown).to.deep.equal([])
  })

  it('mounts files that are there', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0] as string))
    expect(mounted).not.to.deep.equal([])
    for (const file of mounted) expect(() => read(file)).not.to.throw()
  })
})

describe('the image', () => {
  it('takes in what the build reads and leaves secrets, data and history outside', () => {
    const rules = read('.dockerignore').split('\n')
    expect(rules).to.include('*')
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] as string).split(' '))
    const kept = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1))
    expect(copied.filter((path) => !kept.includes(path.replace(/^\.\//, '').split('/')[0] as string))).to.deep.equal([])
    for (const secret of ['.env', 'data', '.git']) expect(kept).not.to.include(secret)
  })

  it('holds no compiler: what runs is built before, without the tools of development', () => {
    const stages = read('Dockerfile').split(/^FROM /m).slice(1)
    expect(stages).to.have.length(3)
    expect(stages[1]).to.include('npm ci --omit=dev')
    expect(stages[2]).not.to.match(/npm (ci|install)|COPY src/)
  })
})

function errorsIn(file: string): string[] {
  const linter = new DCLinter({ quiet: true, debug: false, exclude: [], rules: {}, disableAllRules: false })
  const [result] = linter.lintFiles([`${root}${file}`], false) as { messages: { rule: string; type: string; line: number; message: string }[] }[]
  return (result?.messages ?? []).filter(({ type }) => type === 'error').map(({ rule, line, message }) => `${rule} ${line} ${message}`)
}
