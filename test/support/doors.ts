import type { OperationName, Operations } from '../../src/features/catalogue.ts'
import { reaches } from '../../src/features/catalogue.ts'
import type { Problem } from '../../src/kernel/errors.ts'
import type { TestApp } from './app.ts'
import { connect, type LiveSocket, type Person } from './cast.ts'
import { ask } from './http.ts'

export interface Caller {
  /** the answer, held against the operation's schema; throws what a refusal says */
  call<N extends OperationName>(name: N, input: Operations[N]['input'], key?: string): Promise<Operations[N]['output']>
  /** the code of the refusal */
  refused(name: OperationName, input: object, key?: string): Promise<string>
}

export type Listener = Pick<LiveSocket, 'next' | 'close' | 'raw'>

/** The same words through both doors, so that a test can be told once and walked twice. */
export const doors = ['http', 'socket'] as const

export async function through(door: (typeof doors)[number], app: TestApp, person: Person): Promise<Caller & { close(): void }> {
  return door === 'http' ? { ...byHttp(app, person), close: () => {} } : bySocket(app, person)
}

export function byHttp(app: TestApp, person?: Person): Caller {
  return caller(app, async (name, given, key) => {
    const [method = 'GET', template = ''] = reaches[name].route.split(' ')
    const rest: Record<string, unknown> = { ...given }
    const path = template.replaceAll(/:([a-z_]+)/g, (_match: string, field: string) => {
      const value = rest[field]
      delete rest[field]
      return encodeURIComponent(String(value))
    })
    const query = method === 'GET' ? `?${new URLSearchParams(Object.entries(rest).map(([field, value]): [string, string] => [field, String(value)])).toString()}` : ''
    const answer = await ask(`${app.url}${path}${query}`, { method, ...(person ? { token: person.token } : {}), ...(method === 'GET' ? {} : { json: rest }), ...(key ? { key } : {}) })
    return answer.status < 300 ? { ok: true, data: answer.body } : { ok: false, problem: answer.body as Problem }
  })
}

/** Facts, too, are held against their schemas. */
export async function bySocket(app: TestApp, person: Person): Promise<Caller & Listener> {
  const live = await connect(app, '/', person.token)
  return {
    ...caller(app, (name, input, key) => live.call(name, key ? { ...input, key } : input)),
    raw: live.raw,
    close: live.close,
    next: checkedFacts(app, live),
  }
}

export function checkedFacts(app: TestApp, live: LiveSocket): LiveSocket['next'] {
  const schemas = new Map(app.app.features.flatMap((feature) => feature.facts).map((fact) => [fact.name, fact.data]))
  return async (name) => {
    const data = await live.next(name)
    const { error } = schemas.get(name)?.validate(data, { convert: false }) ?? { error: new Error('no schema') }
    if (error) throw new Error(`${name}: ${error.message}`)
    return data
  }
}

function caller(app: TestApp, send: (name: OperationName, input: object, key?: string) => Promise<{ ok: true; data: unknown } | { ok: false; problem: Problem }>): Caller {
  const outputs = new Map(app.app.features.flatMap((feature) => feature.operations).map((each) => [each.name, each.output]))
  return {
    async call(name, input, key) {
      const answer = await send(name, input, key)
      if (!answer.ok) throw new Error(`${name}: ${JSON.stringify(answer.problem)}`)
      const { error } = outputs.get(name)?.validate(answer.data, { convert: false }) ?? { error: new Error('no schema') }
      if (error) throw new Error(`${name}: ${error.message}`)
      return answer.data as never
    },
    async refused(name, input, key) {
      const answer = await send(name, input, key)
      if (answer.ok) throw new Error(`${name} was not refused: ${JSON.stringify(answer.data)}`)
      return answer.problem.code
    },
  }
}

/** Gives these subscribers everything once more that they were ever given, as a crash between effect and mark would. */
export async function redeliver(app: TestApp, ...subscribers: string[]): Promise<void> {
  await app.app.dispatcher.whenIdle()
  const deliveries = app.db.collection('deliveries')
  const { modifiedCount } = await deliveries.updateMany({ subscriber: { $in: subscribers } }, { $set: { state: 'due', due_at: new Date(0) } })
  if (modifiedCount === 0) throw new Error(`${subscribers.join()}: nothing to give again`)
  while ((await deliveries.countDocuments({ state: 'due', due_at: { $lte: app.wall.now() } })) > 0) {
    await app.app.dispatcher.pollDue()
    await app.app.dispatcher.whenIdle()
  }
}
