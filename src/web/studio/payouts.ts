import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Payout, PayoutPlan, PayoutSettings } from '../../features/payouts/contract.ts'
import { type Currency, inMajorUnits } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, type Loaded, Money, Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'
import { PayoutStanding } from '../kit/payout.ts'
import { useGuardedAction } from '../kit/step-up.ts'
import { Said } from '../kit/words.ts'

const days = [['1', 'Monday'], ['2', 'Tuesday'], ['3', 'Wednesday'], ['4', 'Thursday'], ['5', 'Friday'], ['6', 'Saturday'], ['7', 'Sunday']] as const
const modes = [['off', 'only when I ask'], ['weekly', 'every week'], ['threshold', 'as soon as there is enough']] as const

type Settings = Loaded<{ settings: PayoutSettings; bank_account: string }>

/** What a creator has earned goes to the bank: now, or by itself. */
export function PayoutsView({ client, user }: ViewProps) {
  const settings: Settings = useLoaded(async () => {
    const [read, own] = await Promise.all([client.call('payout:settings', {}), client.call('creator:me', {})])
    return { settings: { ...read, account_name: read.account_name || user.full_name }, bank_account: own.bank_account ?? '' }
  }, [])
  const payouts = useList((cursor) => client.call('payout:mine', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  const again = (): void => {
    settings.reload()
    payouts.reload()
  }
  useEffect(() => {
    const stops = [client.on('payout:updated', again), client.on('wallet:changed', settings.reload), client.on('session:ready', again)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const cancel = useAction(async (payout_id: string) => void (await client.call('payout:cancel', { payout_id })))
  return html`
    <section class="card" aria-labelledby="payouts-title">
      <h1 id="payouts-title">Payouts</h1>
      <${Show} of=${settings}>${(value: NonNullable<Settings['value']>) => html`<${Request} client=${client} ...${value} onDone=${again} />`}<//>
    </section>
    <section class="card" aria-labelledby="plan-title">
      <h2 id="plan-title">By itself</h2>
      <${Show} of=${settings}>${({ settings: plan }: NonNullable<Settings['value']>) => html`<${Plan} client=${client} plan=${plan} onDone=${settings.reload} />`}<//>
    </section>
    <section class="card wide" aria-labelledby="history-title">
      <h2 id="history-title">So far</h2>
      ${cancel.error && html`<${Trouble} text=${cancel.error} />`}
      <${List} of=${payouts} empty="None yet. What you earn can be paid out some days later.">${(each: Payout) => html`
        <li key=${each.payout_id}>
          <span><${Money} amount=${each.amount} currency=${each.currency} /> to …${each.account_ending} <${PayoutStanding} of=${each} />${each.automatic && html` <span class="soft">by itself</span>`}</span>
          <span class="row"><span class="soft"><${When} at=${each.created_at} /></span>${each.status === 'pending' && html`<button type="button" class="plain" disabled=${cancel.busy} onClick=${() => cancel.run(each.payout_id)}>Take it back</button>`}</span>
        </li>`}<//>
    </section>
  `
}

function Request({ client, settings, bank_account, onDone }: Pick<ViewProps, 'client'> & { settings: PayoutSettings; bank_account: string; onDone: () => void }) {
  const { available, minimum, currency } = settings
  const [said, setSaid] = useState('')
  // The same press, sent again after the password or a lost answer, asks once.
  const [key, setKey] = useState(() => crypto.randomUUID())
  const request = useGuardedAction(client, async (values: Record<string, string>) => {
    setSaid('')
    const amount = parseMoney(values['amount'] ?? '', currency as Currency)
    if (amount === undefined) throw new Said('Please type an amount like 250 or 250.00.')
    const { state } = await client.call('payout:request', { amount, bank_account: values['bank_account'] ?? '', account_name: values['account_name'] ?? '' }, { key })
    setKey(crypto.randomUUID())
    setSaid(state === 'held' ? 'It is asked for. Because your bank account is new, it waits for three days.' : 'It is asked for. You get a mail when it is sent.')
    onDone()
  })
  return html`
    <p>Available now: <strong><${Money} amount=${available} currency=${currency} /></strong></p>
    ${available < minimum
      ? html`<p class="soft">From <${Money} amount=${minimum} currency=${currency} /> on it can be paid out.</p>`
      : html`<form key=${key} onSubmit=${(event: Event) => request.run(valuesOf(event))}>
          <label>Amount in ${currency} <input name="amount" required inputmode="decimal" autocomplete="off" defaultValue=${inMajorUnits(available, currency)} /></label>
          <label>Bank account <input name="bank_account" required minlength="4" maxlength="64" autocomplete="off" defaultValue=${bank_account} /></label>
          <label>In the name of <input name="account_name" required minlength="2" maxlength="120" autocomplete="name" defaultValue=${settings.account_name} /></label>
          ${request.error && html`<${Trouble} text=${request.error} />`}
          <button disabled=${request.busy}>Pay me out</button>
        </form>`}
    <p class="good" role="status">${said}</p>
    ${request.question}
  `
}

function Plan({ client, plan, onDone }: Pick<ViewProps, 'client'> & { plan: PayoutSettings; onDone: () => void }) {
  const [mode, setMode] = useState(plan.mode)
  const [said, setSaid] = useState('')
  const save = useGuardedAction(client, async (values: Record<string, string>) => {
    const threshold = mode === 'threshold' ? parseMoney(values['threshold'] ?? '', plan.currency as Currency) : null
    if (threshold === undefined) throw new Said('Please type an amount like 250 or 250.00.')
    await client.call('payout:set-plan', { mode, weekday: mode === 'weekly' ? Number(values['weekday']) : null, threshold, account_name: values['account_name'] ?? '' })
    setSaid('Saved.')
    onDone()
  })
  return html`
    <p>${plan.next_at ? html`All that is available is asked for next on <time datetime=${plan.next_at}>${new Date(plan.next_at).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'short' })}</time>, if it is enough.` : html`<span class="soft">Nothing is paid out unless you ask.</span>`}</p>
    ${!plan.account_ending && html`<p class="soft">Your bank account is kept from your first payout on, or on <a href="#/settings">your page</a>.</p>`}
    <form onSubmit=${(event: Event) => save.run(valuesOf(event))}>
      <label>When <select name="mode" value=${mode} onChange=${(event: Event) => setMode((event.currentTarget as HTMLSelectElement).value as PayoutPlan['mode'])}>${modes.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select></label>
      ${mode === 'weekly' && html`<label>On <${Choice} name="weekday" chosen=${String(plan.weekday ?? 5)} options=${days} /></label>`}
      ${mode === 'threshold' && html`<label>From, in ${plan.currency} <input name="threshold" required inputmode="decimal" autocomplete="off" defaultValue=${inMajorUnits(plan.threshold ?? plan.minimum, plan.currency)} /></label>`}
      <label>In the name of <input name="account_name" required minlength="2" maxlength="120" autocomplete="name" defaultValue=${plan.account_name} /></label>
      ${save.error && html`<${Trouble} text=${save.error} />`}
      <p class="good" role="status">${said}</p>
      <button class="plain" disabled=${save.busy}>Save</button>
    </form>
    ${save.question}
  `
}
