import type { AlertPlay, OverlayFacts, OverlayView } from '../features/overlays/contract.ts'
import type { LiveFigures, PublicGoal } from '../features/tips/contract.ts'
import type { Problem } from '../kernel/errors.ts'
import type { Inspect } from './client.ts'
import { createLine } from './line.ts'

export type OverlayState = 'connecting' | 'online' | 'replaced'

/** Each resolves when the server has heard it or can't any more; it then hands the alert out again by itself. */
export interface OverlayClient {
  started(alertId: string): Promise<void>
  finished(alertId: string): Promise<void>
  failed(alertId: string, reason: string): Promise<void>
  close(): void
}

export interface OverlayClientOptions {
  url: string
  token: string
  onPlay: (alert: AlertPlay) => void
  /** whatever is on screen under that id goes; nobody waits for its end */
  onSkip?: (alertId: string) => void
  /** how loud it is and which goals there are: after each connect and each change */
  onView?: (view: OverlayView) => void
  onGoal?: (goal: PublicGoal) => void
  /** what its labels write has changed */
  onLive?: (figures: LiveFigures) => void
  onState: (state: OverlayState) => void
  inspect?: Inspect
}

const answerMs = 5_000
const rememberedAlerts = 100

/** What an overlay page needs: it is told what to play and to draw, says how it went, and comes back by itself until its link is replaced. */
export function createOverlayClient({ url, token, onPlay, onSkip, onView, onGoal, onLive, onState, inspect }: OverlayClientOptions): OverlayClient {
  const shown = new Set<string>()
  const line = createLine({ url: `${url}/overlay`, auth: () => ({ token }), onUp: () => onState('online'), onDown, onFact: hear })
  onState('connecting')
  line.dial()

  return {
    started: (alert_id) => tell('alert:started', { alert_id }),
    finished: (alert_id) => {
      shown.add(alert_id)
      if (shown.size > rememberedAlerts) shown.delete(shown.values().next().value as string)
      return tell('alert:finished', { alert_id })
    },
    failed: (alert_id, reason) => tell('alert:failed', { alert_id, reason }),
    close: line.close,
  }

  function onDown(refusal: Problem | undefined): void {
    if (refusal?.code === 'unauthenticated') replaced()
    else onState('connecting')
  }

  function hear(fact: string, data: unknown): void {
    inspect?.('fact', fact, data)
    if (fact === 'overlay:token-rotated') replaced()
    if (fact === 'alert:play') play(data as OverlayFacts['alert:play'])
    if (fact === 'alert:skip') onSkip?.((data as OverlayFacts['alert:skip']).alert_id)
    if (fact === 'overlay:state' || fact === 'overlay:config-updated') onView?.(data as OverlayView)
    if (fact === 'goal:updated') onGoal?.(data as PublicGoal)
    if (fact === 'live:updated') onLive?.(data as LiveFigures)
  }

  // Handed out again because the news of its end was lost: it is not shown a second time.
  function play(alert: AlertPlay): void {
    if (shown.has(alert.alert_id) && !alert.is_replay) void tell('alert:finished', { alert_id: alert.alert_id })
    else onPlay(alert)
  }

  async function tell(command: 'alert:started' | 'alert:finished' | 'alert:failed', said: { alert_id: string; reason?: string }): Promise<void> {
    if (!line.isUp) return
    const answer = (await line.ask(command, said, answerMs).catch(() => undefined)) as { ok: boolean; data?: unknown } | undefined
    if (answer?.ok) inspect?.('answer', command, answer.data)
  }

  function replaced(): void {
    line.close()
    onState('replaced')
  }
}
