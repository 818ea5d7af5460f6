import { html } from 'htm/preact'
import { useRef } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import type { PublicTipSettings } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { tipAmountOf } from '../kit/amount.ts'
import { Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'

/** A tip by checkout, without an account. One key stands for one filled-in form: pressing again opens the same checkout. */
export function GuestTip({ client, creator }: { client: Client; creator: Creator }) {
  const settings = useLoaded(() => client.call('tip-settings:public', { creator_id: creator.id }), [creator.id])
  return html`
    <section class="card" aria-labelledby="tip-title">
      <h2 id="tip-title">Tip ${creator.name}</h2>
      <${Show} of=${settings}>${(limits: PublicTipSettings) =>
        limits.guests
          ? html`<${Form} client=${client} creator=${creator} limits=${limits} />`
          : html`<p>${creator.name} takes tips from people with an account.</p><p><a class="button" href=${`/?next=${encodeURIComponent(`/fan/#/creator/@${creator.handle}`)}`}>Sign in or sign up</a></p>`}<//>
    </section>
  `
}

function Form({ client, creator, limits }: { client: Client; creator: Creator; limits: PublicTipSettings }) {
  const { tip_min, tip_max, currency } = limits
  const key = useRef(newKey())
  const submit = useAction(async ({ amount = '', message = '', name = '' }: Record<string, string>) => {
    const tip = { creator_id: creator.id, amount: tipAmountOf(amount, { ...limits, name: creator.name }), currency, message, ...(name ? { name } : {}) }
    const checkout = await client.call('guest-tip:initiate', tip, { key: key.current })
    location.assign(checkout.mobile_money_url)
  })
  return html`
    <form onSubmit=${(event: Event) => submit.run(valuesOf(event))} onInput=${() => (key.current = newKey())}>
      <label>Amount in ${currency} <input name="amount" inputmode="decimal" required placeholder="25.00" autocomplete="off" aria-describedby="tip-limits" /></label>
      <p id="tip-limits" class="soft">From ${formatMoney(tip_min, currency)} to ${formatMoney(tip_max, currency)}</p>
      <label>Your name, or nothing to stay anonymous <input name="name" maxlength="60" autocomplete="nickname" /></label>
      <label>Message <input name="message" maxlength="200" autocomplete="off" placeholder="Shown on the stream" /></label>
      ${submit.error && html`<${Trouble} text=${submit.error} />`}
      <button disabled=${submit.busy}>${submit.busy ? 'One moment…' : 'Go to the payment'}</button>
      <p class="soft">No account needed. The payment company takes your payment on its own page.</p>
    </form>
  `
}
