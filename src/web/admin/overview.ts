import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { MaintenanceState } from '../../features/admin/contract.ts'
import type { Violation } from '../../kernel/feature.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'

/** Does everything add up, and is everybody let in? */
export function OverviewView(props: ViewProps) {
  return html`<${Invariants} ...${props} /><${Maintenance} ...${props} />`
}

function Invariants({ client }: ViewProps) {
  const [found, setFound] = useState<Violation[] | undefined>()
  const check = useAction(async (full: boolean) => setFound((await client.call('admin:check', { full })).violations))
  return html`
    <section class="card wide" aria-labelledby="check-title">
      <h1 id="check-title">Do the books add up?</h1>
      <p class="soft">Every invariant of money, payments and deliveries, looked up in the database. It reports and repairs nothing.</p>
      <div class="row"><button type="button" disabled=${check.busy} onClick=${() => check.run(false)}>${check.busy ? 'Checking…' : 'Check now'}</button><button type="button" class="plain" disabled=${check.busy} onClick=${() => check.run(true)}>Check from the first entry</button></div>
      ${check.error && html`<${Trouble} text=${check.error} />`}
      <div role="status">
        ${found?.length === 0 && html`<p class="good">Everything adds up.</p>`}
        ${found && found.length > 0 && html`<p class="bad">${found.length} ${found.length === 1 ? 'thing does' : 'things do'} not hold. Stop payouts and look into it.</p>`}
      </div>
      ${found && found.length > 0 && html`<ul class="list">${found.map((each, index) => html`<li key=${index}><span><strong>${each.check}</strong><br />${each.detail}</span><code>${each.subject ?? ''}</code></li>`)}</ul>`}
    </section>
  `
}

function Maintenance({ client }: ViewProps) {
  const state = useLoaded(() => client.call('maintenance:read', {}), [])
  const set = useAction(async (on: boolean, message: string) => state.set(await client.call('maintenance:set', { on, ...(message ? { message } : {}) })))
  return html`
    <section class="card" aria-labelledby="maintenance-title">
      <h2 id="maintenance-title">Maintenance</h2>
      <${Show} of=${state}>${({ on, message, since }: MaintenanceState) => html`
        <p><span class=${on ? 'chip' : 'chip on'}>${on ? 'on: only admins can change anything' : 'off'}</span> ${since && html`<span class="soft">since <${When} at=${since} /></span>`}</p>
        ${on && message && html`<p>“${message}”</p>`}
        <form onSubmit=${(event: Event) => set.run(!on, valuesOf(event)['message'] ?? '')}>
          ${!on && html`<label>What people are told meanwhile <input name="message" maxlength="200" placeholder="Back in ten minutes." /></label>`}
          <button class=${on ? '' : 'danger'} disabled=${set.busy}>${on ? 'Let everybody in again' : 'Begin maintenance'}</button>
        </form>`}<//>
      ${set.error && html`<${Trouble} text=${set.error} />`}
    </section>
  `
}
