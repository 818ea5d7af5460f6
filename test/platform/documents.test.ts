import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { AnySchema, ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import Joi from 'joi'
import { AppError, type ErrorCode, errorCodes, statusOf, toProblem } from '../../src/kernel/errors.ts'
import type { AnyOperation } from '../../src/kernel/operation.ts'
import { exampleOf } from '../../src/platform/documents/examples.ts'
import { toJsonSchema } from '../../src/platform/documents/json-schema.ts'
import { createInputReader } from '../../src/platform/input.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp } from '../support/cast.ts'
import { codesIn, danglingOf, exampleFaults, type Json, makeAjv, partsOf, requestsFor, resolve, routesOf, variantsOf } from '../support/documents.ts'
import { ask } from '../support/http.ts'
import { createRandom } from '../../scripts/random.ts'

interface Placed {
  schema: Joi.Schema
  place: string
  accepts: (value: unknown) => boolean
}

/** AsyncAPI's parser takes a second for each part, and what is only given out is compared a thousand times, so a run draws some; `npm run test:long` takes all. */
const [partsPerRun, givenOutPerRun] = process.env['DOCUMENT_PARTS'] === 'all' ? [Infinity, Infinity] : [1, 40]
const seed = Number(process.env['DOCUMENT_SEED'] ?? Date.now() % 1_000_000)

describe(`the documents (DOCUMENT_SEED=${seed})`, () => {
  let app: TestApp
  let operations: AnyOperation[]
  let schemas: Placed[]
  let openApi: Json
  let asyncApi: Json

  before(async () => {
    app = await startApp({ TRUSTED_PROXIES: '127.0.0.1' })
    operations = app.app.features.flatMap((feature) => feature.operations)
    schemas = [
      ...operations.flatMap(({ name, input, output }) => [
        { schema: input, place: `${name} input`, accepts: reads(input) },
        { schema: output, place: `${name} output`, accepts: reads(output) },
      ]),
      ...app.app.features.flatMap((feature) => feature.facts.map(({ name, data }) => ({ schema: data, place: `${name} data`, accepts: reads(data) }))),
    ]
    openApi = (await ask(`${app.url}/openapi.json`)).body as never
    asyncApi = (await ask(`${app.url}/asyncapi.json`)).body as never
  })
  after(() => app.stop())

  it('are committed as the operations and facts have them', () => {
    const kept = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
    const told = 'has drifted: run `npm run generate` and commit what it writes'
    expect(app.app.documents.openApi() === kept('openapi.json'), `docs/openapi.json ${told}`).to.equal(true)
    const served = app.app.documents.asyncApi().replaceAll(`127.0.0.1:${app.port}`, '127.0.0.1:3000')
    expect(served === kept('asyncapi.json'), `docs/asyncapi.json ${told}`).to.equal(true)
  })

  it('are served, and not sent again to whoever has them', async () => {
    for (const path of ['/openapi.json', '/asyncapi.json']) {
      const first = await ask(`${app.url}${path}`)
      expect(first.headers['content-type']).to.equal('application/json; charset=utf-8')
      const again = await ask(`${app.url}${path}`, { headers: { 'if-none-match': String(first.headers['etag']) } })
      expect(again.status).to.equal(304)
    }
  })

  it('explain every problem where its type points', async () => {
    for (const code of errorCodes) {
      const page = await ask(`${app.url}${toProblem(new AppError(code)).type}`)
      expect([page.status, page.headers['content-type']], code).to.deep.equal([200, 'text/html; charset=utf-8'])
      expect(page.text).to.include(code).and.include(`HTTP status ${statusOf(code)}`)
    }
    expect((await ask(`${app.url}/problems/none`)).status).to.equal(404)
  })

  it('are OpenAPI 3.1 to a validator that refuses broken ones', async () => {
    expect(await new Validator().validate(structuredClone(openApi))).to.deep.include({ valid: true })
    const broken = structuredClone(openApi) as unknown as { paths: Record<string, Record<string, { responses?: unknown }>> }
    broken.paths['/api/v1/wallets/me']!['get']!.responses = { oops: 1 }
    expect((await new Validator().validate(broken)).valid).to.equal(false)
  })

  it('are AsyncAPI 3 to its own parser, which refuses broken ones', async () => {
    const parser = new Parser()
    const faultsOf = async (document: unknown) =>
      (await parser.validate(JSON.stringify(document))).filter(({ code }) => code !== 'asyncapi-latest-version').map(({ message, path }) => `${path.join('.')}: ${message}`)
    const parts = partsOf(asyncApi)
    expect(parts.flatMap(({ operations }) => Object.keys(operations))).to.have.members(Object.keys(asyncApi['operations'] ?? {}))
    for (const part of createRandom(seed).shuffled(parts).slice(0, partsPerRun)) expect(await faultsOf(part)).to.deep.equal([])
    const [broken] = parts.map((part) => structuredClone(part))
    Object.values(broken?.operations ?? {})[0]!.action = 'shout'
    expect(await faultsOf(broken)).not.to.deep.equal([])
  }).timeout(60_000)

  it('refer to nothing that is not there', () => {
    for (const document of [openApi, asyncApi]) expect(danglingOf(document)).to.deep.equal([])
    expect(danglingOf(JSON.parse(JSON.stringify(asyncApi).replaceAll('"tip:send.done":', '"tip:send.dome":')) as Json)).to.have.length(1)
  })

  it('tell of every operation over HTTP with its answer and every refusal', () => {
    const told = new Map(routesOf(openApi).map((each) => [each.item['operationId'] as string, each]))
    for (const operation of operations.filter(({ route }) => route !== 'socket-only')) {
      const item = told.get(operation.name)
      expect(item?.route, operation.name).to.equal(operation.route.replaceAll(/:([a-z_]+)/g, '{$1}'))
      expect(item?.answers, operation.name).to.include.keys(String(operation.status ?? 200))
      const codes = [...(item?.refusals.values() ?? [])].flat()
      expect(codes, operation.name).to.include.members([...operation.errors, ...expectedOf(operation, 'http')])
    }
    for (const name of ['server:health', 'server:ready', 'payment:webhook', 'sandbox:decide']) expect(told.has(name), name).to.equal(true)
  })

  it('tell of every command with its acknowledgement and every refusal, and of every fact', () => {
    const document = asyncApi as unknown as { operations: Record<string, { action: string }>; channels: Record<string, { messages: Record<string, { payload: never }> }> }
    const messages = Object.assign({}, ...Object.values(document.channels).map((channel) => channel.messages)) as Record<string, { payload: Json }>
    for (const operation of operations.filter(({ door, audience }) => door !== 'http' || audience === 'overlay')) {
      const { name } = operation
      expect(document.operations[name]?.action, name).to.equal('send')
      expect(messages[`${name}.done`]?.payload, name).to.be.an('object')
      expect(codesIn(messages[`${name}.refused`]?.payload), name).to.include.members([...operation.errors, ...expectedOf(operation, 'socket')])
    }
    for (const { name } of app.app.features.flatMap((feature) => feature.facts)) {
      const heard = Object.values(document.operations).filter((each) => each.action === 'receive' && JSON.stringify(each).includes(`/messages/${name}`))
      expect(heard, name).to.have.length(1)
    }
  })

  it('give examples that their own schemas accept', () => {
    for (const document of [openApi, asyncApi]) expect(exampleFaults(document)).to.deep.equal([])
    const [part] = partsOf(asyncApi).filter((each) => 'tip:send' in each.operations)
    const broken = JSON.parse(JSON.stringify(part).replaceAll('"amount":2500', '"amount":"much"')) as Json
    expect(exampleFaults(broken)).not.to.deep.equal([])
  })

  it('accept and refuse what the server accepts and refuses, field by field', () => {
    const ajv = makeAjv(true)
    const [takenIn, givenOut] = [schemas.filter(isTakenIn), schemas.filter((each) => !isTakenIn(each))]
    for (const { schema, place, accepts } of [...takenIn, ...createRandom(seed).shuffled(givenOut).slice(0, givenOutPerRun)]) {
      const inDocument = ajv.compile(toJsonSchema(schema, place))
      for (const value of variantsOf(exampleOf(schema, place))) if (inDocument(value) !== accepts(value)) expect.fail(`${place}: ${JSON.stringify(value).slice(0, 300)} is ${accepts(value) ? 'accepted' : 'refused'} by the server only`)
    }
  })

  for (const [what, schema] of Object.entries({
    custom: Joi.object({ a: Joi.string().custom((value: unknown) => value) }),
    when: Joi.object({ a: Joi.string(), b: Joi.string().when('a', { is: 'x', then: Joi.required() }) }),
    or: Joi.object({ a: Joi.string(), b: Joi.string() }).or('a', 'b'),
    xor: Joi.object({ list: Joi.array().items(Joi.object({ a: Joi.string(), b: Joi.string() }).xor('a', 'b')) }),
    and: Joi.object({ deep: Joi.object({ a: Joi.string(), b: Joi.string() }).and('a', 'b') }),
    with: Joi.alternatives(Joi.number(), Joi.object({ a: Joi.string(), b: Joi.string() }).with('a', 'b')),
    external: Joi.object({ a: Joi.string().external(() => {}) }),
    rename: Joi.object({ a: Joi.string() }).rename('b', 'a'),
    link: Joi.object({ a: Joi.link('#a') }),
    uppercase: Joi.object({ a: Joi.array().items(Joi.string().uppercase()) }),
    reference: Joi.object({ a: Joi.number(), b: Joi.number().min(Joi.ref('a')) }),
    'pattern with flags': Joi.object({ a: Joi.string().pattern(/a/i) }),
    forbidden: Joi.object({ a: Joi.forbidden() }),
    invalid: Joi.alternatives(Joi.number().invalid(3), Joi.boolean()),
  }))
    it(`refuse a schema whose rule would vanish: ${what}`, () => {
      expect(() => toJsonSchema(schema, 'here')).to.throw(/^here.* can't be told in JSON Schema/)
    })

  describe('are kept by the server', () => {
    const roles = ['nobody', 'fan', 'creator', 'admin'] as const
    let people: (Person | undefined)[]
    let addresses = 0

    before(async () => {
      people = await Promise.all(roles.map(enter))
    })

    // A fan sends everything, the others what is good; what no schema ever sees is sent once for each method.
    it('in what it answers to good, bad and hostile requests', async () => {
      const ajv = makeAjv(false).addSchema(openApi as AnySchema, 'openapi')
      const checks = new Map<string, ValidateFunction>()
      const met = new Set<string>()
      const methods = new Set<string>()
      for (const { route, item, pointer } of routesOf(openApi).filter(({ item }) => operations.some(({ name }) => name === item['operationId']))) {
        for (const [index, role] of roles.entries()) {
          const { good, refused, unread } = requestsFor(route, item as never)
          const method = route.split(' ')[0] as string
          for (const send of role === 'fan' ? [good, ...refused, ...(methods.has(method) ? [] : unread)] : [good]) {
            const person = people[index]
            const { method, path, ...options } = send
            const answer = await ask(`${app.url}${path}`, { method, ...(person ? { token: person.token } : {}), ...options, headers: { ...options.headers, 'x-forwarded-for': `10.0.${addresses >> 8}.${addresses++ & 255}` } })
            const where = `${route} ${answer.status} ${answer.text.slice(0, 200)}`
            const response = resolve(openApi, `${pointer}/responses/${answer.status}`)
            expect(response, where).to.be.an('object')
            const type = String(answer.headers['content-type']).split(';')[0] as string
            const place = `openapi#${response?.pointer}/content/${type.replace('/', '~1')}/schema`
            const check = checks.get(place) ?? ajv.compile({ $ref: place })
            checks.set(place, check)
            expect(check(answer.body), `${where} ${JSON.stringify(check.errors)}`).to.equal(true)
            // Some requests end a sign-in or an account; the next one comes from somebody new.
            if (person && !send.token && answer.status === 401) people[index] = await enter(role)
            met.add((answer.body as { code?: ErrorCode }).code ?? 'ok')
          }
          if (role === 'fan') methods.add(method)
        }
      }
      expect([...met]).to.include.members(['ok', 'unauthenticated', 'forbidden', 'validation', 'bad-json', 'media-type', 'encoding', 'too-large', 'too-complex', 'uri-too-long', 'idempotency-key', 'not-found'])
    }).timeout(120_000)

    async function enter(role: (typeof roles)[number]): Promise<Person | undefined> {
      if (role === 'nobody') return undefined
      return role === 'admin' ? signIn(app, app.admin.email, app.admin.password) : signUp(app, role)
    }
  })
})

/** As the pipeline reads what a client sends, its rules for texts too: what was let in by them is what is told. */
function reads(schema: Joi.Schema): (value: unknown) => boolean {
  const read = createInputReader(schema as Joi.ObjectSchema)
  return (value) => {
    try {
      read(value)
      return true
    } catch {
      return false
    }
  }
}

function isTakenIn({ place }: Placed): boolean {
  return place.endsWith(' input')
}

function expectedOf({ once, audience, route }: AnyOperation, door: 'http' | 'socket'): ErrorCode[] {
  return [
    ...(['validation', 'too-complex', 'rate-limited', 'internal', 'retry'] as const),
    ...(once ? (['idempotency-key', 'in-progress', 'key-reused'] as const) : []),
    ...(audience === 'creator' || audience === 'admin' ? (['forbidden'] as const) : []),
    ...(door === 'http' ? (['unauthenticated', 'token-expired', 'session-revoked', 'encoding', 'uri-too-long'] as const) : []),
    ...(door === 'http' && !route.startsWith('GET') ? (['bad-json', 'media-type', 'too-large', 'request-timeout'] as const) : []),
  ]
}
