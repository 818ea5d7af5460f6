import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { AdminReport, ReportStatus } from '../../features/reports/contract.ts'
import { MediaList } from '../kit/attachments.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, valuesOf, When } from '../kit/parts.ts'

export function ReportsView({ client }: ViewProps) {
  const [status, setStatus] = useState<ReportStatus>('open')
  const reports = useList((cursor) => client.call('report:list', { status, limit: 50, ...(cursor ? { cursor } : {}) }), [status])
  useEffect(() => client.on('report:opened', reports.reload), [status])
  const resolve = useAction(async (report_id: string, decision: 'dismissed' | 'acted', note: string) => {
    await client.call('report:resolve', { report_id, decision, note })
    reports.change((all) => all.filter((each) => each.report_id !== report_id))
  })
  return html`
    <section class="card wide" aria-labelledby="reports-title">
      <h1 id="reports-title">Reports</h1>
      <label>Show <select value=${status} onChange=${(event: Event) => setStatus((event.currentTarget as HTMLSelectElement).value as ReportStatus)}><option value="open">Open</option><option value="resolved">Resolved</option></select></label>
      ${resolve.error && html`<${Trouble} text=${resolve.error} />`}
      <${List} of=${reports} live empty=${status === 'open' ? 'Nothing waits for you.' : 'None yet.'}>${(each: AdminReport) => html`
        <li key=${each.report_id} class="stacked">
          <span><strong>${each.reason}</strong> about a ${each.subject_type} <code>${each.subject_id}</code> <span class="soft"><${When} at=${each.created_at} /></span>${each.quote && html`<blockquote class="text">${each.quote}</blockquote>`}${each.text && html`<br /><span class="text">${each.text}</span>`}</span>
          ${each.status === 'open' && html`<${MediaList} client=${client} media=${each.media} />`}
          ${each.status === 'open'
            ? html`<form class="row" onSubmit=${(event: SubmitEvent) => {
                const decision = (event.submitter as HTMLButtonElement | null)?.value === 'acted' ? 'acted' : 'dismissed'
                resolve.run(each.report_id, decision, valuesOf(event)['note'] ?? '')
              }}>
              <label>Note <input name="note" required maxlength="500" /></label>
              <button value="acted" disabled=${resolve.busy}>I have acted</button><button value="dismissed" class="plain" disabled=${resolve.busy}>Dismiss</button></form>`
            : html`<span class="soft">${each.decision}: ${each.note}</span>`}
        </li>`}<//>
    </section>
  `
}
