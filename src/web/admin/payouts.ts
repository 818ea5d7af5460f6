import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { AdminPayout, PayoutStatus } from '../../features/payouts/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, Trouble, valuesOf, When } from '../kit/parts.ts'
import { PayoutStanding } from '../kit/payout.ts'
import { useGuardedAction } from '../kit/step-up.ts'

const statuses = [['pending', 'that wait'], ['approved', 'on their way'], ['completed', 'sent'], ['rejected', 'that came to nothing'], ['', 'all']] as const

type Decision = 'approve' | 'reject' | 'hold' | 'release'

/** The queue of payouts: each wants somebody who is not paid by it. */
export function PayoutsView({ client, user }: ViewProps) {
  const [status, setStatus] = useState<PayoutStatus | ''>('pending')
  const payouts = useList((cursor) => client.call('payout:list', { limit: 50, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) }), [status])
  useEffect(() => {
    const stops = [client.on('payout:updated', payouts.reload), client.on('session:ready', payouts.reload)]
    return () => stops.forEach((stop) => stop())
  }, [status])
  const decide = useGuardedAction(client, async (payout_id: string, decision: Decision, words: string) => {
    if (decision === 'approve') await client.call('payout:approve', { payout_id, note: words })
    else if (decision === 'release') await client.call('payout:release', { payout_id })
    else await client.call(`payout:${decision}`, { payout_id, reason: words || 'No reason was given' })
    payouts.reload()
  })
  return html`
    <section class="card wide" aria-labelledby="payouts-title">
      <h1 id="payouts-title">Payouts</h1>
      <label>Show those <select value=${status} onChange=${(event: Event) => setStatus((event.currentTarget as HTMLSelectElement).value as PayoutStatus | '')}>${statuses.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select></label>
      ${decide.error && html`<${Trouble} text=${decide.error} />`}
      <${List} of=${payouts} live empty=${status === 'pending' ? 'Nothing waits for you.' : 'None yet.'}>${(each: AdminPayout) => html`
        <li key=${each.payout_id} class="stacked">
          <span><strong><${Money} amount=${each.amount} currency=${each.currency} /></strong> to ${each.creator_name} <${PayoutStanding} of=${each} /> <span class="soft"><${When} at=${each.created_at} />${each.automatic && ', by plan'}</span></span>
          <span class="soft">${each.account_name} · <code>${each.bank_account}</code></span>
          ${each.approvals.map(({ admin_id, note, at }) => html`<span key=${admin_id} class="soft">${admin_id === user.id ? 'You agreed' : 'Another admin agreed'} <${When} at=${at} />${note && `: ${note}`}</span>`)}
          ${each.status === 'pending' && html`
            ${each.approvals_needed > 1 && html`<span class="soft">It is large: two admins have to agree.</span>`}
            ${each.approvals.some(({ admin_id }) => admin_id === user.id) && html`<span class="soft">Another admin has to agree, too.</span>`}
            <form class="row" onSubmit=${(event: SubmitEvent) => {
              const decision = ((event.submitter as HTMLButtonElement | null)?.value ?? 'approve') as Decision
              decide.run(each.payout_id, decision, valuesOf(event)['words'] ?? '')
            }}>
              <label>Note or reason <input name="words" maxlength="500" autocomplete="off" /></label>
              ${each.state === 'pending' && !each.approvals.some(({ admin_id }) => admin_id === user.id) && html`<button value="approve" disabled=${decide.busy}>Approve</button>`}
              ${each.state === 'held' ? html`<button value="release" disabled=${decide.busy}>Release</button>` : html`<button value="hold" class="plain" disabled=${decide.busy}>Hold</button>`}
              <button value="reject" class="plain" disabled=${decide.busy}>Reject</button>
            </form>`}
        </li>`}<//>
      ${decide.question}
    </section>
  `
}
