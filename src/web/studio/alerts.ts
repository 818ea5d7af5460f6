import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Alert, AlertState, ControlAction, Overlay } from '../../features/overlays/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, Show, Trouble, useAction, useLoaded, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

const states: [AlertState | '', string][] = [
  ['', 'All'],
  ['queued', 'Waiting'],
  ['played', 'Played'],
  ['missed', 'Missed'],
  ['failed', 'Failed'],
]

/** The queue of one overlay and its controls. Replays touch no money. */
export function AlertsView({ client, rest: [chosen = ''] }: ViewProps) {
  const overlays = useLoaded(() => client.call('overlay:list', {}), [])
  useEffect(() => {
    const stops = [client.on('overlay:connected', overlays.reload), client.on('alert:queue-updated', overlays.reload), client.on('session:ready', overlays.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  return html`<${Show} of=${overlays}>${({ data }: { data: Overlay[] }) => {
    const overlay = data.find((each) => each.overlay_id === chosen) ?? data[0]
    if (!overlay) return html`<section class="card"><h1>Alerts</h1><p class="soft">You have no overlay yet, so there is nowhere to play alerts. <a href=${hrefOf('overlays')}>Set one up</a>.</p></section>`
    return html`
      ${data.length > 1 && html`<nav class="card wide row" aria-label="Overlays">${data.map((each) => html`<a key=${each.overlay_id} class="chip" href=${hrefOf('alerts', each.overlay_id)} aria-current=${each === overlay ? 'true' : undefined}>${each.name}</a>`)}</nav>`}
      <${Queue} key=${overlay.overlay_id} client=${client} overlay=${overlay} onMoved=${overlays.reload} />`
  }}<//>`
}

function Queue({ client, overlay, onMoved }: Pick<ViewProps, 'client'> & { overlay: Overlay; onMoved: () => void }) {
  const { overlay_id } = overlay
  const [state, setState] = useState<AlertState | ''>('')
  const alerts = useList((cursor) => client.call('alert:list', { overlay_id, limit: 20, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) }), [overlay_id, state])
  useEffect(() => {
    const stops = [client.on('alert:queue-updated', (queue) => queue.overlay_id === overlay_id && alerts.reload()), client.on('session:ready', alerts.reload)]
    return () => stops.forEach((stop) => stop())
  }, [overlay_id, state])
  const control = useAction(async (action: ControlAction, alert_id?: string) => {
    await client.call('alert:control', { overlay_id, action, ...(alert_id ? { alert_id } : {}) })
    onMoved()
    alerts.reload()
  })
  const button = (action: ControlAction, name: string, alertId?: string) => html`<button type="button" class="plain" disabled=${control.busy} onClick=${() => control.run(action, alertId)}>${name}</button>`

  return html`
    <section class="card wide" aria-labelledby="queue-title">
      <h1 id="queue-title">Alerts on ${overlay.name}</h1>
      <p class="row" aria-live="polite"><span class=${overlay.online ? 'chip on' : 'chip'}>${overlay.online ? 'connected' : 'not connected'}</span>${overlay.paused && html`<span class="chip">paused</span>`}${overlay.muted && html`<span class="chip">muted</span>`}<span class="soft">${overlay.queued} waiting</span></p>
      <div class="row" role="group" aria-label="Controls">
        ${overlay.paused ? button('resume', 'Resume') : button('pause', 'Pause')}
        ${button('skip', 'Skip')}
        ${overlay.muted ? button('unmute', 'Sound on') : button('mute', 'Sound off')}
        ${button('replay', 'Replay the last')}
        ${button('clear', 'Clear the queue')}
      </div>
      ${control.error && html`<${Trouble} text=${control.error} />`}
      <label>Show <select value=${state} onChange=${(event: Event) => setState((event.currentTarget as HTMLSelectElement).value as AlertState | '')}>${states.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></label>
      <${List} of=${alerts} live empty="No alerts here yet. Send a test alert from Overlays.">${(alert: Alert) => html`
        <li key=${alert.alert_id}>
          <span><strong>${alert.name ?? 'Someone'}</strong> <span class=${alert.state === 'playing' ? 'chip on' : 'chip'}>${alert.state}</span>${alert.is_test && html` <span class="chip">test</span>`}${alert.is_replay && html` <span class="chip">replay</span>`}
            ${alert.message && html`<br /><span class="text">${alert.message}</span>`}<br /><span class="soft"><${When} at=${alert.queued_at} /></span></span>
          <span class="row">
            ${alert.state === 'queued' && button('play-next', 'Play next', alert.alert_id)}
            ${alert.state === 'playing' && button('skip', 'Skip', alert.alert_id)}
            ${['played', 'missed', 'failed', 'skipped', 'cleared'].includes(alert.state) && button('replay', 'Replay', alert.alert_id)}
            <${Money} amount=${alert.amount} currency=${alert.currency} />
          </span>
        </li>`}<//>
    </section>
  `
}
