import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { AdminTransaction, PaymentStatus } from '../../features/payments/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, When } from '../kit/parts.ts'

const statuses: [PaymentStatus | '', string][] = [
  ['', 'All'],
  ['pending', 'Waiting'],
  ['success', 'Done'],
  ['failed', 'Failed'],
]

export function TransactionsView({ client }: ViewProps) {
  const [status, setStatus] = useState<PaymentStatus | ''>('')
  const payments = useList((cursor) => client.call('admin:transactions', { limit: 50, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) }), [status])
  return html`
    <section class="card wide" aria-labelledby="transactions-title">
      <h1 id="transactions-title">Transactions</h1>
      <label>Show <select value=${status} onChange=${(event: Event) => setStatus((event.currentTarget as HTMLSelectElement).value as PaymentStatus | '')}>${statuses.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></label>
      <${List} of=${payments} empty="No payments of that kind.">${(each: AdminTransaction) => html`
        <li key=${each.id}>
          <span><strong>${each.purpose}</strong> by ${each.provider} <span class="chip">${each.state}</span>${each.failure_reason && html` <span class="soft">${each.failure_reason}</span>`}<br /><code>${each.id}</code><br /><span class="soft">from <code>${each.payer_id}</code>${each.creator_id && html` to <code>${each.creator_id}</code>`}</span></span>
          <span><${Money} amount=${each.amount} currency=${each.currency} /> <span class="soft"><${When} at=${each.created_at} /></span></span>
        </li>`}<//>
    </section>
  `
}
