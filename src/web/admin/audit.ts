import { html } from 'htm/preact'
import type { AuditEntry } from '../../features/admin/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { When } from '../kit/parts.ts'

export function AuditView({ client }: ViewProps) {
  const rows = useList((cursor) => client.call('audit:list', { limit: 50, ...(cursor ? { cursor } : {}) }), [])
  return html`
    <section class="card wide" aria-labelledby="audit-title">
      <h1 id="audit-title">Audit</h1>
      <p class="soft">Who did what, newest first. Rows are only ever added.</p>
      <${List} of=${rows} empty="Nothing yet.">${(each: AuditEntry) => html`
        <li key=${each.audit_id}><span><strong>${each.action}</strong> <code>${each.subject}</code><br /><span class="soft">by ${each.actor_name} <code>${each.actor}</code>${each.address && html` from ${each.address}`}</span></span><span class="soft"><${When} at=${each.at} /></span></li>`}<//>
    </section>
  `
}
