import { io, type Socket } from 'socket.io-client'
import type { AlertPlay } from '../../src/features/overlays/contract.ts'
import type { Problem } from '../../src/kernel/errors.ts'
import { type Answer, ask } from './http.ts'
import type { TestApp } from './app.ts'

export interface Person {
  id: string
  email: string
  token: string
  refresh_token: string
  http(method: string, path: string, json?: unknown, key?: string): Promise<Answer>
  socket(): Promise<LiveSocket>
}

export interface LiveSocket {
  raw: Socket
  call(name: string, payload?: object): Promise<{ ok: true; data: never } | { ok: false; problem: Problem }>
  /** the next fact of that name, or one that came already and was not asked for yet */
  next<T = never>(fact: string): Promise<T>
  closed: Promise<string>
  close(): void
}

let people = 0

export async function signUp(app: TestApp, role: 'fan' | 'creator', name = `${role} ${++people}`): Promise<Person> {
  const email = `${role}${++people}@example.org`
  const answer = await ask(`${app.url}/api/v1/auth/register`, { json: { email, password: 'a good long password', full_name: name, role } })
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
  if (role === 'creator') await app.app.dispatcher.whenIdle()
  return person(app, email, answer.body as never)
}

export async function signIn(app: TestApp, email: string, password: string): Promise<Person> {
  const answer = await ask(`${app.url}/api/v1/auth/login`, { json: { email, password } })
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.text}`)
  return person(app, email, answer.body as never)
}

function person(app: TestApp, email: string, signedIn: { access_token: string; refresh_token: string; user: { id: string } }): Person {
  const token = signedIn.access_token
  return {
    id: signedIn.user.id,
    email,
    token,
    refresh_token: signedIn.refresh_token,
    http: (method, path, json, key) => ask(`${app.url}${path}`, { method, token, ...(json === undefined ? {} : { json }), ...(key ? { key } : {}) }),
    socket: () => connect(app, '/', token),
  }
}

export async function connect(app: { url: string }, namespace: '/' | '/overlay', token: string): Promise<LiveSocket> {
  const raw = io(`${app.url}${namespace}`, { transports: ['websocket'], auth: { token }, forceNew: true, reconnection: false })
  const waiting: { fact: string; resolve: (data: unknown) => void }[] = []
  const arrived: { fact: string; data: unknown }[] = []
  raw.onAny((fact: string, data: unknown) => {
    const at = waiting.findIndex((each) => each.fact === fact)
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(data)
    else arrived.push({ fact, data })
  })
  await new Promise<void>((resolve, reject) => {
    raw.once('connect', resolve)
    raw.once('connect_error', reject)
  })
  return {
    raw,
    call: (name, payload = {}) => raw.timeout(10_000).emitWithAck(name, payload) as never,
    next(fact) {
      const at = arrived.findIndex((each) => each.fact === fact)
      if (at >= 0) return Promise.resolve(arrived.splice(at, 1)[0]?.data as never)
      return new Promise((resolve) => waiting.push({ fact, resolve: resolve as (data: unknown) => void }))
    },
    closed: new Promise((resolve) => raw.once('disconnect', resolve)),
    close: () => void raw.close(),
  }
}

/** A fan's wallet filled the way a fan does it: checkout, the provider's page, its webhook. */
export async function topUp(fan: Person, amount: number, key = `top-up-${++people}`): Promise<string> {
  const live = await fan.socket()
  const started = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount, currency: 'ZMW' }, key)
  if (started.status !== 201) throw new Error(`top-up: ${started.status} ${started.text}`)
  await pay(started.body as never)
  await settled(live, (started.body as { payment_id: string }).payment_id)
  live.close()
  return (started.body as { payment_id: string }).payment_id
}

export function pay({ mobile_money_url }: { mobile_money_url: string }, outcome = 'success'): Promise<Answer> {
  return ask(mobile_money_url, { raw: `outcome=${outcome}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

/** Until the payment has left `pending`. */
export async function settled(live: LiveSocket, paymentId: string): Promise<string> {
  for (;;) {
    const fact = await live.next<{ payment_id: string; status: string }>('payment:updated')
    if (fact.payment_id === paymentId && fact.status !== 'pending') return fact.status
  }
}

/** An overlay page without a page: it plays at once what it is told to. */
export async function openOverlay(app: TestApp, token: string): Promise<LiveSocket & { play(): Promise<AlertPlay> }> {
  const live = await connect(app, '/overlay', token)
  return {
    ...live,
    async play() {
      const alert = await live.next<AlertPlay>('alert:play')
      await live.call('alert:started', { alert_id: alert.alert_id })
      await live.call('alert:finished', { alert_id: alert.alert_id })
      return alert
    },
  }
}
