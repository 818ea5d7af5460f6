import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Client, newKey } from '../../client/index.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { formatMoney, parseMoney } from '../format.ts'
import { Trouble, useAction, valuesOf } from './parts.ts'
import { Said } from './words.ts'

/** A tip by checkout or from the wallet. A key is kept until its tip went through, so that pressing again can't pay twice. */
export function SendTip({ client, creator, currency }: { client: Client; creator: Creator; currency: Currency }) {
  const [sent, setSent] = useState('')
  const key = useRef(newKey())
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    setSent('')
    key.current = newKey()
    title.current?.focus()
  }, [creator.id])

  const submit = useAction(async (values: Record<string, string>) => {
    setSent('')
    const amount = parseMoney(values['amount'] ?? '', currency)
    if (amount === undefined) throw new Said('Please type an amount like 25 or 25.50.')
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
    <section class="card" aria-labelledby="tip-title">
      <h2 id="tip-title" tabindex="-1" ref=${title}>Tip ${creator.name}</h2>
      <form onSubmit=${(event: SubmitEvent) => {
        const by = (event.submitter as HTMLButtonElement | null)?.value ?? 'checkout'
        submit.run({ ...valuesOf(event), by })
      }} onInput=${() => (key.current = newKey())}>
        <label>Amount in ${currency} <input name="amount" inputmode="decimal" required placeholder="25.00" autocomplete="off" /></label>
        <label>Message <input name="message" maxlength="200" autocomplete="off" placeholder="Shown on the stream" /></label>
        <label class="check"><input type="checkbox" name="anonymous" /> Stay anonymous (wallet tips)</label>
        ${submit.error && html`<${Trouble} text=${submit.error} />`}
        <p class="good" role="status">${sent}</p>
        <div class="row">
          <button value="checkout" disabled=${submit.busy}>Tip by checkout</button>
          <button value="wallet" class="plain" disabled=${submit.busy}>Tip from wallet</button>
        </div>
      </form>
    </section>
  `
}
