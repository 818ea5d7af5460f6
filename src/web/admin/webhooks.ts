import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { InboxEvent, WebhookOutcome } from '../../features/payments/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, When } from '../kit/parts.ts'

const outcomes: (WebhookOutcome | '')[] = ['', 'parked', 'mismatch', 'ignored', 'received', 'applied', 'superfluous']
const replayable = new Set<WebhookOutcome>(['parked', 'mismatch', 'ignored', 'received'])

/** What payment companies told us. Replaying asks the company again; what was applied is never applied twice. */
export function WebhooksView({ client }: ViewProps) {
  const [outcome, setOutcome] = useState<WebhookOutcome | ''>('')
  const events = useList((cursor) => client.call('webhook:list', { limit: 50, ...(outcome ? { outcome } : {}), ...(cursor ? { cursor } : {}) }), [outcome])
  const replay = useAction(async (inbox_id: string) => {
    const changed = await client.call('webhook:replay', { inbox_id })
    events.change((all) => all.map((each) => (each.inbox_id === inbox_id ? changed : each)))
  })
  return html`
    <section class="card wide" aria-labelledby="webhooks-title">
      <h1 id="webhooks-title">Webhooks</h1>
      <div class="row"><label class="inline">Show <select value=${outcome} onChange=${(event: Event) => setOutcome((event.currentTarget as HTMLSelectElement).value as WebhookOutcome | '')}>${outcomes.map((each) => html`<option key=${each} value=${each}>${each || 'all'}</option>`)}</select></label><button type="button" class="plain" onClick=${events.reload}>Look again</button></div>
      ${replay.error && html`<${Trouble} text=${replay.error} />`}
      <${List} of=${events} empty="None of that kind.">${(each: InboxEvent) => html`
        <li key=${each.inbox_id}>
          <span><strong>${each.status}</strong> <span class=${each.outcome === 'applied' ? 'chip on' : 'chip'}>${each.outcome}</span> <span class="soft"><${When} at=${each.received_at} /></span><br /><code>${each.inbox_id}</code> · <code>${each.payment_id}</code>${each.last_error && html`<br /><span class="bad">${each.last_error}</span>`}</span>
          ${replayable.has(each.outcome) && html`<button type="button" class="plain" disabled=${replay.busy} onClick=${() => replay.run(each.inbox_id)}>Replay</button>`}
        </li>`}<//>
    </section>
  `
}
