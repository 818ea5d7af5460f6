import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { AccessAnswer, Interval, Membership, Tier } from '../../features/memberships/contract.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import { Choice, Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { onDay, priceWords, TierFacts } from '../kit/tier.ts'
import { type Methods, PayWith, useMethods } from './ways-to-pay.ts'

const reasons: Record<AccessAnswer['why'], string> = { owner: '', member: 'You are a member', trial: 'You are trying it', grace: 'Your last payment failed; you are in, for now', none: '', blocked: '', suspended: 'Your membership is suspended until it is paid', paused: 'Your membership is paused' }

/** What a creator offers to members, and how to become one. */
export function Join({ client, creator }: { client: Client; creator: Creator }) {
  const tiers = useLoaded(() => client.call('tier:list', { creator_id: creator.id }), [creator.id])
  const access = useLoaded(() => client.call('access:check', { creator_id: creator.id }), [creator.id])
  const methods = useMethods(client)
  useEffect(() => {
    const again = (): void => {
      access.reload()
      tiers.reload()
    }
    const stops = [client.on('membership:changed', (fact) => fact.creator_id === creator.id && again()), client.on('session:ready', again)]
    return () => stops.forEach((stop) => stop())
  }, [creator.id])
  if (tiers.value?.data.length === 0 && access.value?.why === 'none') return null
  return html`
    <section class="card wide" aria-labelledby="join-title">
      <h2 id="join-title">Become a member</h2>
      <div aria-live="polite">${access.value && reasons[access.value.why] && html`<p class="row"><span class=${access.value.allowed ? 'chip on' : 'chip'}>${reasons[access.value.why]}${access.value.until && ` until ${onDay(access.value.until)}`}</span><a href=${hrefOf('memberships')}>Your memberships</a></p>`}</div>
      <${Show} of=${tiers}>${({ data }: { data: Tier[] }) => html`
        <div class="fields">${data.map((tier) => html`
          <article key=${tier.tier_id} class="stack">
            <${TierFacts} tier=${tier} />
            ${access.value?.why === 'none' && html`<${JoinForm} client=${client} tier=${tier} methods=${methods} onJoined=${access.reload} />`}
            ${access.value?.allowed && access.value.tier_id === tier.tier_id && html`<span class="chip on">Yours</span>`}
          </article>`)}</div>`}<//>
    </section>
  `
}

function JoinForm({ client, tier, methods, onJoined }: { client: Client; tier: Tier; methods: Methods; onJoined: () => void }) {
  const key = useRef(newKey())
  const [said, setSaid] = useState('')
  const join = useAction(async ({ interval = 'month', pay_with = 'wallet' }: Record<string, string>) => {
    const made: Membership = await client.call('membership:subscribe', { tier_id: tier.tier_id, interval: interval as Interval, pay_with }, { key: key.current })
    key.current = newKey()
    if (made.mobile_money_url) return location.assign(made.mobile_money_url)
    setSaid(made.status === 'incomplete' ? 'It begins when your payment is confirmed.' : 'Welcome!')
    onJoined()
  })
  return html`
    <form onSubmit=${(event: Event) => join.run(valuesOf(event))} onInput=${() => (key.current = newKey())}>
      <label>How often <${Choice} name="interval" chosen="month" options=${tier.prices.map((price) => [price.interval, priceWords(price)] as const)} /></label>
      <${PayWith} methods=${methods} />
      ${join.error && html`<${Trouble} text=${join.error} />`}
      <p class="good" role="status">${said}</p>
      <button disabled=${join.busy || tier.seats_left === 0}>${tier.seats_left === 0 ? 'All seats are taken' : `Join ${tier.name}`}</button>
    </form>
  `
}
