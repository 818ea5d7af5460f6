import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import type { Payment } from '../../features/payments/contract.ts'
import { formatMoney } from '../format.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, useLoaded } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

/** What became of the payment that somebody comes back from. It moves on by itself while it is being confirmed. */
export function PaymentView({ client, rest: [paymentId = ''] }: ViewProps) {
  const payment = useLoaded(() => client.call('payment:read', { payment_id: paymentId }), [paymentId])
  useEffect(() => {
    const stops = [client.on('payment:updated', (fact) => fact.payment_id === paymentId && payment.reload()), client.on('session:ready', payment.reload)]
    return () => stops.forEach((stop) => stop())
  }, [paymentId])
  return html`
    <section class="card wide" aria-labelledby="payment-title">
      <h1 id="payment-title">Your payment</h1>
      <div aria-live="polite"><${Show} of=${payment}>${(found: Payment) => html`
        <p class=${found.status === 'success' ? 'good' : found.status === 'failed' ? 'bad' : ''}>${sentenceOf(found)}</p>
        ${found.status === 'pending' && found.mobile_money_url && html`<p><a class="button" href=${found.mobile_money_url}>Back to the payment page</a></p>`}`}<//></div>
      <p class="row"><a href=${hrefOf('wallet')}>Wallet</a><a href=${hrefOf('creators')}>Creators</a></p>
    </section>
  `
}

function sentenceOf({ purpose, status, amount, currency, failure_reason }: Payment): string {
  const what = { 'top-up': 'Your top-up', tip: 'Your tip', membership: 'Your payment for a membership' }[purpose]
  if (status === 'success') return `${what} of ${formatMoney(amount, currency)} went through.`
  if (status === 'failed') return `${what} did not go through${failure_reason ? ` (${failure_reason})` : ''}. You were not charged.`
  return `${what} is being confirmed…`
}
