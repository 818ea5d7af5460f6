import { expect } from 'chai'
import { type OperationName, reaches } from '../../src/features/catalogue.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, type LiveSocket, signIn, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { matrix, type Role, roles, type Stage, type Verdict } from './matrix.ts'

/** What says that somebody may not. Any other refusal comes from behind the door. */
const refusals = new Set(['unauthenticated', 'token-expired', 'session-revoked', 'forbidden', 'blocked', 'self', 'not-found', 'unknown-event'])
const ofOverlays = ['alert:started', 'alert:finished', 'alert:failed'] as const

describe('who may do what', () => {
  let app: TestApp
  let stage: Stage
  let overlayToken: string
  const sockets = new Map<Role, { socket: LiveSocket; asked: number }>()
  let keys = 0
  let asked = 0

  before(async () => {
    app = await startApp({ TRUSTED_PROXIES: '127.0.0.1' })
    ;({ stage, overlayToken } = await furnish(app))
  })
  after(async () => {
    for (const { socket } of sockets.values()) socket.close()
    await app.stop()
  })

  it('has a row for every operation that there is', () => {
    const names = app.app.features.flatMap((feature) => feature.operations.map((operation) => operation.name))
    expect([...Object.keys(matrix), ...ofOverlays].toSorted()).to.deep.equal(names.toSorted())
  })

  for (const [name, { verdicts, input }] of Object.entries(matrix))
    for (const role of roles) {
      const { route, door } = reaches[name as OperationName]
      if (route !== 'socket-only')
        it(`${name} over HTTP by ${role}: ${verdicts[role]}`, async () => expect(await overHttp(name as OperationName, role, input(stage, personOf(role)))).to.equal(verdicts[role]))
      // An anonymous socket does not exist: the handshake refuses it.
      if (door !== 'http' && role !== 'anonymous')
        it(`${name} over a socket by ${role}: ${verdicts[role]}`, async () => expect(await overSocket(name, role, input(stage, personOf(role)))).to.equal(verdicts[role]))
    }

  for (const name of ofOverlays)
    it(`${name} is nobody’s but an overlay’s`, async () => {
      for (const role of roles) if (role !== 'anonymous') expect(await overSocket(name, role, { alert_id: 'alr_none' })).to.equal('unknown-event')
    })

  it('an overlay’s token opens no door but its own, public ones neither', async () => {
    for (const [name, { input }] of Object.entries(matrix)) {
      const { route } = reaches[name as OperationName]
      if (route === 'socket-only') continue
      const [method, path] = fill(route, input(stage, undefined))
      const answer = await ask(`${app.url}${path}`, { method, token: overlayToken, ...(method === 'GET' ? {} : { json: {} }) })
      expect([name, answer.status]).to.deep.equal([name, 401])
    }
  })

  it('what is no operation asks for nothing, or for a signature, or is not there', async () => {
    const token = stage.people.admin.token
    const expected: [string, string, number][] = [
      ['GET', '/healthz', 200],
      ['GET', '/readyz', 200],
      ['GET', '/metrics', 404],
      ['POST', '/api/v1/payments/webhook', 400],
      ['POST', '/api/v1/payments/webhook/sandbox', 400],
      ['GET', '/media/med_none/original', 403],
      ['POST', '/sandbox/v1/checkouts', 401],
      ['GET', '/sandbox/v1/payments/none', 401],
    ]
    for (const [method, path, status] of expected) for (const each of [undefined, token]) expect([path, (await ask(`${app.url}${path}`, { method, ...(each ? { token: each } : {}) })).status]).to.deep.equal([path, status])
  })

  it('a file is taken from whoever is signed in', async () => {
    for (const role of roles) expect([role, (await ask(`${app.url}/api/v1/uploads`, { method: 'POST', ...(role === 'anonymous' ? {} : { token: stage.people[role].token }) })).status]).to.deep.equal([role, role === 'anonymous' ? 401 : 415])
  })

  function personOf(role: Role) {
    return role === 'anonymous' ? undefined : stage.people[role]
  }

  async function overHttp(name: OperationName, role: Role, given: object): Promise<Verdict> {
    const { route, once } = reaches[name]
    const [method, path, body] = fill(route, given)
    const token = personOf(role)?.token
    // Each from an address of its own: a quick machine asks more than one address is let ask.
    const headers = { 'x-forwarded-for': `10.0.${++asked >> 8}.${asked & 255}` }
    const answer = await ask(`${app.url}${path}`, { method, headers, ...(token ? { token } : {}), ...(method === 'GET' ? {} : { json: body }), ...(once ? { key: `matrix-of-rights-key-${++keys}` } : {}) })
    return verdictOf(answer.status < 300, answer.body?.code as string | undefined)
  }

  async function overSocket(name: string, role: Role, given: object): Promise<Verdict> {
    const once = reaches[name as OperationName]?.once
    const socket = await socketOf(role)
    const answer = (await socket?.call(name, once ? { ...given, key: `s${++keys}` } : given)) as { ok: boolean; problem?: { code: string } }
    return verdictOf(answer.ok, answer.problem?.code)
  }

  // Rows may go by faster than one socket is let ask.
  async function socketOf(role: Role): Promise<LiveSocket | undefined> {
    if (role === 'anonymous') return undefined
    const there = sockets.get(role)
    if (there && there.asked < 8) {
      there.asked++
      return there.socket
    }
    there?.socket.close()
    const socket = await stage.people[role].socket()
    sockets.set(role, { socket, asked: 1 })
    return socket
  }

  function verdictOf(ok: boolean, code: string | undefined): Verdict {
    if (ok) return 'ok'
    expect(code, 'a limit says nothing about rights').not.to.equal('rate-limited')
    return refusals.has(code as string) ? (code as Verdict) : 'ok'
  }
})

function fill(route: string, given: object): [method: string, path: string, body: Record<string, unknown>] {
  const [method = 'GET', template = ''] = route.split(' ')
  const body: Record<string, unknown> = { ...given }
  const path = template.replaceAll(/:([a-z_]+)/g, (_match: string, field: string) => {
    const value = body[field]
    delete body[field]
    return encodeURIComponent(String(value))
  })
  return [method, path, body]
}

async function furnish(app: TestApp): Promise<{ stage: Stage; overlayToken: string }> {
  const [owner, other] = [await signUp(app, 'creator'), await signUp(app, 'creator')]
  const [fan, blocked, bystander] = [await signUp(app, 'fan'), await signUp(app, 'fan'), await signUp(app, 'fan')]
  const admin = await signIn(app, app.admin.email, app.admin.password)
  await topUp(fan, 10_000)
  const tip = (await fan.http('POST', `/api/v1/creators/${owner.id}/tips`, { amount: 100, currency: 'ZMW' }, 'stage')).body as { tip_id: string }
  const [line] = (await fan.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body.data as { id: string; payment_id: string }[]
  const { entries } = (await fan.http('GET', `/api/v1/wallets/me/transactions/${encodeURIComponent(line?.id ?? '')}`)).body as { entries: { entry_id: string }[] }
  const overlay = (await owner.http('POST', '/api/v1/overlays', {})).body as { overlay_id: string; token: string }
  const goal = (await owner.http('POST', '/api/v1/creators/me/goals', { title: 'Stage', kind: 'count', target: 3 })).body as { goal_id: string }
  const tier = (await owner.http('POST', '/api/v1/tiers', { name: 'Stage', rank: 1, benefits: [], prices: [{ interval: 'month', amount: 100, currency: 'ZMW' }, { interval: 'year', amount: 1_000, currency: 'ZMW' }] })).body as { tier_id: string }
  const membership = (await fan.http('POST', '/api/v1/memberships', { tier_id: tier.tier_id, interval: 'month', pay_with: 'wallet' }, 'stage-membership')).body as { membership_id: string }
  const refund = (await fan.http('POST', `/api/v1/payments/${line?.payment_id}/refunds`, { amount: 1, reason: 'Stage', to: 'wallet' }, 'stage-refund')).body as { refund_id: string }
  await acquaint(owner, [fan])
  const group = (await owner.http('POST', '/api/v1/conversations', { type: 'group', title: 'Stage', member_ids: [fan.id] })).body as { conversation_id: string }
  const message = (await owner.http('POST', `/api/v1/conversations/${group.conversation_id}/messages`, { client_msg_id: 'stage-message', text: 'Stage' })).body as { message_id: string }
  await owner.http('POST', '/api/v1/blocks', { user_id: blocked.id })
  await app.app.dispatcher.whenIdle()
  const page = await connect(app, '/overlay', overlay.token)
  page.close()
  return {
    stage: {
      people: { fan, blocked, owner, other, admin },
      bystander: bystander.id,
      overlay_id: overlay.overlay_id,
      goal_id: goal.goal_id,
      tip_id: tip.tip_id,
      payment_id: line?.payment_id ?? '',
      line_id: line?.id ?? '',
      entry_id: entries[0]?.entry_id ?? '',
      refund_id: refund.refund_id,
      tier_id: tier.tier_id,
      membership_id: membership.membership_id,
      conversation_id: group.conversation_id,
      message_id: message.message_id,
    },
    overlayToken: overlay.token,
  }
}
