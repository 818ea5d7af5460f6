import type { Door, Guest } from '../door.ts'
import type { Plan, PlannedFan, PlannedPerson } from './plan.ts'
import { startPhase } from './progress.ts'

interface Member extends Guest {
  user_id: string
}

const lookEveryMs = 200
const accountsAtOnce = 4
const fansAtOnce = 24

/**
 * Plays a plan through the front door: people sign up, fill their wallets at the sandbox company's checkout and tip. Nothing is written
 * past the server, so the ledger is as true as any.
 */
export async function playPlan({ door, plan, password, currency, settled }: { door: Door; plan: Plan; password: string; currency: string; settled: () => Promise<unknown> }): Promise<void> {
  const creators = await signUpAll('creators', plan.creators, 'creator')
  // A creator's profile is made by what is told of the account.
  await settled()
  await inParallel(plan.creators, accountsAtOnce, async ({ bio }, n) => {
    const creator = creators[n] as Member
    await door.call({ ...creator, method: 'PUT', path: '/api/v1/creators/me', json: { bio } })
    await door.call({ ...creator, method: 'POST', path: '/api/v1/overlays', json: { name: 'Stream' } })
  })
  const fans = await signUpAll('fans', plan.fans, 'fan')
  const topUps = startPhase('top-ups', plan.fans.length)
  await inParallel(plan.fans, fansAtOnce, async (planned, n) => {
    await startTopUp(fans[n] as Member, planned)
  })
  // Webhooks arrive while the others still pay, so most of this is there already.
  await inParallel(plan.fans, fansAtOnce, async (planned, n) => {
    await arrival(fans[n] as Member, planned)
    topUps.step()
  })
  topUps.done()
  const tips = startPhase('tips', plan.fans.reduce((sum, fan) => sum + fan.tips.length, 0))
  await inParallel(plan.fans, fansAtOnce, (planned, n) => tipAll(fans[n] as Member, planned, creators, tips.step))
  tips.done()
  await settled()

  async function signUpAll(name: string, people: readonly PlannedPerson[], role: 'creator' | 'fan'): Promise<Member[]> {
    const phase = startPhase(name, people.length)
    const members = await inParallel(people, accountsAtOnce, async ({ full_name, email }, n) => {
      const address = `10.${role === 'fan' ? 1 : 2}.${Math.floor(n / 250)}.${1 + (n % 250)}`
      const { access_token, user } = await door.call<{ access_token: string; user: { id: string } }>({
        address,
        method: 'POST',
        path: '/api/v1/auth/register',
        json: { full_name, email, password, role },
      })
      phase.step()
      return { user_id: user.id, token: access_token, address }
    })
    phase.done()
    return members
  }

  async function startTopUp(fan: Member, { top_up }: PlannedFan): Promise<void> {
    const { mobile_money_url } = await door.call<{ mobile_money_url: string }>({ ...fan, method: 'POST', path: '/api/v1/wallets/me/top-ups', json: { amount: top_up, currency }, key: 'seed-top-up' })
    await pay(fan, mobile_money_url)
  }

  async function arrival(fan: Member, { top_up }: PlannedFan): Promise<void> {
    for (;;) {
      const { buckets } = await door.call<{ buckets: { cash: number } }>({ ...fan, method: 'GET', path: '/api/v1/wallets/me' })
      if (buckets.cash >= top_up) return
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  async function tipAll(fan: Member, planned: PlannedFan, to: readonly Member[], step: () => void): Promise<void> {
    for (const [n, { creator, amount, message, anonymous, by }] of planned.tips.entries()) {
      const creator_id = (to[creator] as Member).user_id
      const key = `seed-tip-${n}`
      if (by === 'wallet') await door.call({ ...fan, method: 'POST', path: `/api/v1/creators/${creator_id}/tips`, json: { amount, currency, message, anonymous }, key })
      else {
        const { mobile_money_url } = await door.call<{ mobile_money_url: string }>({ ...fan, method: 'POST', path: '/api/v1/payments/initiate', json: { creator_id, amount, currency, message }, key })
        await pay(fan, mobile_money_url)
      }
      step()
    }
  }

  // The checkout's address is the public one, which may be another server of the same installation.
  async function pay({ address }: Member, url: string): Promise<void> {
    await door.call({ address, method: 'POST', path: new URL(url).pathname, form: 'outcome=success' })
  }
}

/** Some at once, each answer in its place. */
async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
