import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { AdminMembership, MembershipStatus } from '../../features/memberships/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Confirm, Money, Trouble, useAction, When } from '../kit/parts.ts'

const statuses = [['', 'all'], ['active', 'active'], ['trialing', 'on trial'], ['past_due', 'past due'], ['suspended', 'suspended'], ['paused', 'paused'], ['incomplete', 'not paid yet'], ['cancelled', 'cancelled'], ['expired', 'expired']] as const
const words = Object.fromEntries(statuses) as Record<MembershipStatus, string>
const ended: readonly MembershipStatus[] = ['cancelled', 'expired']

/** Who is a member of whom, and how that stands; one can be ended at once. */
export function MembershipsView({ client }: ViewProps) {
  const [status, setStatus] = useState<MembershipStatus | ''>('')
  const memberships = useList((cursor) => client.call('admin:memberships', { limit: 50, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) }), [status])
  useEffect(() => client.on('session:ready', memberships.reload), [status])
  const [asked, setAsked] = useState<AdminMembership | undefined>()
  const end = useAction(async (membership_id: string) => {
    setAsked(undefined)
    await client.call('membership:cancel', { membership_id, at: 'now', reason: 'Ended by an admin' })
    memberships.reload()
  })
  return html`
    <section class="card wide" aria-labelledby="memberships-title">
      <h1 id="memberships-title">Memberships</h1>
      <label>Show those that are <select value=${status} onChange=${(event: Event) => setStatus((event.currentTarget as HTMLSelectElement).value as MembershipStatus | '')}>${statuses.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select></label>
      ${end.error && html`<${Trouble} text=${end.error} />`}
      <${List} of=${memberships} empty=${status ? 'None of these.' : 'Nobody is a member of anybody yet.'}>${(each: AdminMembership) => html`
        <li key=${each.membership_id}>
          <span><strong>${each.name}</strong>, ${each.tier_name} of ${each.creator_name} <span class="chip">${words[each.status]}</span></span>
          <span class="soft"><${Money} amount=${each.amount} currency=${each.currency} /> a ${each.interval}, ${each.paid_by}; ${each.ended_at ? html`ended <${When} at=${each.ended_at} />` : html`paid until <${When} at=${each.current_period_end} />`}${each.reason && `: ${each.reason}`}</span>
          ${!ended.includes(each.status) && html`<button type="button" class="plain" disabled=${end.busy} onClick=${() => setAsked(each)}>End it</button>`}
        </li>`}<//>
      ${asked && html`<${Confirm} question=${`End the membership of ${asked.name} now?`} detail="It is charged no more, and nothing is given back. They are told." yes="End it" onYes=${() => end.run(asked.membership_id)} onNo=${() => setAsked(undefined)} />`}
    </section>
  `
}
