import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Delivery, JobRun } from '../../features/admin/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, Trouble, useAction, useLoaded, When } from '../kit/parts.ts'

/** Facts that a subscriber could not take. */
export function DeliveriesView({ client }: ViewProps) {
  const [state, setState] = useState<Delivery['state']>('parked')
  const deliveries = useList((cursor) => client.call('delivery:list', { state, limit: 50, ...(cursor ? { cursor } : {}) }), [state])
  const retry = useAction(async ({ event_id, subscriber }: Delivery) => {
    await client.call('delivery:retry', { event_id, subscriber })
    deliveries.change((all) => all.filter((each) => each.event_id !== event_id || each.subscriber !== subscriber))
  })
  return html`
    <section class="card wide" aria-labelledby="deliveries-title">
      <h1 id="deliveries-title">Deliveries</h1>
      <label>Show <select value=${state} onChange=${(event: Event) => setState((event.currentTarget as HTMLSelectElement).value as Delivery['state'])}><option value="parked">Given up, waiting for you</option><option value="due">On their way</option></select></label>
      ${retry.error && html`<${Trouble} text=${retry.error} />`}
      <${List} of=${deliveries} empty=${state === 'parked' ? 'Nothing is stuck.' : 'Everything is delivered.'}>${(each: Delivery) => html`
        <li key=${`${each.event_id}/${each.subscriber}`}>
          <span><strong>${each.event}</strong> to ${each.subscriber}, ${each.attempts} ${each.attempts === 1 ? 'attempt' : 'attempts'}, due <${When} at=${each.due_at} /><br /><code>${each.event_id}</code>${each.last_error && html`<br /><span class="bad">${each.last_error}</span>`}</span>
          <button type="button" class="plain" disabled=${retry.busy} onClick=${() => retry.run(each)}>Try again</button>
        </li>`}<//>
    </section>
  `
}

/** The recurring work of the process that answers. */
export function JobsView({ client }: ViewProps) {
  const jobs = useLoaded(() => client.call('job:list', {}), [])
  return html`
    <section class="card wide" aria-labelledby="jobs-title">
      <h1 id="jobs-title">Jobs</h1>
      <p><button type="button" class="plain" onClick=${jobs.reload}>Look again</button></p>
      <${Show} of=${jobs}>${({ data }: { data: JobRun[] }) => html`
        <ul class="list">${data.map((job) => html`
          <li key=${job.name}>
            <span><strong>${job.name}</strong> <span class="soft">every ${job.every_ms < 60_000 ? `${job.every_ms / 1000} s` : `${Math.round(job.every_ms / 60_000)} min`}</span>${job.last_error && html`<br /><span class="bad">${job.last_error}</span>`}</span>
            <span class="soft">${job.runs} runs, ${job.failures} failed${job.last_run_at && html`, last <${When} at=${job.last_run_at} /> in ${job.last_ms} ms`}</span>
          </li>`)}</ul>`}<//>
    </section>
  `
}
