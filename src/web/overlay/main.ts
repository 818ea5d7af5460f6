import { createOverlayClient } from '../../client/overlay-client.ts'
import type { AlertPlay } from '../../features/overlays/contract.ts'
import { formatMoney } from '../format.ts'
import { chime } from './sound.ts'

const leaveMs = 400
const maxMessage = 200

const stage = document.querySelector('#stage') as HTMLElement
const notice = document.querySelector('#notice') as HTMLElement
// The fragment stays in the address: a browser source must find it again after a reload. It never leaves this page.
const token = location.hash.slice(1)
let playing = ''

if (token === '') tell('This overlay has no link. Copy the whole address from your Ovation page, with everything behind the #.')
else {
  const client = createOverlayClient({
    url: location.origin,
    token,
    onPlay: (alert) => void play(alert),
    onState: (state) => (state === 'replaced' ? tell('This overlay link was replaced. Copy the new address from your Ovation page.') : tell('')),
  })

  async function play(alert: AlertPlay): Promise<void> {
    // Handed out again while it is on screen: it is shown once and answered again.
    if (alert.alert_id === playing) return client.started(alert.alert_id)
    playing = alert.alert_id
    try {
      const card = render(alert)
      stage.replaceChildren(card)
      await painted()
      client.started(alert.alert_id)
      chime()
      await pause(Math.max(0, alert.duration_ms - leaveMs))
      card.classList.add('leaving')
      await pause(leaveMs)
      card.remove()
      client.finished(alert.alert_id)
    } catch (error) {
      client.failed(alert.alert_id, error instanceof Error ? error.message.slice(0, 100) : 'unknown')
    } finally {
      playing = ''
    }
  }
}

/** Text goes in as text nodes only: whatever a fan writes stays text. */
function render(alert: AlertPlay): HTMLElement {
  const card = element('article', 'alert')
  if (alert.is_test) card.append(element('span', 'badge', 'Test'))
  const headline = element('p', 'headline')
  headline.append(`${alert.name ?? 'Someone'} tipped `, element('span', 'amount', formatMoney(alert.amount, alert.currency)))
  card.append(headline)
  const message = Array.from(alert.message).slice(0, maxMessage).join('')
  if (message !== '') card.append(element('p', 'message', message))
  return card
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}

function tell(text: string): void {
  notice.textContent = text
  notice.hidden = text === ''
}

/** After the second frame what was put in has been drawn. A hidden source draws nothing; it must not wait for ever. */
function painted(): Promise<void> {
  const drawn = new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
  return Promise.race([drawn, pause(1_000)])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
