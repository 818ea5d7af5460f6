import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { ChangePreview, Interval, Membership, Tier } from '../../features/memberships/contract.ts'
import { formatMoney } from '../format.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, Confirm, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { onDay, priceWords } from '../kit/tier.ts'
import { type Methods, PayWith, useMethods, WaysToPay } from './ways-to-pay.ts'

const pauses = [['1', 'a month'], ['2', 'two months'], ['3', 'three months'], ['6', 'half a year'], ['12', 'a year']] as const

const words: Record<Membership['status'], string> = {
  incomplete: 'waits for its first payment',
  trialing: 'free to try',
  active: 'active',
  past_due: 'payment failed',
  suspended: 'suspended',
  paused: 'paused',
  cancelled: 'ended',
  expired: 'over',
}

/** Everything that one is a member of, with what one can do about it. */
export function MembershipsView({ client }: ViewProps) {
  const methods = useMethods(client)
  const all = useList((cursor) => client.call('membership:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  useEffect(() => {
    const stops = [client.on('membership:changed', all.reload), client.on('session:ready', all.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  return html`
    <section class="card wide" aria-labelledby="memberships-title">
      <h1 id="memberships-title">Your memberships</h1>
      <${List} of=${all} empty=${html`You are no member yet. <a href=${hrefOf('creators')}>Find a creator</a>.`}>${(each: Membership) => html`<li key=${each.membership_id} class="stacked"><${One} client=${client} membership=${each} methods=${methods} onChange=${all.reload} /></li>`}<//>
    </section>
    <${WaysToPay} client=${client} methods=${methods} />
  `
}

function One({ client, membership, methods, onChange }: { client: Client; membership: Membership; methods: Methods; onChange: () => void }) {
  const { membership_id, status, current_period_end: end, pending_change: next } = membership
  const isPaidFor = status === 'active' || status === 'trialing'
  const [asking, setAsking] = useState(false)
  const act = useAction(async (what: 'cancel' | 'uncancel') => {
    setAsking(false)
    if (what === 'cancel') await client.call('membership:cancel', { membership_id, at: 'period_end' })
    else await client.call('membership:uncancel', { membership_id })
    onChange()
  })
  return html`
    <span class="row spread"><span><a href=${hrefOf('creator', membership.creator_id)}>${membership.creator_name}</a> <strong>${membership.tier_name}</strong> <span class=${isPaidFor ? 'chip on' : 'chip'}>${words[status]}</span></span><span class="amount">${priceWords(membership)}</span></span>
    <p class="soft">${sentenceOf(membership)}</p>
    ${membership.price_change && html`<p>It costs ${formatMoney(membership.price_change.amount, membership.currency)} from its first period after ${onDay(membership.price_change.from)} on.</p>`}
    ${next && html`<p>From ${onDay(next.at)}: ${next.tier_name}, ${priceWords({ ...next, currency: membership.currency })}.</p>`}
    ${membership.mobile_money_url && html`<p><a class="button" href=${membership.mobile_money_url}>Go to the payment</a></p>`}
    ${(status === 'past_due' || status === 'suspended') && !membership.mobile_money_url && html`<${PayNow} client=${client} membership=${membership} methods=${methods} onPaid=${onChange} />`}
    ${status === 'active' && !membership.cancel_at_period_end && !membership.resume_at && html`<${Pause} client=${client} membership=${membership} onChange=${onChange} />`}
    ${membership.resume_at && !membership.mobile_money_url && html`<${Resume} client=${client} membership=${membership} onChange=${onChange} />`}
    ${isPaidFor && !membership.cancel_at_period_end && !membership.resume_at && html`<${Change} client=${client} membership=${membership} onChange=${onChange} />`}
    <div class="row">
      ${isPaidFor && membership.cancel_at_period_end && membership.pay_with !== 'gift' && membership.pay_with !== 'comp' && html`<button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('uncancel')}>Stay a member</button>`}
      ${!membership.ended_at && !membership.cancel_at_period_end && html`<button type="button" class="plain" disabled=${act.busy} onClick=${() => setAsking(true)}>End it<span class="hidden">: ${membership.creator_name}</span></button>`}
    </div>
    ${act.error && html`<${Trouble} text=${act.error} />`}
    ${asking && html`<${Confirm} question=${`End your membership of ${membership.creator_name}?`} detail=${isPaidFor ? `What you paid stays open until ${onDay(end)}. You are charged no more.` : 'It ends now. You are charged no more.'} yes="End it" onYes=${() => act.run('cancel')} onNo=${() => setAsking(false)} />`}
  `
}

/** Nothing is charged for some months from the end of the period on. */
function Pause({ client, membership, onChange }: { client: Client; membership: Membership; onChange: () => void }) {
  const pause = useAction(async ({ months = '1' }: Record<string, string>) => {
    const until = new Date(membership.current_period_end)
    until.setUTCMonth(until.getUTCMonth() + Number(months))
    await client.call('membership:pause', { membership_id: membership.membership_id, until: until.toISOString() })
    onChange()
  })
  return html`
    <details><summary>Pause it</summary>
      <form class="fields" onSubmit=${(event: Event) => pause.run(valuesOf(event))}>
        <label>From ${onDay(membership.current_period_end)}, for <${Choice} name="months" chosen="1" options=${pauses} /></label>
        ${pause.error && html`<${Trouble} text=${pause.error} />`}
        <button class="plain" disabled=${pause.busy}>Pause</button>
      </form>
    </details>
  `
}

function Resume({ client, membership, onChange }: { client: Client; membership: Membership; onChange: () => void }) {
  const key = useRef(newKey())
  const resume = useAction(async () => {
    const going = await client.call('membership:resume', { membership_id: membership.membership_id }, { key: key.current })
    key.current = newKey()
    if (going.mobile_money_url) return location.assign(going.mobile_money_url)
    onChange()
  })
  return html`
    <p><button type="button" class="plain" disabled=${resume.busy} onClick=${() => resume.run()}>${membership.status === 'paused' ? `Go on now for ${formatMoney(membership.amount, membership.currency)}` : 'Do not pause'}</button></p>
    ${resume.error && html`<${Trouble} text=${resume.error} />`}
  `
}

function PayNow({ client, membership, methods, onPaid }: { client: Client; membership: Membership; methods: Methods; onPaid: () => void }) {
  const key = useRef(newKey())
  const pay = useAction(async ({ pay_with = 'wallet' }: Record<string, string>) => {
    const paid = await client.call('membership:pay', { membership_id: membership.membership_id, pay_with }, { key: key.current })
    key.current = newKey()
    if (paid.mobile_money_url) return location.assign(paid.mobile_money_url)
    onPaid()
  })
  return html`
    <form class="fields" onSubmit=${(event: Event) => pay.run(valuesOf(event))} onInput=${() => (key.current = newKey())}>
      <${PayWith} methods=${methods} chosen=${membership.pay_with} />
      <button disabled=${pay.busy}>Pay ${formatMoney(membership.amount, membership.currency)} now</button>
      ${pay.error && html`<${Trouble} text=${pay.error} />`}
    </form>
  `
}

/** Another tier or interval: first what it would cost and when, then yes. */
function Change({ client, membership, onChange }: { client: Client; membership: Membership; onChange: () => void }) {
  const { membership_id, creator_id, tier_id, interval } = membership
  const tiers = useLoaded(() => client.call('tier:list', { creator_id }), [creator_id])
  const [wish, setWish] = useState<{ tier_id: string; interval: Interval } | undefined>()
  const [preview, setPreview] = useState<ChangePreview | undefined>()
  const key = useRef(newKey())
  const show = useAction(async ({ to = '' }: Record<string, string>) => {
    const [wanted = '', every = ''] = to.split(' ')
    const wished = { tier_id: wanted, interval: every as Interval }
    setPreview(await client.call('membership:preview-change', { membership_id, ...wished }))
    setWish(wished)
  })
  const change = useAction(async () => {
    if (!wish) return
    await client.call('membership:change', { membership_id, ...wish }, { key: key.current })
    key.current = newKey()
    setPreview(undefined)
    onChange()
  })
  const options = (tiers.value?.data ?? []).flatMap((tier: Tier) => tier.prices.map((price) => [`${tier.tier_id} ${price.interval}`, `${tier.name}, ${priceWords(price)}`] as const))
  if (options.length < 2) return null
  return html`
    <details><summary>Change it</summary>
      <form class="fields" onSubmit=${(event: Event) => show.run(valuesOf(event))} onInput=${() => setPreview(undefined)}>
        <label>To <${Choice} name="to" chosen=${`${tier_id} ${interval}`} options=${options} /></label>
        <button class="plain" disabled=${show.busy}>See what it costs</button>
      </form>
      <div aria-live="polite">${preview && html`<p>${previewWords(preview)}</p><p><button type="button" disabled=${change.busy} onClick=${() => change.run()}>${preview.takes_effect === 'undo' ? 'Keep it as it is' : 'Change it'}</button></p>`}</div>
      ${(show.error || change.error) && html`<${Trouble} text=${show.error || change.error} />`}
    </details>
  `
}

function previewWords({ takes_effect, due_now, currency, amount, interval, at, next_charge_at }: ChangePreview): string {
  const price = priceWords({ amount, currency, interval })
  if (takes_effect === 'undo') return `Nothing changes: ${price}, next on ${onDay(next_charge_at)}.`
  if (takes_effect === 'period_end') return `From ${onDay(at)} it is ${price}. Until then everything stays as it is.`
  return `${formatMoney(due_now, currency)} now for the rest of this period, then ${price}, next on ${onDay(next_charge_at)}.`
}

function sentenceOf({ status, cancel_at_period_end: ends, current_period_end: end, access_until, next_charge_at, ended_at, resume_at, pay_with }: Membership): string {
  if (ended_at) return `Ended on ${onDay(ended_at)}.`
  if (pay_with === 'gift' || pay_with === 'comp') return `A gift until ${onDay(end)}. It ends by itself.`
  if (resume_at) return status === 'paused' ? `Paused until ${onDay(resume_at)}. Then it is charged and goes on.` : `Paused from ${onDay(end)} until ${onDay(resume_at)}.`
  if (ends) return `Ends on ${onDay(end)}. You are charged no more.`
  if (status === 'past_due') return `${access_until ? `You are in until ${onDay(access_until)}.` : ''}${next_charge_at ? ` We try again on ${onDay(next_charge_at)}.` : ''}`
  if (status === 'suspended') return 'Nothing is open until it is paid.'
  if (status === 'incomplete') return 'Nothing is open yet.'
  return next_charge_at ? `Renews on ${onDay(next_charge_at)}.` : `Paid until ${onDay(end)}.`
}
