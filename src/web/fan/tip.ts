import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import type { PublicTipSettings } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { tipAmountOf } from '../kit/amount.ts'
import { Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'

/** A tip by checkout or from the wallet. A key is kept until its tip went through, so that pressing again can't pay twice. */
export function SendTip({ client, creator }: { client: Client; creator: Creator }) {
  const settings = useLoaded(() => client.call('tip-settings:public', { creator_id: creator.id }), [creator.id])
  return html`
    <section class="card" aria-labelledby="tip-title">
      <h2 id="tip-title">Tip ${creator.name}</h2>
      <${Show} of=${settings}>${(limits: PublicTipSettings) => html`<${TipForm} key=${creator.id} client=${client} creator=${creator} limits=${limits} />`}<//>
    </section>
  `
}

function TipForm({ client, creator, limits: { tip_min, tip_max, currency } }: { client: Client; creator: Creator; limits: PublicTipSettings }) {
  const [sent, setSent] = useState('')
  const key = useRef(newKey())
  const submit = useAction(async (values: Record<string, string>) => {
    setSent('')
    const amount = tipAmountOf(values['amount'] ?? '', { tip_min, tip_max, currency, name: creator.name })
    const input = { creator_id: creator.id, amount, currency, message: values['message'] ?? '' }
    if (values['by'] === 'wallet') {
      await client.call('tip:send', { ...input, anonymous: values['anonymous'] === 'on' }, { key: key.current })
      key.current = newKey()
      setSent(`${formatMoney(amount, currency)} sent to ${creator.name}. Thank you!`)
      return
    }
    const checkout = await client.call('payment:initiate', input, { key: key.current })
    location.assign(checkout.mobile_money_url)
  })

  return html`
    <form onSubmit=${(event: SubmitEvent) => {
      const by = (event.submitter as HTMLButtonElement | null)?.value ?? 'checkout'
      submit.run({ ...valuesOf(event), by })
    }} onInput=${() => (key.current = newKey())}>
      <label>Amount in ${currency} <input name="amount" inputmode="decimal" required placeholder="25.00" autocomplete="off" aria-describedby="tip-limits" /></label>
      <p id="tip-limits" class="soft">From ${formatMoney(tip_min, currency)} to ${formatMoney(tip_max, currency)}</p>
      <label>Message <input name="message" maxlength="200" autocomplete="off" placeholder="Shown on the stream" /></label>
      <label class="check"><input type="checkbox" name="anonymous" /> Stay anonymous (wallet tips)</label>
      ${submit.error && html`<${Trouble} text=${submit.error} />`}
      <p class="good" role="status">${sent}</p>
      <div class="row">
        <button value="checkout" disabled=${submit.busy}>Tip by checkout</button>
        <button value="wallet" class="plain" disabled=${submit.busy}>Tip from wallet</button>
      </div>
    </form>
  `
}
