import { io } from 'socket.io-client'
import type { AlertPlay, OverlayFacts } from '../features/overlays/contract.ts'
import type { Problem } from '../kernel/errors.ts'

export type OverlayState = 'connecting' | 'online' | 'replaced'

export interface OverlayClient {
  started(alertId: string): void
  finished(alertId: string): void
  failed(alertId: string, reason: string): void
  close(): void
}

/** What an overlay page needs: it is told what to play, says how it went, and comes back by itself until its link is replaced. */
export function createOverlayClient({ url, token, onPlay, onState }: { url: string; token: string; onPlay: (alert: AlertPlay) => void; onState: (state: OverlayState) => void }): OverlayClient {
  const socket = io(`${url}/overlay`, { transports: ['websocket'], auth: { token }, reconnectionDelay: 300, reconnectionDelayMax: 3_000, forceNew: true })
  let replaced = false
  socket.on('connect', () => onState('online'))
  socket.on('alert:play', onPlay satisfies (alert: OverlayFacts['alert:play']) => void)
  socket.on('overlay:token-rotated', replace)
  socket.on('disconnect', (reason) => {
    if (replaced) return
    onState('connecting')
    if (reason === 'io server disconnect') comeBack()
  })
  socket.on('connect_error', (error: Error & { data?: Problem }) => {
    if (error.data?.code === 'unauthenticated') replace()
    else if (error.data) comeBack()
  })

  return {
    started: (alert_id) => void socket.emit('alert:started', { alert_id }),
    finished: (alert_id) => void socket.emit('alert:finished', { alert_id }),
    failed: (alert_id, reason) => void socket.emit('alert:failed', { alert_id, reason }),
    close: () => void socket.close(),
  }

  function comeBack(): void {
    setTimeout(() => !replaced && socket.connect(), 1_000)
  }

  function replace(): void {
    replaced = true
    socket.close()
    onState('replaced')
  }
}
