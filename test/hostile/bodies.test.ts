import { expect } from 'chai'
import type { FieldError, Problem } from '../../src/kernel/errors.ts'
import { type LiveSocket, type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { besieged, refused, refusedAck } from './support.ts'

besieged('hostile bodies, through both doors', (siege) => {
  let live: LiveSocket
  let keys = 0
  const good = () => ({ creator_id: siege.creator.id, amount: 100, currency: 'ZMW' })
  const json = { 'content-type': 'application/json' }

  beforeEach(async () => {
    live = await siege.fan.socket()
  })
  afterEach(() => live.close())

  /** A tip sent with this input, over HTTP and over a socket: the same refusal. */
  async function refusedBoth(change: Record<string, unknown>, status: number, code: string): Promise<Problem[]> {
    const { creator_id, ...body } = { ...good(), ...change }
    const answer = await siege.fan.http('POST', `/api/v1/creators/${encodeURIComponent(creator_id)}/tips`, body, `b${++keys}`)
    refused(answer, status, code)
    return [answer.body as Problem, refusedAck(await live.call('tip:send', { ...good(), ...change, key: `b${++keys}` }), code)]
  }

  const complex: [string, object][] = [
    ['twenty-one levels', nested(21)],
    ['three thousand levels', { a: nested(3_000) }],
    ['a thousand and one keys', Object.fromEntries(Array.from({ length: 1_001 }, (_each, n) => [`k${n}`, 1]))],
    ['a list of a thousand and one', { a: Array.from({ length: 1_001 }, () => 1) }],
  ]
  for (const [what, body] of complex)
    it(`H4: ${what}`, async () => {
      refused(await ask(`${siege.app.url}/api/v1/auth/login`, { json: body }), 400, 'too-complex')
      refusedAck(await live.call('tip:send', body), 'too-complex')
    })

  for (const raw of ['{"__proto__":{"role":"admin"}}', '{"constructor":{}}', '{"prototype":1}', '{"a":{"__proto__":1}}', '{"a":[{"constructor":1}]}', '{"$gt":1}', '{"a.b":1}', '{"a\\u0000":1}', '{"_bsontype":"ObjectId"}'])
    it(`H6/H7: the key in ${raw.slice(0, 28)}`, async () => {
      const answer = await ask(`${siege.app.url}/api/v1/auth/login`, { raw, headers: json })
      refused(answer, 400, 'validation')
      // The socket's client would drop __proto__ as it builds the object, so the text is sent as it is.
      const problem = refusedAck(await live.call('tip:send', JSON.parse(raw) as object), 'validation')
      for (const { errors } of [answer.body as Problem, problem]) expect(errors?.[0]?.code).to.equal('forbidden-key')
    })

  for (const input of [{ email: { $ne: null }, password: { $gt: '' } }, { email: ['a@b.c'], password: ['x'] }, { email: { ne: null }, password: 'x' }, { email: null, password: null }])
    it(`H8: signing in with ${JSON.stringify(input)} looks nobody up`, async () => refused(await ask(`${siege.app.url}/api/v1/auth/login`, { json: input }), 400, 'validation'))

  it('H10: creators that do not parse, of another kind or nobody', async () => {
    for (const creator_id of ['abc', siege.fan.id, 'usr_00000000000000000000000000000000', 'ovl_1']) await refusedBoth({ creator_id }, 404, 'not-found')
  })

  for (const amount of ['0', '-1', '1.5', '"100"', '"1e3"', '1e21', '9007199254740993', 'null', 'true', '-0', '[100]', '{}'])
    it(`H11: the amount ${amount}`, async () => {
      const raw = `{"amount":${amount},"currency":"ZMW"}`
      refused(await ask(`${siege.app.url}/api/v1/creators/${siege.creator.id}/tips`, { token: siege.fan.token, key: `h11${amount}`, raw, headers: json }), 400, 'validation')
      refusedAck(await live.call('tip:send', { ...good(), amount: JSON.parse(amount) as unknown, key: 'h11' }), 'validation')
    })

  for (const [input, code] of [[{ amount: 1_000_000_001 }, 'amount'], [{ currency: 'JPY' }, 'currency'], [{ currency: 'zmw' }, 'currency'], [{ currency: 'XYZ' }, 'currency'], [{ currency: 'USD' }, 'currency']] as const)
    it(`H12: ${JSON.stringify(input)}`, async () => void (await refusedBoth(input, 422, code)))

  it('H13: the operations that take a date are these; another needs rows here', () => {
    const dated = siege.app.app.features
      .flatMap((feature) => feature.operations)
      .filter(({ input }) => /"type":"date"|"name":"isoDate"/.test(JSON.stringify(input.describe())))
      .map((operation) => operation.name)
    expect(dated).to.deep.equal(['membership:pause', 'member:comp', 'goal:create', 'goal:update', 'conversation:mute', 'moderation:timeout', 'moderation:ban', 'reminder:create'])
  })

  for (const ends_at of ['2026-02-30', '2027-02-29T00:00:00Z', '2027-04-31T12:00:00+02:00', '10000-01-01T00:00:00Z', '0', 'tomorrow', 0, 1.8e12, {}])
    it(`H13: the date ${JSON.stringify(ends_at)}`, async () => {
      const goal = { title: 'H13', kind: 'amount', target: 100 }
      refused(await siege.creator.http('POST', '/api/v1/creators/me/goals', { ...goal, ends_at }), 400, 'validation')
      const studio = await siege.creator.socket()
      refusedAck(await studio.call('goal:create', { ...goal, ends_at }), 'validation')
      for (const name of ['moderation:timeout', 'moderation:ban']) refusedAck(await studio.call(name, { conversation_id: 'con_none', user_id: 'usr_none', until: ends_at }), 'validation')
      refusedAck(await studio.call('reminder:create', { conversation_id: 'con_none', text: 'H13', due_at: ends_at }), 'validation')
      refusedAck(await studio.call('membership:pause', { membership_id: 'mbr_none', until: ends_at }), 'validation')
      refusedAck(await studio.call('member:comp', { tier_id: 'tir_none', user_id: 'usr_none', until: ends_at }), 'validation')
      refusedAck(await studio.call('conversation:mute', { conversation_id: 'con_none', until: ends_at }), 'validation')
      studio.close()
    })

  for (const extra of [{ role: 'admin' }, { balance: 1 }, { status: 'success' }, { _id: 'x' }, { __v: 1 }, { created_at: 'x' }, { fee_bps: 0 }, { fee_percent: 0 }, { price: 1 }, { fan_id: 'x' }])
    it(`H14: the extra field ${Object.keys(extra)[0]}`, async () => {
      for (const { errors } of await refusedBoth(extra, 400, 'validation')) expect(errors).to.deep.include({ path: Object.keys(extra)[0], code: 'unknown-field', detail: 'is not known here' } as FieldError)
    })
  it('H14: a creator named again in the body', async () => refused(await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, good(), 'h14b'), 400, 'validation'))
  it('H14: a registration as an admin, or with an epoch of one’s own', async () => {
    const base = { email: 'x@example.org', password: 'a good long password', full_name: 'X', role: 'fan' }
    for (const change of [{ role: 'admin' }, { epoch: 9 }, { _id: 'usr_1' }]) refused(await ask(`${siege.app.url}/api/v1/auth/register`, { json: { ...base, ...change } }), 400, 'validation')
  })

  const texts: [string, string][] = [
    ['NUL', 'a\0b'],
    ['a bell', 'a\u0007b'],
    ['a lone surrogate', 'a\ud800b'],
    ['nothing visible', '\u200b\u200d\u2060'],
    ['a cluster of sixty kilobytes', `a${'\u0301'.repeat(30_000)}`],
    ['a small tower of marks', `a${'\u0301\u0302'.repeat(40)}`],
    ['201 characters', 'x'.repeat(201)],
    ['201 characters of four bytes', '𝒳'.repeat(201)],
  ]
  for (const [what, message] of texts) it(`H15: a message of ${what}`, async () => void (await refusedBoth({ message }, 400, 'validation')))
  for (const [what = '', full_name] of [...texts, ['a bidi override', 'abc\u202Egnp.exe'], ['two lines', 'a\nb'], ['spaces alone', '   '], ['a direction mark', 'a\u200Fb'], ['an isolate', 'a\u2066b']])
    it(`H15: a name of ${what}`, async () => {
      refused(await ask(`${siege.app.url}/api/v1/auth/register`, { json: { email: 'h15@example.org', password: 'a good long password', full_name, role: 'fan' } }), 400, 'validation')
    })

  for (const avatar_url of ['javascript:alert(1)', 'data:text/html,x', 'http://example.org/a.png', 'https://', 'ftp://x/y', ' https://example.org', 'https://exa mple.org/', '//example.org/a'])
    it(`H16: the avatar ${avatar_url}`, async () => refused(await siege.creator.http('PUT', '/api/v1/creators/me', { avatar_url }), 400, 'validation'))
  for (const full_name of ['<script>alert(1)</script>', '=HYPERLINK("https://evil.example")', '{{7*7}}', "'; DROP TABLE users; --", '%s%n', '${jndi:ldap://x}'])
    it(`H16: the name ${full_name} is text and stays it`, async () => {
      const answer = await siege.creator.http('PUT', '/api/v1/creators/me', { full_name })
      expect(answer.body).to.include({ full_name, name: full_name })
      expect(answer.headers).to.include({ 'x-content-type-options': 'nosniff' })
      expect(answer.headers['content-type']).to.match(/^application\/json/)
      await siege.accept()
    })

  for (const key of [undefined, '', 'x'.repeat(300), 'a b', 'ü', 'a\tb'])
    it(`H23: money under the key ${key === undefined ? 'that is missing' : JSON.stringify(key.slice(0, 10))}`, async () => {
      for (const path of [`/api/v1/creators/${siege.creator.id}/tips`, '/api/v1/wallets/me/top-ups']) {
        const header: Record<string, string> = key === undefined ? {} : { 'x-idempotency-key': Buffer.from(key).toString('latin1') }
        refused(await ask(`${siege.app.url}${path}`, { token: siege.fan.token, json: { amount: 100, currency: 'ZMW' }, headers: header }), 400, 'idempotency-key')
      }
      refusedAck(await live.call('tip:send', { ...good(), ...(key === undefined ? {} : { key }) }), 'idempotency-key')
    })
  for (const key of [5, null, true, {}, ['a']])
    it(`H23: the key ${JSON.stringify(key)} in a payload`, async () => void refusedAck(await live.call('tip:send', { ...good(), key }), 'idempotency-key'))
  it('H23: a key inside the body is no key over HTTP', async () => refused(await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 100, currency: 'ZMW', key: 'k' }, 'h23'), 400, 'validation'))

  describe('H24: a key that is in use', () => {
    it('for another body, over either door, whichever was first', async () => {
      await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 100, currency: 'ZMW' }, 'h24')
      await siege.accept()
      refused(await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 101, currency: 'ZMW' }, 'h24'), 422, 'key-reused')
      refusedAck(await live.call('tip:send', { ...good(), amount: 101, key: 'h24' }), 'key-reused')
      const again = await live.call('tip:send', { ...good(), key: 'h24' })
      expect(again).to.include({ ok: true, replayed: true })
    })

    it('by somebody else is a key of their own', async () => {
      const other = await signUp(siege.app, 'fan')
      await topUp(other, 500)
      const path = `/api/v1/creators/${siege.creator.id}/tips`
      const [mine, theirs] = [await siege.fan.http('POST', path, { amount: 50, currency: 'ZMW' }, 'shared'), await other.http('POST', path, { amount: 60, currency: 'ZMW' }, 'shared')]
      expect([mine.status, theirs.status]).to.deep.equal([201, 201])
      expect(mine.body.tip_id).not.to.equal(theirs.body.tip_id)
      await siege.accept()
    })

    it('for another operation is a key of its own', async () => {
      const path = `/api/v1/creators/${siege.creator.id}/tips`
      const [tip, topped] = [await siege.fan.http('POST', path, { amount: 50, currency: 'ZMW' }, 'both'), await siege.fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 50, currency: 'ZMW' }, 'both')]
      expect([tip.status, topped.status]).to.deep.equal([201, 201])
      await siege.accept()
    })

    for (const [name, path] of [['wallet:top-up', '/api/v1/wallets/me/top-ups'], ['payment:initiate', '/api/v1/payments/initiate']] as const)
      it(`of a ${name} that is still with the payment company`, async () => {
        const admin = await signIn(siege.app, siege.app.admin.email, siege.app.admin.password)
        const input = { amount: 100, currency: 'ZMW', ...(name === 'payment:initiate' ? { creator_id: siege.creator.id } : {}) }
        const faults = (set: object) => admin.http('POST', '/sandbox/faults', set)
        const charges = siege.app.sandboxDb.collection('charges')
        const before = await charges.countDocuments()
        await faults({ timeout_after_charge: true })
        const first = siege.fan.http('POST', path, input, `flight-${name}`)
        // The company has it, and its answer is held back: from here on the first call is in flight for certain.
        while ((await charges.countDocuments()) === before) await new Promise((resolve) => setImmediate(resolve))
        await siege.accept()
        const twin = await siege.fan.http('POST', path, input, `flight-${name}`)
        refused(twin, 409, 'in-progress')
        expect(Number(twin.headers['retry-after'])).to.be.within(1, 30)
        expect(refusedAck(await live.call(name, { ...input, key: `flight-${name}` }), 'in-progress').retry_after_ms).to.be.within(1, 30_000)
        refused(await siege.fan.http('POST', path, { ...input, amount: 101 }, `flight-${name}`), 422, 'key-reused')
        await faults({ timeout_after_charge: null })
        // Hung up on, it asked once more on a connection of its own, or gave up and gave its lease back.
        expect((await first).status).to.be.oneOf([201, 503])
        const again = await siege.fan.http('POST', path, input, `flight-${name}`)
        expect(again.status, again.text).to.equal(201)
        expect(await charges.countDocuments(), 'the company was asked for one payment').to.equal(before + 1)
        await siege.accept()
      })
  })

  describe('H25: twenty at once', () => {
    const twenty = <T>(act: (n: number) => Promise<T>) => Promise.all(Array.from({ length: 20 }, (_each, n) => act(n)))
    afterEach(() => siege.accept())

    it('tips under one key, over both doors, are one tip', async () => {
      const fan = await funded(1_000)
      const socket = await fan.socket()
      const path = `/api/v1/creators/${siege.creator.id}/tips`
      const answers = await twenty(async (n) => {
        if (n % 2 === 0) return idOf(await fan.http('POST', path, { amount: 700, currency: 'ZMW' }, 'race'))
        const ack = (await socket.call('tip:send', { ...good(), amount: 700, key: 'race' })) as unknown as { ok: boolean; data: { tip_id: string } }
        expect(ack.ok, JSON.stringify(ack)).to.equal(true)
        return ack.data.tip_id
      })
      expect(new Set(answers).size).to.equal(1)
      expect(await cashOf(fan)).to.equal(300)
      socket.close()
    })

    it('tips of the last of the money, under keys of their own: one wins', async () => {
      const fan = await funded(1_000)
      const answers = await twenty((n) => fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 1_000, currency: 'ZMW' }, `own-${n}`))
      expect(answers.filter((each) => each.status === 201)).to.have.length(1)
      for (const answer of answers.filter((each) => each.status !== 201)) refused(answer, 422, 'insufficient-funds')
      expect(await cashOf(fan)).to.equal(0)
    })

    it('tips of a third of the money: three win', async () => {
      const fan = await funded(1_000)
      const answers = await twenty((n) => fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 333, currency: 'ZMW' }, `third-${n}`))
      expect(answers.filter((each) => each.status === 201)).to.have.length(3)
      expect(await cashOf(fan)).to.equal(1)
    })

    for (const [name, path] of [['top-ups', '/api/v1/wallets/me/top-ups'], ['tips by checkout', '/api/v1/payments/initiate']] as const) {
      it(`${name} under one key are one payment`, async () => {
        const fan = await signUp(siege.app, 'fan')
        const input = { amount: 400, currency: 'ZMW', ...(name === 'top-ups' ? {} : { creator_id: siege.creator.id }) }
        const answers = await twenty(() => fan.http('POST', path, input, 'race'))
        const won = answers.filter((each) => each.status === 201)
        expect(new Set([...won, await fan.http('POST', path, input, 'race')].map((each) => each.body.payment_id)).size).to.equal(1)
        for (const answer of answers.filter((each) => each.status !== 201)) refused(answer, 409, 'in-progress')
        expect(await siege.app.db.collection('payments').countDocuments({ payer_id: fan.id })).to.equal(1)
      })

      it(`${name} under keys of their own are twenty`, async () => {
        const fan = await signUp(siege.app, 'fan')
        const input = { amount: 400, currency: 'ZMW', ...(name === 'top-ups' ? {} : { creator_id: siege.creator.id }) }
        const answers = await twenty((n) => fan.http('POST', path, input, `own-${n}`))
        expect(answers.map((each) => each.status)).to.deep.equal(Array.from({ length: 20 }, () => 201))
        expect(new Set(answers.map((each) => each.body.payment_id)).size).to.equal(20)
        expect(await siege.app.db.collection('payments').countDocuments({ payer_id: fan.id })).to.equal(20)
      })
    }

    it('registrations of one address: one wins', async () => {
      const answers = await twenty(() => ask(`${siege.app.url}/api/v1/auth/register`, { json: { email: 'once@example.org', password: 'a good long password', full_name: 'Once', role: 'fan' } }))
      expect(answers.filter((each) => each.status === 201)).to.have.length(1)
      for (const answer of answers.filter((each) => each.status !== 201)) refused(answer, 409, 'conflict')
    })
  })

  describe('H28: a cursor', () => {
    let cursor = ''
    before(async () => {
      for (let n = 0; n < 3; n++) await siege.fan.http('POST', `/api/v1/creators/${siege.creator.id}/tips`, { amount: 10, currency: 'ZMW' }, `h28-${n}`)
      cursor = ((await siege.creator.http('GET', '/api/v1/creators/me/tips?limit=1')).body as { next: string }).next
      await siege.accept()
    })

    it('goes on where it was given', async () => {
      expect((await siege.creator.http('GET', `/api/v1/creators/me/tips?limit=1&cursor=${cursor}`)).status).to.equal(200)
    })
    const edits: [string, (given: string) => string][] = [
      ['with another position', (given) => `${Buffer.from('["tip_0"]').toString('base64url')}.${given.split('.')[1]}`],
      ['with another seal', (given) => `${given.split('.')[0]}.${'A'.repeat(22)}`],
      ['without its seal', (given) => given.split('.')[0] as string],
      ['cut short', (given) => given.slice(0, -3)],
      ['of nothing', () => 'x'],
      ['of a query', () => '{"$gt":""}'],
    ]
    for (const [what, edit] of edits)
      it(what, async () => {
        refused(await siege.creator.http('GET', `/api/v1/creators/me/tips?limit=1&cursor=${encodeURIComponent(edit(cursor))}`), 400, 'cursor')
        const studio = await siege.creator.socket()
        refusedAck(await studio.call('tip:list', { limit: 1, cursor: edit(cursor) }), 'cursor')
        studio.close()
      })
    it('of another list, or of somebody else', async () => {
      refused(await siege.creator.http('GET', `/api/v1/creators?cursor=${cursor}`), 400, 'cursor')
      const other = await signUp(siege.app, 'creator')
      await siege.accept()
      refused(await other.http('GET', `/api/v1/creators/me/tips?limit=1&cursor=${cursor}`), 400, 'cursor')
    })
  })

  async function funded(amount: number): Promise<Person> {
    const fan = await signUp(siege.app, 'fan')
    await topUp(fan, amount)
    return fan
  }

  async function cashOf(fan: Person): Promise<number> {
    return ((await fan.http('GET', '/api/v1/wallets/me')).body as { buckets: { cash: number } }).buckets.cash
  }

  function idOf(answer: Answer): string {
    expect(answer.status, answer.text).to.equal(201)
    return (answer.body as { tip_id: string }).tip_id
  }
})

function nested(levels: number): object {
  let inner: unknown = 1
  for (let level = 0; level < levels; level++) inner = [inner]
  return { a: inner }
}
