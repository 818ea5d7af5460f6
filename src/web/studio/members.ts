import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { type Interval, intervals, type Member, type MembershipStatus, type Price, type Tier } from '../../features/memberships/contract.ts'
import { type Currency, inMajorUnits } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, Confirm, type Loaded, Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'
import { priceWords, TierFacts } from '../kit/tier.ts'
import { Said } from '../kit/words.ts'

type Tiers = Loaded<{ data: Tier[] }>

const states = [
  ['', 'everybody'],
  ['active', 'active'],
  ['trialing', 'trying it'],
  ['past_due', 'payment failed'],
  ['suspended', 'suspended'],
  ['cancelled', 'ended'],
] as const

/** What is offered to members, and who is one. */
export function MembersView({ client, user }: ViewProps) {
  const tiers: Tiers = useLoaded(() => client.call('tier:mine', {}), [])
  const [status, setStatus] = useState<MembershipStatus | ''>('')
  const members = useList((cursor) => client.call('member:list', { limit: 50, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) }), [status])
  useEffect(() => {
    const again = (): void => {
      members.reload()
      tiers.reload()
    }
    const stops = [client.on('membership:changed', again), client.on('session:ready', again)]
    return () => stops.forEach((stop) => stop())
  }, [status])
  return html`
    <section class="card" aria-labelledby="tiers-title">
      <h1 id="tiers-title">Tiers</h1>
      <${Show} of=${tiers}>${({ data }: { data: Tier[] }) => html`
        ${data.length === 0 && html`<p class="soft">None yet. A tier is a promise: what members get, and for how much.</p>`}
        <ul class="list">${data.map((tier) => html`<li key=${tier.tier_id} class="stacked"><${TierFacts} tier=${tier} />${tier.state === 'open' && html`<${Prices} client=${client} tier=${tier} onDone=${tiers.reload} /><${Archive} client=${client} tier=${tier} onDone=${tiers.reload} />`}</li>`)}</ul>`}<//>
    </section>
    <${NewTier} client=${client} tiers=${tiers} />
    <${GiveAway} client=${client} user=${user} tiers=${tiers} onGiven=${members.reload} />
    <section class="card wide" aria-labelledby="members-title">
      <span class="row spread"><h2 id="members-title">Members</h2><label class="inline">Show <select value=${status} onChange=${(event: Event) => setStatus((event.currentTarget as HTMLSelectElement).value as MembershipStatus | '')}>${states.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select></label></span>
      <${List} of=${members} empty="Nobody here. Tell your followers what members get.">${(member: Member) => html`
        <li key=${member.membership_id}>
          <span>${member.name} <strong>${member.tier_name}</strong> <span class=${member.status === 'active' ? 'chip on' : 'chip'}>${member.cancel_at_period_end ? 'ends with its period' : member.status.replace('_', ' ')}</span></span>
          <span><span class="amount">${priceWords(member)}</span> <span class="soft">since <${When} at=${member.since} /></span></span>
        </li>`}<//>
    </section>
  `
}

function NewTier({ client, tiers }: Pick<ViewProps, 'client'> & { tiers: Tiers }) {
  const settings = useLoaded(() => client.call('tip-settings:read', {}), [])
  const currency = settings.value?.currency ?? 'ZMW'
  const [made, setMade] = useState(0)
  const create = useAction(async (values: Record<string, string>) => {
    const prices = pricesOf(values, currency)
    const benefits = (values['benefits'] ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '')
    const ranks = (tiers.value?.data ?? []).map((tier) => tier.rank)
    const seats = Number(values['seats'] ?? '')
    const trial_days = Number(values['trial_days'] ?? '')
    await client.call('tier:create', { name: values['name'] ?? '', rank: Number(values['rank']) || Math.max(0, ...ranks) + 1, benefits, prices, ...(seats > 0 ? { seats } : {}), ...(trial_days > 0 ? { trial_days } : {}) })
    setMade((n) => n + 1)
    tiers.reload()
  })
  return html`
    <section class="card" aria-labelledby="new-tier-title">
      <h2 id="new-tier-title">A new tier</h2>
      <form key=${made} onSubmit=${(event: Event) => create.run(valuesOf(event))}>
        <label>Name <input name="name" required maxlength="60" placeholder="Premium" autocomplete="off" /></label>
        <label>What members get, one a line <textarea name="benefits" rows="3" maxlength="2000"></textarea></label>
        <div class="fields">${intervals.map((interval) => html`<label key=${interval}>${currency} a ${interval} <input name=${interval} inputmode="decimal" placeholder=${interval === 'month' ? '25.00' : 'optional'} autocomplete="off" /></label>`)}</div>
        <div class="fields">
          <label>Rank <input name="rank" type="number" min="0" max="1000" placeholder="above the others" /></label>
          <label>Seats <input name="seats" type="number" min="1" max="1000000" placeholder="as many as come" /></label>
          <label>Free days <input name="trial_days" type="number" min="0" max="90" placeholder="none" /></label>
        </div>
        ${create.error && html`<${Trouble} text=${create.error} />`}
        <p class="good" role="status">${made > 0 && 'It is offered.'}</p>
        <button disabled=${create.busy}>Offer the tier</button>
      </form>
    </section>
  `
}

/** What it costs from now on; members go on paying what they agreed to, or are told that it changes for them. */
function Prices({ client, tier, onDone }: Pick<ViewProps, 'client'> & { tier: Tier; onDone: () => void }) {
  const currency = tier.prices[0]?.currency ?? 'ZMW'
  const [said, setSaid] = useState('')
  const change = useAction(async (values: Record<string, string>) => {
    setSaid('')
    await client.call('tier:update', { tier_id: tier.tier_id, prices: pricesOf(values, currency), members_pay: values['members_pay'] === 'new' ? 'new' : 'agreed' })
    setSaid('Changed.')
    onDone()
  })
  return html`
    <details><summary>Change the prices<span class="hidden"> of ${tier.name}</span></summary>
      <form class="fields" onSubmit=${(event: Event) => change.run(valuesOf(event))}>
        ${intervals.map((interval) => {
          const price = tier.prices.find((each) => each.interval === interval)
          return html`<label key=${interval}>A ${interval}, in ${currency} <input name=${interval} inputmode="decimal" autocomplete="off" defaultValue=${price ? inMajorUnits(price.amount, currency) : ''} /></label>`
        })}
        <label>Who is a member pays <${Choice} name="members_pay" chosen="agreed" options=${[['agreed', 'what was agreed'], ['new', 'the new price; more, a month after we tell them']]} /></label>
        ${change.error && html`<${Trouble} text=${change.error} />`}
        <p class="good" role="status">${said}</p>
        <button class="plain" disabled=${change.busy}>Change them</button>
      </form>
    </details>
  `
}

/** @throws Said what is wrong with them */
function pricesOf(values: Record<string, string>, currency: string): Price[] {
  const prices = intervals.flatMap((interval: Interval) => {
    const typed = values[interval] ?? ''
    if (typed === '') return []
    const amount = parseMoney(typed, currency as Currency)
    if (amount === undefined) throw new Said('Please type prices like 25 or 25.00.')
    return [{ interval, amount, currency }]
  })
  if (prices.length === 0) throw new Said('Please give it at least one price.')
  return prices
}

/** A membership for nothing, for somebody who follows. */
function GiveAway({ client, user, tiers, onGiven }: Pick<ViewProps, 'client' | 'user'> & { tiers: Tiers; onGiven: () => void }) {
  const followers = useLoaded(() => client.call('follower:list', { creator_id: user.id, limit: 100 }), [])
  const open = (tiers.value?.data ?? []).filter((tier) => tier.state === 'open')
  const [said, setSaid] = useState('')
  const give = useAction(async (values: Record<string, string>) => {
    setSaid('')
    const { now } = await client.call('clock:now', {})
    const until = new Date(new Date(now).getTime() + Number(values['days']) * 86_400_000).toISOString()
    const { name, tier_name } = await client.call('member:comp', { tier_id: values['tier_id'] ?? '', user_id: values['user_id'] ?? '', until })
    setSaid(`${name} is a member of ${tier_name} now.`)
    onGiven()
  })
  if (open.length === 0 || (followers.value?.data.length ?? 0) === 0) return null
  return html`
    <section class="card" aria-labelledby="give-title">
      <h2 id="give-title">Give one away</h2>
      <form onSubmit=${(event: Event) => give.run(valuesOf(event))}>
        <label>To <${Choice} name="user_id" chosen="" options=${(followers.value?.data ?? []).map((each) => [each.user_id, each.name || 'Somebody'] as const)} /></label>
        <label>Tier <${Choice} name="tier_id" chosen="" options=${open.map((tier) => [tier.tier_id, tier.name] as const)} /></label>
        <label>For <${Choice} name="days" chosen="30" options=${[['7', 'a week'], ['30', 'a month'], ['91', 'three months'], ['365', 'a year']]} /></label>
        ${give.error && html`<${Trouble} text=${give.error} />`}
        <p class="good" role="status">${said}</p>
        <button class="plain" disabled=${give.busy}>Give it</button>
      </form>
    </section>
  `
}

function Archive({ client, tier, onDone }: Pick<ViewProps, 'client'> & { tier: Tier; onDone: () => void }) {
  const [asking, setAsking] = useState(false)
  const archive = useAction(async () => {
    setAsking(false)
    await client.call('tier:archive', { tier_id: tier.tier_id })
    onDone()
  })
  return html`
    <span><button type="button" class="plain" disabled=${archive.busy} onClick=${() => setAsking(true)}>Archive<span class="hidden"> ${tier.name}</span></button></span>
    ${archive.error && html`<${Trouble} text=${archive.error} />`}
    ${asking && html`<${Confirm} question=${`Archive ${tier.name}?`} detail="Nobody joins it any more. Who is a member stays one, at the price that was agreed." yes="Archive it" onYes=${() => archive.run()} onNo=${() => setAsking(false)} />`}
  `
}
