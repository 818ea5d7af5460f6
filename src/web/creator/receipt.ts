import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { GuestTip } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { Show, useLoaded } from '../kit/parts.ts'

const lookAgainMs = 2_000

/** What became of a guest's tip. The address is the receipt: whoever keeps it can come back to it. */
export function ReceiptView({ client, receipt }: { client: Client; receipt: string }) {
  const tip = useLoaded(() => client.call('guest-tip:read', { receipt }), [receipt])
  const isOpen = tip.value?.status === 'pending'
  useEffect(() => {
    const timer = isOpen ? setInterval(tip.reload, lookAgainMs) : undefined
    return () => clearInterval(timer)
  }, [isOpen])
  return html`
    <section class="card wide" aria-labelledby="receipt-title">
      <h1 id="receipt-title">Your tip</h1>
      <div aria-live="polite"><${Show} of=${tip}>${(found: GuestTip) => html`
        <p class=${found.status === 'success' ? 'good' : found.status === 'failed' ? 'bad' : ''}>${sentenceOf(found)}</p>
        ${found.message && html`<p class="text">“${found.message}”</p>`}
        ${found.mobile_money_url && html`<p><a class="button" href=${found.mobile_money_url}>Back to the payment page</a></p>`}
        <p class="soft text">Payment ${found.payment_id}. Keep this page’s address if you want a receipt.</p>`}<//></div>
      <p><a href=${location.pathname}>Back to the creator</a></p>
    </section>
  `
}

function sentenceOf({ status, amount, currency, creator_name, name }: GuestTip): string {
  const what = `${formatMoney(amount, currency)} to ${creator_name}`
  if (status === 'success') return `Thank you${name ? `, ${name}` : ''}! Your tip of ${what} has arrived.`
  if (status === 'failed') return `Your tip of ${what} was not paid. Nothing was taken.`
  return `Your tip of ${what} is being confirmed. This page tells you as soon as it is.`
}
