import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const pollMs = 50

export interface Person {
  id: string
  token: string
  address: string
}

/** As little client as possible: the load must not be what is measured. */
export function call(url: string, method: string, person: Pick<Person, 'token' | 'address'>, body?: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent,
        headers: {
          'x-forwarded-for': person.address,
          ...(person.token ? { authorization: `Bearer ${person.token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export async function register(base: string, role: 'fan' | 'creator', n: number): Promise<Person> {
  const address = `10.${role === 'fan' ? 1 : 2}.${Math.floor(n / 200)}.${1 + (n % 200)}`
  const body = JSON.stringify({ email: `${role}${n}@example.org`, password: 'a good long password', full_name: `${role} ${n}`, role })
  const answer = await call(`${base}/api/v1/auth/register`, 'POST', { token: '', address }, body)
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.body}`)
  const { access_token, user } = JSON.parse(answer.body) as { access_token: string; user: { id: string } }
  return { id: user.id, token: access_token, address }
}

export async function topUp(base: string, fan: Person, amount: number): Promise<void> {
  const started = await call(`${base}/api/v1/wallets/me/top-ups`, 'POST', fan, JSON.stringify({ amount, currency: 'ZMW' }), { 'x-idempotency-key': 'start' })
  const { mobile_money_url } = JSON.parse(started.body) as { mobile_money_url: string }
  await call(mobile_money_url, 'POST', { token: '', address: fan.address }, 'outcome=success', { 'content-type': 'application/x-www-form-urlencoded' })
  for (;;) {
    const wallet = JSON.parse((await call(`${base}/api/v1/wallets/me`, 'GET', fan)).body) as { buckets?: { cash: number } }
    if (wallet.buckets?.cash === amount) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export function closeConnections(): void {
  agent.destroy()
}
