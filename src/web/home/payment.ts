import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Payment } from '../../features/payments/contract.ts'
import { formatMoney } from '../format.ts'
import { sentenceOf } from './words.ts'

/** What became of the payment that somebody comes back from. */
export function PaymentState({ client, paymentId, onClose }: { client: Client; paymentId: string; onClose: () => void }) {
  const [payment, setPayment] = useState<Payment | undefined>()
  const [error, setError] = useState('')
  const load = (): void => void client.call('payment:read', { payment_id: paymentId }).then(setPayment, (failure: unknown) => setError(sentenceOf(failure)))
  useEffect(() => {
    load()
    const stops = [client.on('payment:updated', (fact) => fact.payment_id === paymentId && load()), client.on('session:ready', load)]
    return () => stops.forEach((stop) => stop())
  }, [paymentId])
  const what = payment?.purpose === 'top-up' ? 'Your top-up' : 'Your tip'
  const words = !payment ? 'Looking up your payment…' : payment.status === 'success' ? `${what} of ${formatMoney(payment.amount, payment.currency)} went through.` : payment.status === 'failed' ? `${what} did not go through${payment.failure_reason ? ` (${payment.failure_reason})` : ''}. You were not charged.` : `${what} is being confirmed…`
  return html`
    <section class="card welcome" aria-live="polite">
      <div class="row spread"><p class=${payment?.status === 'success' ? 'good' : payment?.status === 'failed' ? 'bad' : ''}>${error || words}</p><button class="plain" onClick=${onClose}>Close</button></div>
    </section>
  `
}
