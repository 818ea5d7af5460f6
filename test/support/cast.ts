import { io, type Socket } from 'socket.io-client'
import { type Client, ClientError, type ClientOptions, type ClientProblem, createClient, createOverlayClient, type OverlayClient, type OverlayState } from '../../src/client/index.ts'
import type { FactName, Facts } from '../../src/features/catalogue.ts'
import type { AlertPlay } from '../../src/features/overlays/contract.ts'
import type { Problem } from '../../src/kernel/errors.ts'
import type { TestApp } from './app.ts'
import { holdToContract, operationAt } from './contract.ts'
import { type Answer, ask } from './http.ts'

/** Somebody with an account, who acts through the client as every page does. */
export interface Person {
  id: string
  email: string
  /** as they were at the sign-in */
  token: string
  refresh_token: string
  client: Client
  call: Client['call']
  on: Client['on']
  /** connected, and in all rooms */
  online(): Promise<void>
  /** the next fact of that name, or one that came already and was not asked for yet; comes online for it */
  fact<N extends FactName>(name: N): Promise<Facts[N]>
  /** past the client, for what it would never send and for status codes and headers */
  http(method: string, path: string, json?: unknown, key?: string): Promise<Answer>
  /** likewise; a connection of its own */
  socket(): Promise<LiveSocket>
}

/** A bare socket: what a stranger with a library would have. */
export interface LiveSocket {
  raw: Socket
  call(name: string, payload?: object): Promise<{ ok: true; data: never } | { ok: false; problem: Problem }>
  /** the next fact of that name, or one that came already and was not asked for yet */
  next<T = never>(fact: string): Promise<T>
  closed: Promise<string>
  close(): void
}

/** Where a person goes in; `url` leads elsewhere than to the app itself, say through a faulty proxy. */
export type Entry = Pick<ClientOptions, 'door' | 'url' | 'onTokens'>

let people = 0
const goodPassword = 'a good long password'

export async function signUp(app: TestApp, role: 'fan' | 'creator', name = `${role} ${++people}`, entry: Partial<Entry> = {}): Promise<Person> {
  const email = `${role}${++people}@example.org`
  const answer = await ask(`${app.url}/api/v1/auth/register`, { json: { email, password: goodPassword, full_name: name, role } })
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
  if (role === 'creator') await app.app.dispatcher.whenIdle()
  return person(app, email, answer.body as never, entry)
}

export async function signIn(app: TestApp, email: string, password = goodPassword, entry: Partial<Entry> = {}): Promise<Person> {
  const answer = await ask(`${app.url}/api/v1/auth/login`, { json: { email, password } })
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.text}`)
  return person(app, email, answer.body as never, entry)
}

function person(app: TestApp, email: string, signedIn: { access_token: string; refresh_token: string; user: { id: string } }, entry: Partial<Entry>): Person {
  const { access_token, refresh_token, user } = signedIn
  const hold = holdToContract(app)
  const mail = createMailbox()
  const client = createClient({
    url: app.url,
    ...entry,
    tokens: { access_token, refresh_token },
    inspect(kind, name, data) {
      hold(kind, name, data)
      if (kind === 'fact') mail.put(name, data)
    },
  })
  app.guests.add(client)

  async function online(): Promise<void> {
    if (client.state === 'online') return
    const up = new Promise<void>((resolve) => client.onState((state) => state === 'online' && resolve()))
    client.connect()
    await up
  }

  return {
    id: user.id,
    email,
    token: access_token,
    refresh_token,
    client,
    call: client.call,
    on: client.on,
    online,
    async fact(name) {
      await online()
      return mail.next(name) as never
    },
    async http(method, path, json, key) {
      const answer = await ask(`${app.url}${path}`, { method, token: access_token, ...(json === undefined ? {} : { json }), ...(key ? { key } : {}) })
      const operation = answer.status < 300 ? operationAt(app, method, path) : undefined
      if (operation) hold('answer', operation, answer.body)
      return answer
    },
    socket: () => connect(app, '/', access_token),
  }
}

export async function connect(app: { url: string } & Partial<Pick<TestApp, 'app'>>, namespace: '/' | '/overlay', token: string): Promise<LiveSocket> {
  const hold = app.app ? holdToContract({ app: app.app }) : undefined
  const raw = io(`${app.url}${namespace}`, { transports: ['websocket'], auth: { token }, forceNew: true, reconnection: false })
  const mail = createMailbox()
  raw.onAny((fact: string, data: unknown) => {
    if (fact !== 'error') hold?.('fact', fact, data)
    mail.put(fact, data)
  })
  await new Promise<void>((resolve, reject) => {
    raw.once('connect', resolve)
    raw.once('connect_error', reject)
  })
  return {
    raw,
    async call(name, payload = {}) {
      const answer = await raw.timeout(10_000).emitWithAck(name, payload)
      if (answer.ok) hold?.('answer', name, answer.data)
      return answer as never
    },
    next: (fact) => mail.next(fact) as never,
    closed: new Promise((resolve) => raw.once('disconnect', resolve)),
    close: () => void raw.close(),
  }
}

/** Facts as they came, until they are asked for. */
function createMailbox() {
  const waiting: { fact: string; resolve: (data: unknown) => void }[] = []
  const arrived: { fact: string; data: unknown }[] = []
  return {
    put(fact: string, data: unknown): void {
      const at = waiting.findIndex((each) => each.fact === fact)
      if (at >= 0) waiting.splice(at, 1)[0]?.resolve(data)
      else arrived.push({ fact, data })
    },
    next(fact: string): Promise<unknown> {
      const at = arrived.findIndex((each) => each.fact === fact)
      if (at >= 0) return Promise.resolve(arrived.splice(at, 1)[0]?.data)
      return new Promise((resolve) => waiting.push({ fact, resolve }))
    },
  }
}

/** The problem that a call ends with; a call that succeeds is a mistake. */
export async function problemOf(call: Promise<unknown>): Promise<ClientProblem> {
  const error = await call.then(
    (data) => new Error(`It was answered: ${JSON.stringify(data)}`),
    (failure: unknown) => failure,
  )
  if (error instanceof ClientError) return error.problem
  throw error
}

/** A fan's wallet filled the way a fan does it: checkout, the provider's page, its webhook. */
export async function topUp(fan: Person, amount: number, key = `top-up-${++people}`): Promise<string> {
  await fan.online()
  const started = await fan.call('wallet:top-up', { amount, currency: 'ZMW' }, { key })
  await pay(started)
  await settled(fan, started.payment_id)
  return started.payment_id
}

export function pay({ mobile_money_url }: { mobile_money_url: string }, outcome = 'success'): Promise<Answer> {
  return ask(mobile_money_url, { raw: `outcome=${outcome}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

/** Until the payment has left `pending`. */
export async function settled(payer: Pick<Person, 'fact'> | Pick<LiveSocket, 'next'>, paymentId: string): Promise<string> {
  for (;;) {
    const fact = await ('fact' in payer ? payer.fact('payment:updated') : payer.next<Facts['payment:updated']>('payment:updated'))
    if (fact.payment_id === paymentId && fact.status !== 'pending') return fact.status
  }
}

export interface OverlayPage extends OverlayClient {
  /** the next alert, played at once from beginning to end */
  play(): Promise<AlertPlay>
  /** the next fact of that name, or one that came already */
  next<T = never>(fact: string): Promise<T>
  /** until it comes to that state */
  until(state: OverlayState): Promise<void>
}

/** An overlay page without a page. */
export async function openOverlay(app: TestApp, token: string, url = app.url): Promise<OverlayPage> {
  const hold = holdToContract(app)
  const facts = createMailbox()
  const states = createMailbox()
  const client = createOverlayClient({
    url,
    token,
    onPlay: (alert) => facts.put('alert', alert),
    onState: (state) => states.put(state, undefined),
    inspect(kind, name, data) {
      hold(kind, name, data)
      if (kind === 'fact') facts.put(name, data)
    },
  })
  app.guests.add(client)
  await facts.next('overlay:state')
  return {
    ...client,
    next: (fact) => facts.next(fact) as never,
    async until(state) {
      await states.next(state)
    },
    async play() {
      const alert = (await facts.next('alert')) as AlertPlay
      await client.started(alert.alert_id)
      await client.finished(alert.alert_id)
      return alert
    },
  }
}
