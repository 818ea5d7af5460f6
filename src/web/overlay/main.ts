import { createOverlayClient, type OverlayClient } from '../../client/overlay-client.ts'
import type { AlertPlay } from '../../features/overlays/contract.ts'
import { makeCard } from './card.ts'
import { createGoalBars } from './goals.ts'
import { createLabels } from './labels.ts'
import { playSound, type PlayingSound } from './sound.ts'

const leaveMs = 400

interface Playing {
  alertId: string
  /** set when it was skipped, or another one took its place */
  over: boolean
  card?: HTMLElement
  sound?: PlayingSound
  wake?: () => void
}

const stage = document.querySelector('#stage') as HTMLElement
const notice = document.querySelector('#notice') as HTMLElement
const goals = createGoalBars(document.querySelector('#goals') as HTMLElement)
const labels = createLabels(document.querySelector('#labels') as HTMLElement)
// The fragment stays in the address: a browser source must find it again after a reload. It never leaves this page.
const token = location.hash.slice(1)
let playing: Playing | undefined

if (token === '') tell('This overlay has no link. Copy the whole address from your Ovation page, with everything behind the #.')
else {
  const client = createOverlayClient({
    url: location.origin,
    token,
    onPlay: (alert) => void play(client, alert),
    onSkip: (alertId) => playing?.alertId === alertId && end(playing),
    onView(view) {
      goals.draw(view.goals)
      labels.draw(view.labels, view.live)
      playing?.sound?.setVolume(view.muted ? 0 : view.volume)
    },
    onGoal: goals.move,
    onLive: labels.move,
    onState: (state) => (state === 'replaced' ? tell('This overlay link was replaced. Copy the new address from your Ovation page.') : tell('')),
  })
}

async function play(client: OverlayClient, alert: AlertPlay): Promise<void> {
  // Handed out again while it is on screen: it is shown once and answered again.
  if (playing?.alertId === alert.alert_id) return client.started(alert.alert_id)
  if (playing) end(playing)
  const mine: Playing = { alertId: alert.alert_id, over: false }
  playing = mine
  try {
    const card = await makeCard(alert)
    if (mine.over) return
    mine.card = card
    stage.replaceChildren(card)
    await painted()
    if (mine.over) return
    void client.started(alert.alert_id)
    mine.sound = playSound(alert.media)
    await rest(mine, alert.duration_ms - leaveMs)
    card.classList.add('leaving')
    await rest(mine, leaveMs)
    if (!mine.over) void client.finished(alert.alert_id)
  } catch (error) {
    void client.failed(alert.alert_id, error instanceof Error ? error.message.slice(0, 100) : 'unknown')
  } finally {
    end(mine)
  }
}

function end(one: Playing): void {
  one.over = true
  one.card?.remove()
  one.sound?.stop()
  one.wake?.()
  if (playing === one) playing = undefined
}

function tell(text: string): void {
  notice.textContent = text
  notice.hidden = text === ''
}

/** After the second frame what was put in has been drawn. A hidden source draws nothing; it must not wait for ever. */
function painted(): Promise<void> {
  const drawn = new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
  return Promise.race([drawn, new Promise<void>((resolve) => setTimeout(resolve, 1_000))])
}

/** Ends early when the alert does. */
function rest(one: Playing, ms: number): Promise<void> {
  if (one.over) return Promise.resolve()
  return new Promise((resolve) => {
    one.wake = resolve
    setTimeout(resolve, Math.max(0, ms))
  })
}
