import { createDoor, Refused } from '../door.ts'
import { adminPassword, type Server } from './server.ts'

export interface Person {
  id: string
  email: string
  address: string
  password: string
  token: string
  /** takes part in something just now */
  busy: boolean
}

export interface Creator extends Person {
  tier: { tier_id: string; prices: { interval: 'week' | 'month'; amount: number }[] }
  /** how the sandbox's bank takes what is sent to it: see its README */
  bank: { account: string; takes: boolean }
}

export interface Cast {
  fans: Person[]
  /** who only join, and never run short */
  members: Person[]
  creators: Creator[]
  admin: Person
}

export type Doors = ReturnType<typeof createDoors>

/** The public door, for people whose sign-ins end after ten minutes and a server that is killed. */
export function createDoors(server: Server) {
  const door = createDoor(server.url, server.ready)
  let keys = 0

  return { ask, as, register, signIn, pay, sandbox, newKey: () => `simulated-${++keys}`, close: door.close }

  /** @throws Refused */
  function as<T>(person: Person, method: string, path: string, json?: unknown, key?: string): Promise<T> {
    return signedIn<T>(person, method, `/api/v1${path}`, json, key)
  }

  async function signedIn<T>(person: Person, method: string, path: string, json?: unknown, key?: string): Promise<T> {
    const call = () => door.call<T>({ method, path, token: person.token, address: person.address, ...(json === undefined ? {} : { json }), ...(key ? { key } : {}) })
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error
      await signIn(person)
      return call()
    }
  }

  /** The same, for what may be refused: then its code. */
  async function ask<T>(person: Person, method: string, path: string, json?: unknown, key?: string): Promise<T | string> {
    return as<T>(person, method, path, json, key).catch((error: unknown) => {
      if (error instanceof Refused) return error.code
      throw error
    })
  }

  async function register(role: 'fan' | 'creator', number: number): Promise<Person> {
    const [email, password] = [`${role}-${number}@example.org`, 'a good long password']
    const address = `10.0.${role === 'fan' ? 1 : 2}.${number + 1}`
    const { access_token, user } = await door.call<{ access_token: string; user: { id: string } }>({ method: 'POST', path: '/api/v1/auth/register', address, json: { email, password, full_name: `${role} ${number}`, role } })
    return { id: user.id, email, address, password, token: access_token, busy: false }
  }

  async function signIn(person: Person): Promise<void> {
    const { email, password, address } = person
    person.token = (await door.call<{ access_token: string }>({ method: 'POST', path: '/api/v1/auth/login', address, json: { email, password } })).access_token
  }

  /** How the company behaves from now on. */
  async function sandbox(admin: Person, faults: object): Promise<void> {
    await signedIn(admin, 'POST', '/sandbox/faults', faults)
  }

  /** What a payer chooses on the company's page. One that was decided before stays as it is. */
  async function pay(person: Person, checkout: { mobile_money_url: string }, outcome: string): Promise<void> {
    await door.call({ method: 'POST', path: new URL(checkout.mobile_money_url).pathname, address: person.address, form: `outcome=${outcome}` })
  }
}

const sizes = { fans: 30, members: 10, creators: 4 }
const banks = [
  { account: 'ZM12 0001 0002 0004', takes: true },
  { account: 'ZM12 0001 0002 0003', takes: true },
  { account: 'ZM12 0001 0002 0001', takes: false },
  { account: 'ZM12 0001 0002 0002', takes: false },
]

/** People, tiers, and somebody who may move the clock. */
export async function openCast(doors: Doors): Promise<Cast> {
  const admin: Person = { id: '', email: 'admin@ovation.local', address: '10.0.0.1', password: adminPassword, token: '', busy: false }
  await doors.signIn(admin)
  const people = async (role: 'fan' | 'creator', from: number, count: number): Promise<Person[]> => {
    const all: Person[] = []
    for (let number = from; number < from + count; number++) all.push(await doors.register(role, number))
    return all
  }
  const fans = await people('fan', 0, sizes.fans)
  const members = await people('fan', sizes.fans, sizes.members)
  const creators: Creator[] = []
  for (const [number, person] of (await people('creator', 0, sizes.creators)).entries()) {
    const prices = [{ interval: 'week' as const, amount: 733 + number }, { interval: 'month' as const, amount: 2_999 + number }]
    const tier = await doors.as<{ tier_id: string }>(person, 'POST', '/tiers', { name: 'Club', rank: 1, benefits: [], prices: prices.map((price) => ({ ...price, currency: 'ZMW' })) })
    creators.push({ ...person, tier: { tier_id: tier.tier_id, prices }, bank: banks[number % banks.length] as Creator['bank'] })
  }
  return { fans, members, creators, admin }
}
