import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { SandboxFaults } from '../../features/admin/contract.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'

type Faults = Required<SandboxFaults>

/** What the built-in payment company does wrong, to see that nothing is charged twice and nothing is lost. */
export function SandboxView({ client }: ViewProps) {
  const faults = useLoaded(() => client.call('sandbox:read-faults', {}), [])
  const [saved, setSaved] = useState('')
  const save = useAction(async (values: Record<string, string>) => {
    const on = (name: string): boolean => values[name] === 'on'
    faults.set(
      await client.call('sandbox:faults', {
        duplicate: Number(values['duplicate'] ?? 0),
        delay_ms: Math.round(Number(values['delay_s'] ?? 0) * 1000),
        drop: Number(values['drop'] ?? 0),
        reorder: on('reorder'),
        forge: on('forge'),
        timeout_after_charge: on('timeout_after_charge'),
      }),
    )
    setSaved('Set.')
  })
  return html`
    <section class="card wide" aria-labelledby="sandbox-title">
      <h1 id="sandbox-title">Sandbox company</h1>
      <p class="soft">No real money moves. Make it misbehave and watch that the books still add up.</p>
      <${Show} of=${faults}>${(now: Faults) => html`
        <form onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
          <div class="fields">
            <label>Send each webhook so many times more <input name="duplicate" type="number" min="0" max="100" defaultValue=${String(now.duplicate ?? 0)} /></label>
            <label>Delay webhooks, in seconds <input name="delay_s" type="number" min="0" max="259200" defaultValue=${String((now.delay_ms ?? 0) / 1000)} /></label>
            <label>Lose the next webhooks <input name="drop" type="number" min="0" max="1000" defaultValue=${String(Number(now.drop ?? 0))} /></label>
          </div>
          <label class="check"><input type="checkbox" name="reorder" defaultChecked=${now.reorder} /> Send webhooks out of order</label>
          <label class="check"><input type="checkbox" name="forge" defaultChecked=${now.forge} /> Send forged webhooks too</label>
          <label class="check"><input type="checkbox" name="timeout_after_charge" defaultChecked=${now.timeout_after_charge} /> Never answer after opening a checkout</label>
          ${save.error && html`<${Trouble} text=${save.error} />`}
          <p class="good" role="status">${saved}</p>
          <button disabled=${save.busy}>Set the faults</button>
        </form>`}<//>
    </section>
  `
}
